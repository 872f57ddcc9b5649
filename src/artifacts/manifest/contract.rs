//! Constraints as the manifest lists them, and the checksum of a contract.

use sha2::{Digest, Sha256};

use crate::parse::NodeFacts;
use crate::project::Json;

type Map = serde_json::Map<String, Json>;

/// A constraint of a column with all keys that dbt writes.
pub(super) fn of_column(written: &Json) -> Json {
    Json::Object(with_defaults(written))
}

/// A constraint of a model.
pub(super) fn of_model(written: &Json) -> Json {
    let mut constraint = with_defaults(written);
    constraint.insert("columns".to_owned(), written.get("columns").cloned().unwrap_or_else(|| Json::Array(Vec::new())));
    Json::Object(constraint)
}

fn with_defaults(written: &Json) -> Map {
    let defaults = [
        ("type", Json::Null),
        ("name", Json::Null),
        ("expression", Json::Null),
        ("warn_unenforced", Json::Bool(true)),
        ("warn_unsupported", Json::Bool(true)),
        ("to", Json::Null),
        ("to_columns", Json::Array(Vec::new())),
    ];
    let entry = |(key, default): (&str, Json)| (key.to_owned(), written.get(key).cloned().unwrap_or(default));
    defaults.into_iter().map(entry).collect()
}

/// dbt's (`ModelNode.build_contract_checksum`): SHA-256 of names, types and constraints as Python prints them.
pub(super) fn checksum(facts: &NodeFacts) -> String {
    let mut columns: Vec<_> = facts.columns.iter().collect();
    columns.sort_by(|a, b| a.name.cmp(&b.name));
    let mut state = String::new();
    for column in columns {
        let data_type = column.data_type.as_ref().map_or("None", |(name, _)| name);
        let constraints: Vec<String> =
            column.constraints.iter().map(|it| printed(&of_column(&it.value), false)).collect();
        state.push_str(&format!("|{}{data_type}[{}]", column.name, constraints.join(", ")));
    }
    if matches!(facts.materialized(), "table" | "incremental") {
        let constraints: Vec<String> =
            facts.model.constraints.iter().map(|it| printed(&of_model(&it.value), true)).collect();
        state.push_str(&format!("{}[{}]", facts.materialized(), constraints.join(", ")));
    }
    Sha256::digest(state.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn printed(constraint: &Json, is_of_model: bool) -> String {
    let kind = constraint["type"].as_str().unwrap_or_default();
    let repr = |key: &str| match &constraint[key] {
        Json::Null => "None".to_owned(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::String(text) => quoted(text),
        Json::Array(items) => {
            let items: Vec<String> =
                items.iter().map(|it| it.as_str().map_or_else(|| it.to_string(), quoted)).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    };
    let keys = ["name", "expression", "warn_unenforced", "warn_unsupported", "to", "to_columns"];
    let mut fields = vec![format!("type=<ConstraintType.{kind}: '{kind}'>")];
    fields.extend(keys.iter().map(|key| format!("{key}={}", repr(key))));
    if is_of_model {
        fields.push(format!("columns={}", repr("columns")));
    }
    format!("{}LevelConstraint({})", if is_of_model { "Model" } else { "Column" }, fields.join(", "))
}

fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let escaped = text.replace('\\', "\\\\").replace('\n', "\\n");
    format!("{quote}{}{quote}", if quote == '\'' { escaped.replace('\'', "\\'") } else { escaped })
}
