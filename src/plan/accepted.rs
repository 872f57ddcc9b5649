//! Values that a test accepts and that its column can't have, because they are of another type.

use arrow::datatypes::DataType;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Severity};
use crate::graph::Node;
use crate::parse::{NodeKind, TestForm};
use crate::plan::project::ProjectPlan;
use crate::plan::review::{is_readable, kind_of_type};
use crate::project::Json;

/// Says which of a test's accepted values no row can have. Where none is left, no row can pass, and that is an error.
pub(super) fn unreadable(plan: &ProjectPlan, node: &Node) -> Diagnostics {
    let mut found = Diagnostics::new();
    let Some((column, values)) = accepted(node) else { return found };
    let Some(data_type) = column_type(plan, node, column) else { return found };
    let Some((kind, example)) = kind_of_type(&data_type) else { return found };
    let wrong: Vec<&str> = values.iter().filter_map(Json::as_str).filter(|it| !is_readable(it, &data_type)).collect();
    let Some(first) = wrong.first() else { return found };
    let listed = wrong.iter().take(6).map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    let words =
        format!("{} accepts {listed}, but `{column}` is {kind}, which can't be `{first}`", node.facts.display());
    let mut problem = Diagnostic::error(Code::WrongType, words)
        .at(node.facts.span.clone())
        .help(format!("write values such as {}, or test another column", example.trim_matches('\'')));
    if wrong.len() < values.len() {
        problem.severity = Severity::Warning;
    }
    found.push(problem);
    found
}

/// The column and the values of a test of dbt's own kind.
fn accepted(node: &Node) -> Option<(&str, &Vec<Json>)> {
    let NodeKind::Test(test) = &node.facts.kind else { return None };
    let TestForm::Generic { kind, namespace: None, arguments, column, .. } = &test.form else { return None };
    if kind != "accepted_values" || arguments.get("quote").and_then(Json::as_bool) == Some(false) {
        return None;
    }
    let column = column.as_deref().or_else(|| arguments.get("column_name").and_then(Json::as_str))?;
    Some((column, arguments.get("values")?.as_array()?))
}

/// The type of a column of what a test is about: the only thing that it reads.
fn column_type(plan: &ProjectPlan, node: &Node, column: &str) -> Option<DataType> {
    let [tested] = node.inputs.as_slice() else { return None };
    let schema = plan.models.get(tested).map(|it| &it.schema).or_else(|| plan.sources.get(tested))?;
    let field = schema.fields().iter().find(|it| it.name().eq_ignore_ascii_case(column))?;
    Some(field.data_type().clone())
}
