//! `read_csv(['a.csv', 'b.csv'], header = true)`: one call for each path, and their rows together, by the columns' names.

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, Query, SetExpr, SetOperator, SetQuantifier, TableAlias, TableFactor,
};

use super::calls::{as_text, plain_name};
use super::pivots::template;

/// What stands for such a call; `None` where there is one path, or none that is written out.
pub(super) fn united(factor: &mut TableFactor) -> Option<TableFactor> {
    let TableFactor::Table { name, args: Some(args), alias, .. } = &*factor else { return None };
    let function = plain_name(name)?;
    let paths = match args.args.first()? {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Array(list))) if list.elem.len() > 1 => list.elem.clone(),
        _ => return None,
    };
    if !paths.iter().all(|it| as_text(it).is_some()) {
        return None;
    }
    let alias = alias.clone().unwrap_or_else(|| TableAlias {
        explicit: true,
        name: Ident::new(function),
        columns: Vec::new(),
        at: None,
    });
    let mut rows: Option<Query> = None;
    for path in paths {
        let one = rows_of(factor, path)?;
        rows = Some(match rows {
            None => one,
            Some(mut all) => {
                all.body = Box::new(SetExpr::SetOperation {
                    op: SetOperator::Union,
                    set_quantifier: SetQuantifier::AllByName,
                    left: all.body,
                    right: one.body,
                });
                all
            }
        });
    }
    let subquery = Box::new(rows?);
    Some(TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None })
}

/// `select *` from the files of one path.
fn rows_of(factor: &TableFactor, path: Expr) -> Option<Query> {
    let mut one = factor.clone();
    if let TableFactor::Table { args: Some(args), alias, .. } = &mut one {
        *alias = None;
        *args.args.first_mut()? = FunctionArg::Unnamed(FunctionArgExpr::Expr(path));
    }
    let mut query = template("select * from t").ok()?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.from.first_mut()?.relation = one;
    }
    Some(query)
}
