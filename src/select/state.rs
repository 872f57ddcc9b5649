//! An earlier state of the project, from the artifacts of another run, and what has changed since.
//!
//! Both states are manifests in dbt's shape, the earlier one perhaps written by dbt itself. What counts as a change is
//! what dbt says (`StateSelectorMethod` and the `same_…` methods of `dbt/contracts/graph/nodes.py`, dbt-core 1.11).

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::project::Json;

/// Two states of a project, and what became of earlier runs. What is not there is null.
#[derive(Debug, Default)]
pub struct State {
    /// Where the earlier state was looked for.
    pub folder: String,
    /// The earlier `manifest.json`.
    pub before: Json,
    /// The project's manifest as it is now.
    pub now: Json,
    /// The earlier `run_results.json`.
    pub results: Json,
    /// The earlier `sources.json`.
    pub sources: Json,
    /// The `sources.json` of the last look at sources.
    pub sources_now: Json,
    modified_macros: OnceLock<BTreeSet<String>>,
}

/// Sections of a manifest that hold what can be selected.
const SECTIONS: [&str; 8] =
    ["nodes", "sources", "exposures", "metrics", "semantic_models", "unit_tests", "saved_queries", "functions"];

impl State {
    /// From what was read; the earlier manifest may be null.
    pub fn new(folder: String, before: Json, now: Json) -> State {
        State { folder, before, now, ..State::default() }
    }

    /// Whether a node has changed in one way: dbt's `new`, `old`, `modified`, `unmodified`, `modified.body`, …
    pub(super) fn is(&self, what: &str, id: &str) -> bool {
        let Some(now) = entry(&self.now, id) else { return false };
        let before = entry(&self.before, id);
        match what {
            "new" => before.is_none(),
            "old" => before.is_some(),
            "modified" => self.is_modified(now, before),
            "unmodified" => !self.is_modified(now, before),
            "modified.macros" => self.has_modified_macro(now),
            part => {
                let Some(same) = same_part(part, now) else { return false };
                before.is_none_or(|before| !same(now, before))
            }
        }
    }

    fn is_modified(&self, now: &Json, before: Option<&Json>) -> bool {
        !same_contents(now, before) || self.has_modified_macro(now) || {
            let was_model = before.is_some_and(|it| kind(it) == "model");
            was_model && before.is_some_and(|before| !same_contract(now, before))
        }
    }

    fn has_modified_macro(&self, node: &Json) -> bool {
        let modified = self.modified_macros.get_or_init(|| self.find_modified_macros());
        if modified.is_empty() {
            return false;
        }
        let mut seen = BTreeSet::new();
        let mut edge: Vec<&str> = macros_of(node).collect();
        while let Some(id) = edge.pop() {
            if modified.contains(id) {
                return true;
            }
            if seen.insert(id) {
                edge.extend(macros_of(&self.now["macros"][id]));
            }
        }
        false
    }

    fn find_modified_macros(&self) -> BTreeSet<String> {
        let of = |manifest: &'_ Json| manifest["macros"].as_object().cloned().unwrap_or_default();
        let (before, now) = (of(&self.before), of(&self.now));
        let text = |it: Option<&Json>| it.and_then(|it| it["macro_sql"].as_str()).map(str::to_owned);
        let changed = now.keys().filter(|id| text(before.get(*id)) != text(now.get(*id)));
        changed.chain(before.keys().filter(|id| !now.contains_key(*id))).cloned().collect()
    }
}

fn entry<'j>(manifest: &'j Json, id: &str) -> Option<&'j Json> {
    SECTIONS.iter().find_map(|section| manifest.get(section)?.get(id))
}

fn macros_of(node: &Json) -> impl Iterator<Item = &str> {
    node["depends_on"]["macros"].as_array().into_iter().flatten().filter_map(Json::as_str)
}

fn kind(node: &Json) -> &str {
    node["resource_type"].as_str().unwrap_or_default()
}

