//! Enforced contracts: the columns that a model promises against those that its plan has.
//! Widths are not compared: a whole number of SQL has 64 bits here, and files know no length of texts.
//! <https://docs.getdbt.com/reference/resource-configs/contract>

use arrow::datatypes::{DataType, SchemaRef};

use crate::diagnostics::{Code, Diagnostic};
use crate::dialect::type_name;
use crate::graph::Node;
use crate::plan::project::Scope;
use crate::plan::query::plan_query;
use crate::plan::relation::Catalog;
use crate::project::Json;

/// Says where a model breaks the contract that it is under.
pub(super) fn broken(scope: &Scope<'_>, node: &Node, schema: &SchemaRef) -> Option<Diagnostic> {
    let facts = &node.facts;
    let enforced = facts.config.get("contract").and_then(|it| it.get("enforced")).and_then(Json::as_bool);
    if enforced != Some(true) {
        return None;
    }
    let mut rows: Vec<[String; 4]> = Vec::new();
    for field in schema.fields() {
        let has = type_name(field.data_type());
        let promised = facts.columns.iter().find(|it| it.name.eq_ignore_ascii_case(field.name()));
        let Some(promised) = promised else {
            rows.push([field.name().clone(), has, String::new(), "missing in contract".to_owned()]);
            continue;
        };
        // A type that is none is reported with the seed or source that has it, and here differs from all.
        let wanted = promised.data_type.as_ref().map(|(text, _)| (text, declared_type(scope, text)));
        match wanted {
            Some((_, Some(wanted))) if kind(&wanted) == kind(field.data_type()) => {}
            Some((text, wanted)) => {
                let wanted = wanted.map_or_else(|| text.clone(), |it| type_name(&it));
                rows.push([field.name().clone(), has, wanted, "data type mismatch".to_owned()]);
            }
            None => rows.push([field.name().clone(), has, String::new(), "no data_type in contract".to_owned()]),
        }
    }
    for promised in &facts.columns {
        if !schema.fields().iter().any(|it| it.name().eq_ignore_ascii_case(&promised.name)) {
            let wanted = promised.data_type.as_ref().map(|(text, _)| text.to_uppercase()).unwrap_or_default();
            rows.push([promised.name.clone(), String::new(), wanted, "missing in definition".to_owned()]);
        }
    }
    if rows.is_empty() {
        return None;
    }
    let problem = Diagnostic::error(Code::BrokenContract, format!("{} breaks its contract", facts.display()))
        .at(facts.span.clone())
        .help("change the query, or the columns of the contract and their `data_type`");
    let title = ["column_name", "definition_type", "contract_type", "mismatch_reason"].map(str::to_owned);
    Some(
        std::iter::once(title)
            .chain(rows)
            .fold(problem, |problem, row| problem.note(format!("| {} |", row.join(" | ")))),
    )
}

/// A type as it is written in SQL.
fn declared_type(scope: &Scope<'_>, text: &str) -> Option<DataType> {
    let sql = format!("select cast(null as {text}) as it");
    let query = plan_query(&sql, scope.session, &Catalog::default(), &scope.project.invocation.target).ok()?;
    Some(query.schema.field(0).data_type().clone())
}

/// What of a type is compared.
fn kind(data_type: &DataType) -> String {
    let text = type_name(data_type);
    let (name, end) = text.split_once('(').map_or((text.as_str(), ""), |(name, rest)| {
        (name, if name == "DECIMAL" { rest.rsplit_once(')').map_or("", |(_, end)| end) } else { rest })
    });
    let name = match name.trim_end_matches("[]") {
        "TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT" | "UTINYINT" | "USMALLINT" | "UINTEGER" | "UBIGINT" => "integer",
        "FLOAT" | "DOUBLE" => "double",
        other => other,
    };
    let lists = text.matches("[]").count();
    format!("{name}{}{}", "[]".repeat(lists), end.replace("[]", ""))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn widths_are_not_compared() {
        let list = |it| DataType::List(Arc::new(Field::new("item", it, true)));
        assert_eq!(kind(&DataType::Int32), kind(&DataType::Int64));
        assert_eq!(kind(&list(DataType::Int32)), kind(&list(DataType::Int64)));
        assert_eq!(kind(&DataType::Decimal128(38, 10)), kind(&DataType::Decimal128(18, 3)));
        assert_ne!(kind(&DataType::Int32), kind(&list(DataType::Int32)));
        assert_ne!(kind(&DataType::Utf8), kind(&DataType::Boolean));
    }
}
