//! Short words for people: what a test asks, and which layer a node is in.

use crate::parse::{NodeFacts, NodeKind, TestFacts, TestForm};
use crate::project::Json;

/// What a test asks. The column that it is of is not repeated.
pub(super) fn test(facts: &NodeFacts, test: &TestFacts) -> String {
    let TestForm::Generic { kind, namespace, arguments, .. } = &test.form else { return facts.name.clone() };
    let text = |key: &str| arguments.get(key).and_then(Json::as_str);
    match kind.as_str() {
        "not_null" => "not null".to_owned(),
        "unique" => "unique".to_owned(),
        "accepted_values" => {
            let values = arguments.get("values").and_then(Json::as_array);
            let values: Vec<String> = values.into_iter().flatten().map(plain).collect();
            format!("one of {}", values.join(", "))
        }
        "relationships" => {
            let to = text("to").map(referred).unwrap_or_default();
            format!("in {to}.{}", text("field").unwrap_or_default())
        }
        other => {
            let others = arguments.iter().filter(|(key, _)| !matches!(key.as_str(), "column_name" | "model"));
            let others: Vec<String> = others.map(|(key, value)| format!("{key} {}", plain(value))).collect();
            let prefix = namespace.as_ref().map(|it| format!("{it}.")).unwrap_or_default();
            if others.is_empty() {
                format!("{prefix}{other}")
            } else {
                format!("{prefix}{other}: {}", others.join(", "))
            }
        }
    }
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The name within `ref('dim_users')`.
fn referred(call: &str) -> String {
    let inside = call.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map_or(call, |(inside, _)| inside);
    let names: Vec<&str> = inside.split(',').map(|it| it.trim().trim_matches(['\'', '"'])).collect();
    names.join(".")
}

/// The first folder below the folder of the node's kind.
pub(super) fn layer(facts: &NodeFacts) -> Option<String> {
    match &facts.kind {
        // Package, folders, name.
        NodeKind::Model | NodeKind::Seed | NodeKind::Snapshot(_) => {
            (facts.fqn.len() > 2).then(|| facts.fqn.get(1).cloned()).flatten()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lose_their_calls() {
        assert_eq!(referred("ref('dim_users')"), "dim_users");
        assert_eq!(referred("source('raw', \"users\")"), "raw.users");
    }
}