type Same = fn(&Json, &Json) -> bool;

/// The comparison of a part; `None` where nodes of this kind have no such part.
fn same_part(part: &str, node: &Json) -> Option<Same> {
    let kind = kind(node);
    let is_node = matches!(kind, "model" | "seed" | "snapshot" | "analysis" | "test" | "operation" | "function");
    match part {
        "modified.body" => is_node.then_some(same_body as Same),
        "modified.configs" => (kind != "unit_test").then_some(same_config as Same),
        "modified.persisted_descriptions" => is_node.then_some(same_persisted_description as Same),
        "modified.relation" => match kind {
            "source" => Some(same_source_relation),
            _ => is_node.then_some(same_relation as Same),
        },
        "modified.contract" => match kind {
            "model" => Some(same_contract),
            _ => is_node.then_some((|_, _| true) as Same),
        },
        _ => None,
    }
}

fn same_keys(now: &Json, before: &Json, keys: &[&str]) -> bool {
    keys.iter().all(|key| now.get(key) == before.get(key))
}

/// As in dbt, a new source, exposure or metric is no modified one, and a new node of any other kind is.
fn same_contents(now: &Json, before: Option<&Json>) -> bool {
    let kind = kind(now);
    let Some(before) = before else {
        return matches!(kind, "source" | "exposure" | "metric" | "semantic_model" | "saved_query");
    };
    match kind {
        "unit_test" => same_keys(now, before, &["checksum"]),
        "source" => {
            same_source_relation(now, before)
                && same_keys(now, before, &["fqn", "quoting", "freshness", "loaded_at_field", "external"])
                && same_config(now, before)
        }
        "exposure" => {
            let nodes = |it: &Json| -> BTreeSet<String> {
                let all = it["depends_on"]["nodes"].as_array().into_iter().flatten().filter_map(Json::as_str);
                all.map(str::to_owned).collect()
            };
            same_keys(now, before, &["fqn", "type", "owner", "maturity", "url", "description", "label"])
                && nodes(now) == nodes(before)
                && same_config(now, before)
        }
        "metric" => {
            let keys = ["fqn", "description", "label", "filter", "metadata", "type", "type_params"];
            same_keys(now, before, &keys) && same_config(now, before)
        }
        "semantic_model" => {
            let keys =
                ["model", "description", "defaults", "entities", "dimensions", "measures", "primary_entity", "group"];
            same_keys(now, before, &keys) && same_config(now, before)
        }
        "saved_query" => {
            let keys = ["query_params", "description", "label", "group", "exports", "tags"];
            same_keys(now, before, &keys) && same_config(now, before)
        }
        "test" if now.get("test_metadata").is_some() => same_config(now, before) && same_keys(now, before, &["fqn"]),
        _ => {
            same_body(now, before)
                && same_config(now, before)
                && same_persisted_description(now, before)
                && same_keys(now, before, &["fqn", "arguments", "returns"])
                && same_relation(now, before)
        }
    }
}

fn same_body(now: &Json, before: &Json) -> bool {
    match kind(now) {
        "seed" => same_keys(now, before, &["checksum"]),
        _ => same_keys(now, before, &["raw_code"]),
    }
}

fn same_relation(now: &Json, before: &Json) -> bool {
    same_keys(&now["unrendered_config"], &before["unrendered_config"], &["database", "schema", "alias"])
}

fn same_source_relation(now: &Json, before: &Json) -> bool {
    same_keys(now, before, &["database", "schema", "identifier"])
}

/// Keys of configuration that are no change of it: what a relation is called is compared elsewhere.
const NOT_COMPARED: [&str; 5] = ["alias", "database", "group", "schema", "tags"];
/// The only keys that are compared of a test.
const OF_TESTS: [&str; 8] =
    ["severity", "where", "limit", "fail_calc", "warn_if", "error_if", "store_failures", "store_failures_as"];

