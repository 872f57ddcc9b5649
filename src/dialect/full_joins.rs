//! `full join … using (id)`: the column is that of either side; of a `right join` it is the right one. The engine takes
//! the left one, which is null in rows that only the right side has. After two such joins of any kind it takes a plain name
//! for that of several tables.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, JoinConstraint, JoinOperator, ReplaceSelectElement, ReplaceSelectItem, Select, SelectItem,
    TableFactor, visit_expressions_mut,
};

use super::calls::{call, plain_name};

/// Replaces the columns' plain names by what both sides have.
pub(super) fn rewrite(select: &mut Select) {
    let mut merged: Vec<(Ident, Expr)> = Vec::new();
    let mut of_first: Vec<(Ident, Expr)> = Vec::new();
    for table in &select.from {
        let mut sides: Vec<Option<Ident>> = vec![name_of(&table.relation)];
        let mut joined: BTreeMap<String, usize> = BTreeMap::new();
        for join in &table.joins {
            let right = name_of(&join.relation);
            if let JoinOperator::Join(JoinConstraint::Using(columns))
            | JoinOperator::Inner(JoinConstraint::Using(columns))
            | JoinOperator::Left(JoinConstraint::Using(columns))
            | JoinOperator::LeftOuter(JoinConstraint::Using(columns)) = &join.join_operator
            {
                for column in columns.iter().filter_map(|it| it.0.first()?.as_ident()) {
                    let times = joined.entry(column.value.to_lowercase()).or_default();
                    *times += 1;
                    if let (2, Some(Some(first))) = (*times, sides.first()) {
                        of_first.push((column.clone(), Expr::CompoundIdentifier(vec![first.clone(), column.clone()])));
                    }
                }
            }
            let is_right = matches!(join.join_operator, JoinOperator::Right(_) | JoinOperator::RightOuter(_));
            if let JoinOperator::FullOuter(JoinConstraint::Using(columns))
            | JoinOperator::Right(JoinConstraint::Using(columns))
            | JoinOperator::RightOuter(JoinConstraint::Using(columns)) = &join.join_operator
            {
                for name in columns {
                    let Some(column) = name.0.first().and_then(|it| it.as_ident()) else { continue };
                    let known = merged.iter().position(|(it, _)| it.value.eq_ignore_ascii_case(&column.value));
                    let (Some(Some(left)), Some(right)) = (sides.first(), &right) else { continue };
                    let of = |side: &Ident| Expr::CompoundIdentifier(vec![side.clone(), column.clone()]);
                    let left = known.map_or_else(|| of(left), |at| merged[at].1.clone());
                    let both = if is_right { of(right) } else { call("coalesce", vec![left, of(right)]) };
                    match known {
                        Some(at) => merged[at].1 = both,
                        None => merged.push((column.clone(), both)),
                    }
                }
            }
            sides.push(right);
        }
    }
    // Where it is that of either side, it is this that counts.
    let replaced_in_stars = merged.clone();
    merged.extend(of_first.into_iter().filter(|(name, _)| find(&replaced_in_stars, name).is_none()));
    if merged.is_empty() {
        return;
    }
    for item in &mut select.projection {
        match item {
            SelectItem::UnnamedExpr(Expr::Identifier(name)) => {
                if let Some((_, both)) = find(&merged, name) {
                    *item = SelectItem::ExprWithAlias { expr: both.clone(), alias: name.clone() };
                }
            }
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => replace(expr, &merged),
            SelectItem::Wildcard(options)
                if !replaced_in_stars.is_empty() && options.opt_replace.is_none() && options.opt_exclude.is_none() =>
            {
                let element = |(name, both): &(Ident, Expr)| {
                    Box::new(ReplaceSelectElement { expr: both.clone(), column_name: name.clone(), as_keyword: true })
                };
                options.opt_replace =
                    Some(ReplaceSelectItem { items: replaced_in_stars.iter().map(element).collect() });
            }
            _ => {}
        }
    }
    let rest = select.selection.iter_mut().chain(&mut select.having).chain(&mut select.qualify);
    rest.for_each(|it| replace(it, &merged));
    if let datafusion::sql::sqlparser::ast::GroupByExpr::Expressions(expressions, _) = &mut select.group_by {
        expressions.iter_mut().for_each(|it| replace(it, &merged));
    }
}

fn name_of(factor: &TableFactor) -> Option<Ident> {
    match factor {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            Some(alias.name.clone())
        }
        TableFactor::Table { name, .. } if plain_name(name).is_some() => name.0.last()?.as_ident().cloned(),
        _ => None,
    }
}

fn find<'a>(merged: &'a [(Ident, Expr)], name: &Ident) -> Option<&'a (Ident, Expr)> {
    merged.iter().find(|(it, _)| it.value.eq_ignore_ascii_case(&name.value))
}

fn replace(expression: &mut Expr, merged: &[(Ident, Expr)]) {
    // A subquery may have a column of that name of its own.
    let _: ControlFlow<()> = visit_expressions_mut(expression, |it| {
        if let Expr::Identifier(name) = it
            && let Some((_, both)) = find(merged, name)
        {
            *it = both.clone();
        }
        ControlFlow::Continue(())
    });
}

#[cfg(test)]
fn rewritten(sql: &str) -> String {
    use datafusion::sql::sqlparser::ast::{SetExpr, Statement};
    let syntax = super::syntax::of(crate::project::Dialect::DuckDb);
    let mut statements = datafusion::sql::sqlparser::parser::Parser::parse_sql(syntax, sql).unwrap();
    let Statement::Query(mut query) = statements.remove(0) else { panic!("a query") };
    if let SetExpr::Select(select) = query.body.as_mut() {
        rewrite(select);
    }
    query.to_string()
}

#[cfg(test)]
mod tests {
    use super::rewritten;

    #[test]
    fn either_side_has_the_column() {
        assert_eq!(
            rewritten("select id, a.x from a full join b using (id) where id > 1"),
            "SELECT coalesce(a.id, b.id) AS id, a.x FROM a FULL JOIN b USING(id) WHERE coalesce(a.id, b.id) > 1"
        );
        assert_eq!(
            rewritten("select id, a.x from a right join b using (id)"),
            "SELECT b.id AS id, a.x FROM a RIGHT JOIN b USING(id)"
        );
        assert_eq!(
            rewritten("select id, * from a join b using (id) left join c using (id)"),
            "SELECT a.id AS id, * FROM a JOIN b USING(id) LEFT JOIN c USING(id)"
        );
        assert_eq!(rewritten("select id from a left join b using (id)"), "SELECT id FROM a LEFT JOIN b USING(id)");
    }
}
