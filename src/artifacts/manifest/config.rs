//! A node's configuration as dbt writes it: every key of its kind with dbt's default, then what is set.

use serde_json::json;

use crate::parse::{NodeFacts, NodeKind, TestForm};
use crate::project::Json;

type Map = serde_json::Map<String, Json>;

/// The configuration with defaults.
pub(super) fn full(facts: &NodeFacts) -> Map {
    let mut config = defaults(facts);
    for (key, value) in facts.config.iter() {
        let (key, value) = written(key, value);
        match (config.get_mut(&key), value) {
            // A part of a mapping that is set leaves the defaults of the other parts.
            (Some(Json::Object(default)), Json::Object(set)) => default.extend(set),
            (Some(default), Json::Null) if !default.is_null() => {}
            (_, value) => {
                config.insert(key, value);
            }
        }
    }
    if !facts.materialized().is_empty() {
        config.insert("materialized".to_owned(), Json::from(facts.materialized()));
    }
    if let NodeKind::Test(test) = &facts.kind {
        if matches!(test.form, TestForm::Generic { .. }) && facts.relation.identifier != facts.name {
            config.insert("alias".to_owned(), Json::from(facts.relation.identifier.as_str()));
        }
        if facts.config.flag("store_failures") == Some(true) && config["store_failures_as"].is_null() {
            config.insert("store_failures_as".to_owned(), Json::from("table"));
        }
    }
    config
}

/// Only what is set, as it is written, before rendering: states are compared by it.
pub(super) fn unrendered(facts: &NodeFacts) -> Map {
    let entry = |(key, value): (&str, &Json)| match key {
        "pre_hook" | "post_hook" => written(key, value),
        _ => (key.to_owned(), value.clone()),
    };
    facts.config.unrendered().map(entry).collect()
}

/// dbt's spelling of hooks, and their parts.
fn written(key: &str, value: &Json) -> (String, Json) {
    match key {
        "pre_hook" | "post_hook" => {
            let hook = |it: &Json| {
                let mut hook = json!({"sql": it.as_str().unwrap_or_default(), "transaction": true, "index": null});
                if let (Json::Object(hook), Json::Object(set)) = (&mut hook, it) {
                    let known = |(key, _): &(&String, &Json)| ["sql", "transaction", "index"].contains(&key.as_str());
                    hook.extend(set.iter().filter(known).map(|(key, value)| (key.clone(), value.clone())));
                }
                hook
            };
            let hooks = value.as_array().into_iter().flatten().map(hook).collect();
            (key.replace('_', "-"), Json::Array(hooks))
        }
        _ => (key.to_owned(), value.clone()),
    }
}

fn defaults(facts: &NodeFacts) -> Map {
    let value = match &facts.kind {
        NodeKind::Model => extended(made("view"), json!({"access": "protected", "freshness": null})),
        NodeKind::Analysis | NodeKind::Operation(_) => made("view"),
        NodeKind::Seed => extended(made("seed"), json!({"delimiter": ",", "quote_columns": null})),
        NodeKind::Snapshot(_) => extended(made("snapshot"), snapshot()),
        NodeKind::Function(_) => extended(
            made("function"),
            json!({"type": "scalar", "volatility": null, "runtime_version": null, "entry_point": null}),
        ),
        NodeKind::Test(_) => test(),
        NodeKind::UnitTest(_) => json!({"tags": [], "meta": {}, "enabled": true, "static_analysis": null}),
        NodeKind::Source(_) => json!({
            "enabled": true, "event_time": null, "freshness": no_freshness(), "loaded_at_field": null, "loaded_at_query": null,
            "meta": {}, "tags": [], "static_analysis": null,
        }),
        NodeKind::Exposure(_) | NodeKind::Monitor(_) => json!({"enabled": true, "tags": [], "meta": {}}),
        NodeKind::Metric(_) | NodeKind::SemanticModel(_) => json!({"enabled": true, "group": null, "meta": {}}),
        NodeKind::SavedQuery(_) => json!({
            "enabled": true, "group": null, "meta": {}, "export_as": null, "schema": null, "cache": {"enabled": false},
        }),
    };
    match value {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

/// How dbt writes that a source need not be fresh.
pub(super) fn no_freshness() -> Json {
    let threshold = json!({"count": null, "period": null});
    json!({"warn_after": threshold, "error_after": threshold, "filter": null})
}

fn extended(mut base: Json, more: Json) -> Json {
    if let (Json::Object(base), Json::Object(more)) = (&mut base, more) {
        base.extend(more);
    }
    base
}

/// `NodeConfig` of dbt 1.11.
fn made(materialized: &str) -> Json {
    json!({
        "enabled": true, "alias": null, "schema": null, "database": null, "tags": [], "meta": {}, "group": null,
        "static_analysis": null, "materialized": materialized, "incremental_strategy": null, "batch_size": null,
        "lookback": 1, "begin": null, "persist_docs": {}, "post-hook": [], "pre-hook": [], "quoting": {},
        "column_types": {}, "full_refresh": null, "unique_key": null, "on_schema_change": "ignore",
        "on_configuration_change": "apply", "grants": {}, "packages": [],
        "docs": {"show": true, "node_color": null}, "contract": {"enforced": false, "alias_types": true},
        "event_time": null, "concurrent_batches": null,
    })
}

/// What `SnapshotConfig` of dbt 1.11 has besides.
fn snapshot() -> Json {
    let names = json!({
        "dbt_valid_to": null, "dbt_valid_from": null, "dbt_scd_id": null, "dbt_updated_at": null,
        "dbt_is_deleted": null,
    });
    json!({
        "strategy": null, "target_schema": null, "target_database": null, "updated_at": null, "check_cols": null,
        "snapshot_meta_column_names": names, "dbt_valid_to_current": null,
    })
}

/// `TestConfig` of dbt 1.11.
fn test() -> Json {
    json!({
        "enabled": true, "alias": null, "schema": "dbt_test__audit", "database": null, "tags": [], "meta": {},
        "group": null, "static_analysis": null, "materialized": "test", "severity": "ERROR", "store_failures": null,
        "store_failures_as": null, "where": null, "limit": null, "fail_calc": "count(*)", "warn_if": "!= 0",
        "error_if": "!= 0",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_covers_defaults_and_hooks_become_mappings() {
        let (_, graph) = crate::artifacts::tests::project();
        let node = graph.nodes().find(|it| it.facts.name == "fct_orders").unwrap();
        let mut facts = node.facts.clone();
        facts.config.set("pre-hook", json!("select 1"), None);
        facts.config.set("contract", json!({"enforced": true}), None);
        facts.config.set("unheard_of", json!(1), None);
        let config = full(&facts);
        assert_eq!(config["pre-hook"], json!([{"sql": "select 1", "transaction": true, "index": null}]));
        assert_eq!(config["contract"], json!({"enforced": true, "alias_types": true}));
        assert_eq!(config["materialized"], "table");
        assert_eq!(config.keys().next_back().unwrap(), "unheard_of");
        assert!(!config.contains_key("pre_hook"));
    }
}
