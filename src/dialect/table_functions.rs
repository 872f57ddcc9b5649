//! DuckDB calls the column of a series after its function: `select range from range(3)`. The engine calls it `value`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Ident, ObjectName, ObjectNamePart, Query, TableAlias, TableAliasColumnDef, TableFactor, VisitMut, VisitorMut,
};

const SERIES: [&str; 2] = ["generate_series", "range"];

/// Gives the columns of series their names, where the query does not.
pub(super) fn name_columns(query: &mut Query) {
    let _: ControlFlow<()> = VisitMut::visit(query, &mut Namer);
}

struct Namer;

impl VisitorMut for Namer {
    type Break = ();

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        let (name, alias) = match factor {
            TableFactor::Table { name, args: Some(_), alias, .. } | TableFactor::Function { name, alias, .. } => {
                (plain(name), alias)
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

fn plain(name: &ObjectName) -> Option<String> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => Some(name.value.to_lowercase()),
        _ => None,
    }
}
