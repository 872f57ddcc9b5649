//! Nodes as templates see them: `model`, and all of them in `graph`.

use serde_json::{Map, Value as Json, json};

use crate::graph::{Graph, Node};
use crate::parse::{NodeFacts, NodeKind};

/// The node as templates see it in `{{ model }}`.
pub fn describe(facts: &NodeFacts) -> Json {
    let config: Map<_, _> = facts.config.iter().map(|(k, v)| (k.to_owned(), v.clone())).collect();
    let column = |it: &crate::parse::Column| {
        let data_type = it.data_type.as_ref().map(|(text, _)| text.as_str());
        let config = json!({"meta": it.meta, "tags": it.tags});
        let value = json!({"name": it.name, "description": it.description, "data_type": data_type, "meta": it.meta,
            "tags": it.tags, "config": config});
        (it.name.clone(), value)
    };
    json!({
        "unique_id": facts.id.as_str(),
        "name": facts.name,
        "resource_type": facts.resource_type().as_str(),
        "package_name": facts.package,
        "path": facts.path,
        "original_file_path": facts.path,
        "fqn": facts.fqn,
        "alias": facts.relation.identifier,
        "identifier": facts.relation.identifier,
        "schema": facts.relation.schema,
        "database": facts.relation.database,
        "relation_name": facts.relation.to_string(),
        "description": facts.description,
        "config": config,
        "tags": facts.config.tags(),
        "meta": facts.config.get("meta").cloned().unwrap_or_else(|| json!({})),
        "language": "sql",
        "columns": facts.columns.iter().map(column).collect::<Map<_, _>>(),
    })
}

/// All nodes as templates see them in `{{ graph }}`.
pub fn describe_graph(graph: &Graph) -> Json {
    let mut parts: Map<String, Json> = ["exposures", "functions", "groups", "metrics", "nodes", "saved_queries"]
        .into_iter()
        .chain(["semantic_models", "sources"])
        .map(|it| (it.to_owned(), json!({})))
        .collect();
    // Macros that walk through the graph know dbt's kinds of nodes.
    for node in graph.nodes().filter(|it| !matches!(it.facts.kind, NodeKind::Monitor(_))) {
        let part = match node.facts.kind {
            NodeKind::Exposure(_) => "exposures",
            NodeKind::Function(_) => "functions",
            NodeKind::Metric(_) => "metrics",
            NodeKind::SavedQuery(_) => "saved_queries",
            NodeKind::SemanticModel(_) => "semantic_models",
            NodeKind::Source(_) => "sources",
            _ => "nodes",
        };
        if let Some(Json::Object(part)) = parts.get_mut(part) {
            part.insert(node.facts.id.to_string(), in_graph(node));
        }
    }
    Json::Object(parts)
}

fn in_graph(node: &Node) -> Json {
    let facts = &node.facts;
    let mut described = describe(facts);
    if let Json::Object(entry) = &mut described {
        let inputs: Vec<&str> = node.inputs.iter().map(|it| it.as_str()).collect();
        entry.insert("depends_on".to_owned(), json!({"nodes": inputs, "macros": node.macros}));
        entry.insert("raw_code".to_owned(), json!(facts.source.text));
        entry.insert("raw_sql".to_owned(), json!(facts.source.text));
        if let NodeKind::Source(source) = &facts.kind {
            entry.insert("source_name".to_owned(), json!(source.source));
        }
    }
    described
}
