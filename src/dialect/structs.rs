//! Structs: `struct_pack(a := 1)`, and the name of a column that is a field: `select s.a` gives a column `a`.

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Select, SelectItem, TableFactor,
    TableWithJoins,
};

use super::calls::{call, plain_name, text};

/// Gives fields that are selected without a name their own. Which names are tables is told by `from`.
pub(super) fn name_fields(select: &mut Select) {
    let mut tables: Vec<Ident> = Vec::new();
    for table in &select.from {
        if !collect(table, &mut tables) {
            return;
        }
    }
    let is_table = |it: &Ident| tables.iter().any(|table| table.value.eq_ignore_ascii_case(&it.value));
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(expression) = item else { continue };
        let field = match expression {
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [first, .., last] if !is_table(first) && !tables.is_empty() && parts.len() == 2 => Some(last.clone()),
                [first, _, .., last] if is_table(first) => Some(last.clone()),
                _ => None,
            },
            _ => None,
        };
        if let Some(alias) = field {
            *item = SelectItem::ExprWithAlias { expr: expression.clone(), alias };
        }
    }
}

/// Whether all names are known.
fn collect(table: &TableWithJoins, names: &mut Vec<Ident>) -> bool {
    std::iter::once(&table.relation).chain(table.joins.iter().map(|it| &it.relation)).all(|it| match it {
        TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. }
        | TableFactor::UNNEST { alias: Some(alias), .. } => {
            names.push(alias.name.clone());
            true
        }
        TableFactor::Table { name, .. } => {
            names.extend(name.0.last().and_then(|it| it.as_ident()).cloned());
            plain_name(name).is_some()
        }
        TableFactor::Derived { .. } => {
            names.push(Ident::new("unnamed_subquery"));
            true
        }
        TableFactor::NestedJoin { table_with_joins, .. } => collect(table_with_joins, names),
        _ => false,
    })
}

/// `struct_pack(a := 1)` → `named_struct('a', 1)`.
pub(super) fn pack(name: &ObjectName, arguments: &FunctionArguments) -> Option<Expr> {
    let FunctionArguments::List(list) = arguments else { return None };
    if plain_name(name)? != "struct_pack" {
        return None;
    }
    let mut fields = Vec::new();
    for argument in &list.args {
        match argument {
            FunctionArg::Named { name, arg: FunctionArgExpr::Expr(value), .. } => {
                fields.extend([text(&name.value), value.clone()]);
            }
            FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(name))) => {
                fields.extend([text(&name.value), Expr::Identifier(name.clone())]);
            }
            _ => return None,
        }
    }
    Some(call("named_struct", fields))
}
