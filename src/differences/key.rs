//! Which columns tell a node's rows apart, as far as the project says so.

use crate::graph::Graph;
use crate::parse::{NodeFacts, NodeKind, TestForm};
use crate::project::Json;

/// Sets of columns that the project takes for keys of a node's rows, the most explicit first: `unique_key`, a primary
/// key among its constraints, a column that is tested to be `unique` and `not_null`.
pub fn keys(graph: &Graph, facts: &NodeFacts) -> Vec<Vec<String>> {
    let texts = |value: &Json| match value {
        Json::String(one) => vec![one.clone()],
        Json::Array(several) => several.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    let mut keys: Vec<Vec<String>> = facts.config.get("unique_key").map(texts).into_iter().collect();
    let is_primary = |it: &Json| it.get("type").and_then(Json::as_str) == Some("primary_key");
    for constraint in facts.model.constraints.iter().filter(|it| is_primary(&it.value)) {
        keys.extend(constraint.value.get("columns").map(texts));
    }
    let of_columns = facts.columns.iter().filter(|it| it.constraints.iter().any(|it| is_primary(&it.value)));
    let of_columns: Vec<String> = of_columns.map(|it| it.name.clone()).collect();
    keys.push(of_columns);
    let unique = tested(graph, facts, "unique");
    let not_null = tested(graph, facts, "not_null");
    keys.extend(unique.into_iter().filter(|it| not_null.contains(it)).map(|it| vec![it]));
    keys.retain(|it| !it.is_empty());
    keys
}

/// The columns that all rows of a node are tested for, by one kind of test.
fn tested(graph: &Graph, facts: &NodeFacts, kind: &str) -> Vec<String> {
    let mut columns = Vec::new();
    for test in graph.nodes() {
        let NodeKind::Test(of) = &test.facts.kind else { continue };
        let TestForm::Generic { kind: its, column, arguments, .. } = &of.form else { continue };
        if its != kind
            || graph.parents(&test.facts.id) != [facts.id.clone()]
            || test.facts.config.get("where").is_some()
        {
            continue;
        }
        let named = arguments.get("column_name").and_then(Json::as_str);
        columns.extend(column.as_deref().or(named).map(str::to_owned));
    }
    columns
}
