//! `pivot` and `unpivot` of columns that are written out, as the queries that they stand for.

use datafusion::common::not_impl_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, ExcludeSelectItem, Expr, ExprWithAlias, GroupByExpr, Ident, NullInclusion, ObjectName,
    PivotValueSource, Query, SelectItem, SetExpr, Statement, TableAlias, TableFactor, Value, ValueWithSpan,
    WildcardAdditionalOptions, visit_expressions,
};
use datafusion::sql::sqlparser::parser::Parser;

use super::calls::{call, text};
use crate::project::Dialect;

/// Puts a subquery where a pivot stands.
///
/// # Errors
/// Values that are not written out.
pub(super) fn rewrite(factor: &mut TableFactor) -> Result<()> {
    let (query, alias) = match factor {
        TableFactor::Pivot { table, aggregate_functions, value_column, value_source, alias, .. } => {
            let (PivotValueSource::List(values), [column]) = (&*value_source, value_column.as_slice()) else {
                return not_impl_err!(
                    "`pivot` without a list of values; write them out: `pivot (sum(v) for k in (1, 2))`"
                );
            };
            (pivot(table, aggregate_functions, column, values)?, alias.take())
        }
        TableFactor::Unpivot { table, value, name, columns, null_inclusion, alias } => {
            let Expr::Identifier(value) = value else {
                return not_impl_err!("`unpivot` into several columns; write one `unpivot` for each");
            };
            let nulls = matches!(null_inclusion, Some(NullInclusion::IncludeNulls));
            (unpivot(table, value, name, columns, nulls)?, alias.take())
        }
        _ => return Ok(()),
    };
    let alias = alias
        .or_else(|| Some(TableAlias { explicit: true, name: Ident::new("pivoted"), columns: Vec::new(), at: None }));
    *factor = TableFactor::Derived { lateral: false, subquery: Box::new(query), alias, sample: None };
    Ok(())
}

/// `select * exclude (k, v), sum(v) filter (where k = 1) as "1" … group by all`.
fn pivot(table: &TableFactor, aggregates: &[ExprWithAlias], column: &Expr, values: &[ExprWithAlias]) -> Result<Query> {
    let mut used = vec![column.clone()];
    for aggregate in aggregates {
        let _: std::ops::ControlFlow<()> = visit_expressions(&aggregate.expr, |it| {
            if matches!(it, Expr::Identifier(_)) {
                used.push(it.clone());
            }
            std::ops::ControlFlow::Continue(())
        });
    }
    let mut gone: Vec<Ident> = Vec::new();
    for expression in used {
        if let Expr::Identifier(name) = expression
            && !gone.iter().any(|it| it.value.eq_ignore_ascii_case(&name.value))
        {
            gone.push(name);
        }
    }
    let mut items = vec![all_but(gone)];
    for value in values {
        for aggregate in aggregates {
            let Expr::Function(function) = &aggregate.expr else {
                return not_impl_err!(
                    "`pivot` of an expression around an aggregate; compute it from the columns after"
                );
            };
            let mut function = function.clone();
            function.filter = Some(Box::new(Expr::BinaryOp {
                left: Box::new(column.clone()),
                op: BinaryOperator::Eq,
                right: Box::new(value.expr.clone()),
            }));
            let of_value = value.alias.as_ref().map_or_else(|| shown(&value.expr), |it| it.value.clone());
            let name = match &aggregate.alias {
                Some(alias) => format!("{of_value}_{}", alias.value),
                None if aggregates.len() > 1 => format!("{of_value}_{}", aggregate.expr.to_string().to_lowercase()),
                None => of_value,
            };
            items.push(SelectItem::ExprWithAlias {
                expr: Expr::Function(function),
                alias: Ident::with_quote('"', name),
            });
        }
    }
    select(items, table, true)
}

fn unpivot(table: &TableFactor, value: &Ident, name: &Ident, columns: &[ExprWithAlias], nulls: bool) -> Result<Query> {
    let mut names = Vec::new();
    let mut gone = Vec::new();
    for column in columns {
        let Expr::Identifier(it) = &column.expr else {
            return not_impl_err!("`unpivot` of what is no column; list the columns by their names");
        };
        names.push(match &column.alias {
            Some(alias) => text(&alias.value),
            // At the place of the column, whose letters it follows.
            None => Expr::Value(Value::SingleQuotedString(it.value.clone()).with_span(it.span)),
        });
        gone.push(it.clone());
    }
    let values = columns.iter().map(|it| it.expr.clone()).collect();
    let unnest = |list: Vec<Expr>, alias: &Ident| SelectItem::ExprWithAlias {
        expr: call("unnest", vec![call("make_array", list)]),
        alias: alias.clone(),
    };
    let query = select(vec![all_but(gone), unnest(names, name), unnest(values, value)], table, false)?;
    if nulls {
        return Ok(query);
    }
    let mut filtered = template("select * from unpivoted as unpivoted where 1 is not null")?;
    if let SetExpr::Select(select) = filtered.body.as_mut() {
        let alias = TableAlias { explicit: true, name: Ident::new("unpivoted"), columns: Vec::new(), at: None };
        for table in &mut select.from {
            table.relation = TableFactor::Derived {
                lateral: false,
                subquery: Box::new(query.clone()),
                alias: Some(alias.clone()),
                sample: None,
            };
        }
        select.selection = Some(Expr::IsNotNull(Box::new(Expr::Identifier(value.clone()))));
    }
    Ok(filtered)
}

fn all_but(names: Vec<Ident>) -> SelectItem {
    let names: Vec<ObjectName> = names.into_iter().map(|it| ObjectName::from(vec![it])).collect();
    let opt_exclude = (!names.is_empty()).then_some(ExcludeSelectItem::Multiple(names));
    SelectItem::Wildcard(WildcardAdditionalOptions { opt_exclude, ..WildcardAdditionalOptions::default() })
}

/// A value as the name of a column.
fn shown(value: &Expr) -> String {
    match value {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => text.clone(),
        other => other.to_string(),
    }
}

fn select(items: Vec<SelectItem>, table: &TableFactor, grouped: bool) -> Result<Query> {
    let mut query = template("select 1 from t")?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = items;
        for from in &mut select.from {
            from.relation = table.clone();
        }
        if grouped {
            select.group_by = GroupByExpr::All(Vec::new());
        }
    }
    Ok(query)
}

/// A query that is written out here.
pub(super) fn template(sql: &str) -> Result<Query> {
    let parsed = Parser::parse_sql(super::syntax::of(Dialect::DuckDb), sql);
    match parsed.map(|mut it| it.pop()) {
        Ok(Some(Statement::Query(query))) => Ok(*query),
        Ok(_) => not_impl_err!("{sql}"),
        Err(error) => Err(DataFusionError::SQL(Box::new(error), None)),
    }
}