fn same_config(now: &Json, before: &Json) -> bool {
    let set = |it: &Json| it["unrendered_config"].as_object().cloned().unwrap_or_default();
    let (mine, others) = (set(now), set(before));
    let is_test = kind(now) == "test";
    let counts = |key: &&String| match is_test {
        true => OF_TESTS.contains(&key.as_str()),
        false => !NOT_COMPARED.contains(&key.as_str()),
    };
    mine.keys().chain(others.keys()).filter(counts).all(|key| mine.get(key) == others.get(key))
}

fn same_persisted_description(now: &Json, before: &Json) -> bool {
    let persists = |what: &str| now["config"]["persist_docs"][what] == Json::Bool(true);
    let columns = |it: &Json| -> Vec<(String, Json)> {
        let all = it["columns"].as_object().into_iter().flatten();
        let mut all: Vec<_> = all.map(|(name, column)| (name.clone(), column["description"].clone())).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    };
    (!persists("relation") || same_keys(now, before, &["description"]))
        && (!persists("columns") || columns(now) == columns(before))
}

fn same_contract(now: &Json, before: &Json) -> bool {
    let enforced = |it: &Json| it["contract"]["enforced"] == Json::Bool(true);
    match (enforced(before), enforced(now)) {
        (false, false) => true,
        (false, true) | (true, false) => false,
        (true, true) => same_keys(&now["contract"], &before["contract"], &["checksum"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn manifest(body: &str, config: Json) -> Json {
        json!({
            "nodes": {"model.shop.a": {
                "resource_type": "model", "raw_code": body, "unrendered_config": config, "fqn": ["shop", "a"],
                "depends_on": {"macros": ["macro.shop.m"], "nodes": []}, "contract": {"enforced": false},
            }},
            "sources": {"source.shop.raw.t": {"resource_type": "source", "depends_on": {}}},
            "macros": {"macro.shop.m": {"macro_sql": "1", "depends_on": {"macros": []}}},
        })
    }

    fn check(state: &State, id: &str, expected: &str) {
        let all = [
            "new",
            "old",
            "modified",
            "unmodified",
            "modified.body",
            "modified.configs",
            "modified.relation",
            "modified.macros",
            "modified.contract",
            "modified.persisted_descriptions",
        ];
        let is: Vec<&str> = all.into_iter().filter(|it| state.is(it, id)).collect();
        assert_eq!(is.join(" "), expected);
    }

    #[test]
    fn each_kind_of_change() {
        let state = |before: Json, now: Json| State::new(String::new(), before, now);
        let same = manifest("select 1", json!({"materialized": "table"}));
        check(&state(same.clone(), same.clone()), "model.shop.a", "old unmodified");
        let body = manifest("select 2", json!({"materialized": "table"}));
        check(&state(same.clone(), body), "model.shop.a", "old modified modified.body");
        let config = manifest("select 1", json!({"materialized": "view", "tags": ["x"]}));
        check(&state(same.clone(), config), "model.shop.a", "old modified modified.configs");
        let relation = manifest("select 1", json!({"materialized": "table", "schema": "x"}));
        check(&state(same.clone(), relation), "model.shop.a", "old modified modified.relation");
        let mut called = same.clone();
        called["macros"]["macro.shop.m"]["macro_sql"] = json!("2");
        check(&state(same.clone(), called), "model.shop.a", "old modified modified.macros");
    }

    #[test]
    fn what_is_new_is_modified_unless_it_is_a_source() {
        let now = manifest("select 1", json!({}));
        let state = State::new(String::new(), json!({"macros": now["macros"]}), now);
        let all = "new modified modified.body modified.configs modified.relation modified.contract \
                   modified.persisted_descriptions";
        check(&state, "model.shop.a", all);
        check(&state, "source.shop.raw.t", "new unmodified modified.configs modified.relation");
    }
}
