//! `node_info`: what every line about a node says of it. dbt's `NodeInfoMixin.node_info`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::events::NodeLabel;
use crate::parse::ResourceType;

/// What the manifest says of nodes, by id.
#[derive(Debug, Default)]
pub(super) struct NodeInfos(BTreeMap<String, Value>);

/// Where a node is in its life.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moment<'a> {
    pub(super) status: &'a str,
    pub(super) started_at: &'a str,
    pub(super) finished_at: &'a str,
}

impl NodeInfos {
    /// From the manifest.
    pub(super) fn of(manifest: Value) -> NodeInfos {
        let mut entries = BTreeMap::new();
        let Value::Object(sections) = manifest else { return NodeInfos(entries) };
        for (section, nodes) in sections {
            if let ("nodes" | "unit_tests", Value::Object(nodes)) = (section.as_str(), nodes) {
                entries.extend(nodes);
            }
        }
        NodeInfos(entries)
    }

    /// A value of a node; what it has not is null.
    pub(super) fn value(&self, node: &NodeLabel, pointer: &str) -> Value {
        self.0.get(node.id.as_str()).and_then(|it| it.pointer(pointer)).cloned().unwrap_or_default()
    }

    /// A text of a node; what it has not is empty.
    pub(super) fn text(&self, node: &NodeLabel, pointer: &str) -> String {
        self.value(node, pointer).as_str().unwrap_or_default().to_owned()
    }

    /// The node, as it is at this moment.
    pub(super) fn describe(&self, node: &NodeLabel, moment: Moment<'_>) -> Value {
        let meta = Some(self.value(node, "/config/meta")).filter(Value::is_object).unwrap_or_else(|| json!({}));
        let materialized = match node.resource_type {
            ResourceType::UnitTest => "unit",
            _ => node.materialized.as_str(),
        };
        json!({
            "materialized": materialized,
            "meta": meta,
            "node_checksum": self.text(node, "/checksum/checksum"),
            "node_finished_at": moment.finished_at,
            "node_name": node.name,
            "node_path": self.text(node, "/path"),
            "node_relation": {
                "alias": node.relation.identifier,
                "database": node.relation.database,
                "relation_name": self.text(node, "/relation_name"),
                "schema": node.relation.schema,
            },
            "node_started_at": moment.started_at,
            "node_status": moment.status,
            "resource_type": node.resource_type.as_str(),
            "unique_id": node.id.as_str(),
        })
    }
}
