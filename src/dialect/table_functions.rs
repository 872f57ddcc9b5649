//! Functions that stand for tables. DuckDB calls the column of a series after its function: `select range from range(3)`;
//! the engine calls it `value`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, ObjectNamePart, Query, SetExpr, TableAlias,
    TableAliasColumnDef, TableFactor, TableFunctionArgs, TableWithJoins, VisitMut, VisitorMut, visit_expressions,
};

use super::calls::{as_text, call, plain_name, text};
use super::several_files;

/// Functions that read files.
const FILES: [&str; 9] = [
    "parquet_scan",
    "read_csv",
    "read_csv_auto",
    "read_file",
    "read_json",
    "read_json_auto",
    "read_ndjson",
    "read_ndjson_auto",
    "read_parquet",
];

const SERIES: [&str; 2] = ["generate_series", "range"];

/// Gives the columns of series their names, where the query does not.
pub(super) fn name_columns(query: &mut Query) {
    let _: ControlFlow<()> = VisitMut::visit(query, &mut Namer);
}

/// The function that a query reads all of, and its arguments as texts, as far as they are some.
pub fn table_call(query: &Query) -> Option<(String, Vec<Option<String>>)> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let [TableWithJoins { relation: TableFactor::Table { name, args: Some(args), .. }, joins }] =
        select.from.as_slice()
    else {
        return None;
    };
    let as_written = |it: &FunctionArg| match it {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(it)) => as_text(it).map(str::to_owned),
        _ => None,
    };
    joins.is_empty().then(|| Some((plain_name(name)?, args.args.iter().map(as_written).collect())))?
}

struct Namer;

impl VisitorMut for Namer {
    type Break = ();

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let Some(replacement) = unnested(factor).or_else(|| named_file(factor)) {
            *factor = replacement;
        }
        if let TableFactor::Table { name, args: Some(args), .. } = factor
            && plain_name(name).is_some_and(|it| FILES.contains(&it.as_str()))
        {
            args.args = args.args.iter().filter_map(as_texts).collect();
            if let Some(all) = several_files::united(factor) {
                *factor = all;
                return ControlFlow::Continue(());
            }
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
        if let Some(replacement) = series_of_row(factor) {
            *factor = replacement;
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

/// `from t, range(t.n)`: the engine's table function knows its arguments beforehand, its list function does not.
fn series_of_row(factor: &TableFactor) -> Option<TableFactor> {
    let (name, args, alias) = match factor {
        TableFactor::Table { name, args: Some(args), alias, .. } => (name, &args.args, alias),
        TableFactor::Function { name, args, alias, .. } => (name, args, alias),
        _ => return None,
    };
    let values = args.iter().map(|it| match it {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(it)) => Some(it.clone()),
        _ => None,
    });
    let values = values.collect::<Option<Vec<_>>>()?;
    let names_columns = visit_expressions(&values, |it| match it {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    names_columns.is_break().then(|| TableFactor::UNNEST {
        alias: alias.clone(),
        array_exprs: vec![call(&name.to_string().to_lowercase(), values)],
        with_offset: false,
        with_offset_alias: None,
        with_ordinality: false,
    })
}

/// `from 'data/users.parquet'` → `from read_file('data/users.parquet') as users`.
fn named_file(factor: &mut TableFactor) -> Option<TableFactor> {
    let TableFactor::Table { name, args: args @ None, alias, .. } = factor else { return None };
    let [ObjectNamePart::Identifier(path)] = name.0.as_slice() else { return None };
    let file = path.value.rsplit('/').next().unwrap_or_default();
    let (stem, ending) = file.split_once('.')?;
    let known = ["csv", "tsv", "parquet", "json", "jsonl", "ndjson"];
    if path.quote_style.is_none() || !known.contains(&ending.split('.').next()?) {
        return None;
    }
    let argument = FunctionArg::Unnamed(FunctionArgExpr::Expr(text(&path.value)));
    *args = Some(TableFunctionArgs { args: vec![argument], settings: None });
    let span = path.span;
    if alias.is_none() {
        *alias = Some(TableAlias { explicit: true, name: Ident::new(stem), columns: Vec::new(), at: None });
    }
    *name = ObjectName::from(vec![Ident::with_span(span, "read_file")]);
    Some(factor.clone())
}

/// `header = true` → `'header=true'`: the engine's table functions have no names for their arguments.
fn as_texts(argument: &FunctionArg) -> Option<FunctionArg> {
    let option = |name: &str, value: &Expr| {
        let value = as_text(value).map_or_else(|| value.to_string(), str::to_owned);
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(text(&format!("{}={value}", name.to_lowercase())))))
    };
    match argument {
        FunctionArg::Named { name, arg: FunctionArgExpr::Expr(value), .. } => option(&name.value, value),
        FunctionArg::ExprNamed { name, arg: FunctionArgExpr::Expr(value), .. } => option(&name.to_string(), value),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::BinaryOp { left, op: BinaryOperator::Eq, right })) => {
            option(&left.to_string(), right)
        }
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Array(array))) => match array.elem.as_slice() {
            [one] => Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(one.clone()))),
            _ => Some(argument.clone()),
        },
        other => Some(other.clone()),
    }
}
