//! Functions that stand for tables. DuckDB calls the column of a series after its function: `select range from range(3)`;
//! the engine calls it `value`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    FunctionArg, FunctionArgExpr, Ident, Query, TableAlias, TableAliasColumnDef, TableFactor, VisitMut, VisitorMut,
};

use super::calls::plain_name;

const SERIES: [&str; 2] = ["generate_series", "range"];

/// Gives the columns of series their names, where the query does not.
pub(super) fn name_columns(query: &mut Query) {
    let _: ControlFlow<()> = VisitMut::visit(query, &mut Namer);
}

struct Namer;

impl VisitorMut for Namer {
    type Break = ();

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let Some(unnested) = unnested(factor) {
            *factor = unnested;
        }
        let (name, alias) = match factor {
            TableFactor::Table { name, args: Some(_), alias, .. } | TableFactor::Function { name, alias, .. } => {
                (plain_name(name), alias)
            }
            _ => return ControlFlow::Continue(()),
        };
        let Some(name) = name.filter(|it| SERIES.contains(&it.as_str())) else { return ControlFlow::Continue(()) };
        let column = TableAliasColumnDef { name: Ident::new(&name), data_type: None };
        match alias {
            Some(alias) if alias.columns.is_empty() => alias.columns.push(column),
            Some(_) => {}
            None => {
                *alias = Some(TableAlias { explicit: true, name: Ident::new(&name), columns: vec![column], at: None });
            }
        }
        ControlFlow::Continue(())
    }
}

/// `unnest([1, 2]) t(a)` as the engine has it.
fn unnested(factor: &mut TableFactor) -> Option<TableFactor> {
    let (name, args, alias) = match factor {
        TableFactor::Table { name, args: Some(args), alias, .. } => (name, &args.args, alias),
        TableFactor::Function { name, args, alias, .. } => (name, &*args, alias),
        _ => return None,
    };
    if plain_name(name)? != "unnest" {
        return None;
    }
    let expression = |it: &FunctionArg| match it {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(it)) => Some(it.clone()),
        _ => None,
    };
    let array_exprs = args.iter().map(expression).collect::<Option<Vec<_>>>()?;
    let column = |name: &str| TableAliasColumnDef { name: Ident::new(name), data_type: None };
    let alias = match alias.take() {
        Some(mut alias) => {
            if alias.columns.is_empty() {
                alias.columns.push(column("unnest"));
            }
            alias
        }
        None => TableAlias { explicit: true, name: Ident::new("unnest"), columns: vec![column("unnest")], at: None },
    };
    Some(TableFactor::UNNEST {
        alias: Some(alias),
        array_exprs,
        with_offset: false,
        with_offset_alias: None,
        with_ordinality: false,
    })
}
