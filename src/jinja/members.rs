//! Members of the context that are made of what the invocation knows: `flags`, `model`, `target` and the like.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr};

use crate::jinja::modules::Moment;
use crate::jinja::scope::{Invocation, Scope};
use crate::jinja::values;
use crate::project::Json;

/// dbt's flags with their defaults, but for those that the invocation knows.
static FLAGS: LazyLock<Vec<(&str, Value)>> = LazyLock::new(|| {
    let none = || Value::from(());
    vec![
        ("CACHE_SELECTED_ONLY", Value::from(false)),
        ("DEBUG", Value::from(false)),
        ("DEFER", Value::from(false)),
        ("DEFER_STATE", none()),
        ("FAIL_FAST", Value::from(false)),
        ("FAVOR_STATE", Value::from(false)),
        ("INDIRECT_SELECTION", Value::from("eager")),
        ("INTROSPECT", Value::from(true)),
        ("LOG_CACHE_EVENTS", Value::from(false)),
        ("LOG_FORMAT", Value::from("default")),
        ("LOG_LEVEL", Value::from("info")),
        ("PARTIAL_PARSE", Value::from(true)),
        ("PRINT", Value::from(true)),
        ("PRINTER_WIDTH", Value::from(80)),
        ("QUIET", Value::from(false)),
        ("SEND_ANONYMOUS_USAGE_STATS", Value::from(false)),
        ("STATE", none()),
        ("STATIC_PARSER", Value::from(true)),
        ("STORE_FAILURES", Value::from(false)),
        ("STRICT_MODE", Value::from(false)),
        ("TARGET_PATH", none()),
        ("USE_COLORS", Value::from(true)),
        ("USE_EXPERIMENTAL_PARSER", Value::from(false)),
        ("VERSION_CHECK", Value::from(true)),
        ("WARN_ERROR", none()),
        ("WHICH", Value::from("run")),
        ("WRITE_JSON", Value::from(true)),
    ]
});

/// `flags`, by names of either case.
#[derive(Debug)]
pub(super) struct Flags {
    pub(super) invocation: Arc<Invocation>,
}

impl Object for Flags {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?.to_ascii_uppercase();
        let invocation = &self.invocation;
        match name.as_str() {
            "FULL_REFRESH" => return Some(Value::from(invocation.full_refresh)),
            "EMPTY" => return Some(Value::from(invocation.excerpt.empty)),
            "EVENT_TIME_START" => return Some(moment(invocation.excerpt.batches.map(|it| it.0))),
            "EVENT_TIME_END" => return Some(moment(invocation.excerpt.batches.map(|it| it.1))),
            "SAMPLE" => return Some(sample(invocation)),
            _ => {}
        }
        FLAGS.iter().find(|(it, _)| *it == name).map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let own = ["EMPTY", "EVENT_TIME_END", "EVENT_TIME_START", "FULL_REFRESH", "SAMPLE"];
        Enumerator::Values(FLAGS.iter().map(|(name, _)| *name).chain(own).map(Value::from).collect())
    }
}

fn moment(moment: Option<DateTime<Utc>>) -> Value {
    moment.map_or(Value::from(()), |it| Value::from_object(Moment::utc(it)))
}

/// dbt's `SampleWindow`.
fn sample(invocation: &Invocation) -> Value {
    let window = |(start, end)| minijinja::context! { start => moment(Some(start)), end => moment(Some(end)) };
    invocation.excerpt.sample.map_or(Value::from(()), window)
}

/// `invocation_args_dict`.
pub(super) fn arguments(invocation: &Invocation) -> Value {
    values::from_json(&serde_json::json!({
        "empty": invocation.excerpt.empty,
        "full_refresh": invocation.full_refresh,
        "target": invocation.target.name,
        "vars": invocation.cli_vars,
        "which": "run",
    }))
}

/// `dbt_metadata_envs`: variables of the environment that say so by their prefix, which is left out.
pub(super) fn metadata(invocation: &Invocation) -> Value {
    let named = invocation.environment.iter();
    let entry = |(name, value): (&String, &String)| {
        let name = name.strip_prefix("DBT_ENV_CUSTOM_ENV_")?;
        Some((Value::from(name), Value::from(value.as_str())))
    };
    values::dict(named.filter_map(entry).collect())
}

/// `model`: the node, with its configuration as known so far and dbt's defaults.
pub(super) fn model(scope: &Scope) -> Value {
    let mut model = scope.model.clone();
    if let Json::Object(entries) = &mut model {
        let config = entries.entry("config").or_insert_with(|| {
            scope
                .config
                .iter()
                .map(|(key, value)| (key.to_owned(), value.clone()))
                .collect::<serde_json::Map<_, _>>()
                .into()
        });
        if let Json::Object(config) = config {
            for (key, value) in DEFAULTS.iter() {
                config.entry(*key).or_insert_with(|| value.clone());
            }
            config.entry("materialized").or_insert_with(|| Json::from(default_materialization(&scope.model)));
        }
    }
    values::from_json(&model)
}

/// What dbt configures a node with where nobody says otherwise (`NodeConfig`).
static DEFAULTS: LazyLock<Vec<(&str, Json)>> = LazyLock::new(|| {
    let (list, dict) = (|| Json::Array(Vec::new()), || Json::Object(serde_json::Map::new()));
    vec![
        ("alias", Json::Null),
        ("column_types", dict()),
        ("database", Json::Null),
        ("enabled", Json::Bool(true)),
        ("full_refresh", Json::Null),
        ("grants", dict()),
        ("group", Json::Null),
        ("incremental_strategy", Json::Null),
        ("meta", dict()),
        ("on_configuration_change", Json::from("apply")),
        ("on_schema_change", Json::from("ignore")),
        ("packages", list()),
        ("persist_docs", dict()),
        ("post-hook", list()),
        ("pre-hook", list()),
        ("quoting", dict()),
        ("schema", Json::Null),
        ("tags", list()),
        ("unique_key", Json::Null),
    ]
});

fn default_materialization(model: &Json) -> &str {
    match model.get("resource_type").and_then(Json::as_str) {
        Some(kind @ ("seed" | "snapshot" | "test")) => kind,
        _ => "view",
    }
}

/// The default of one setting; `None` where dbt has none.
pub(super) fn default_setting(scope: &Scope, name: &str) -> Option<Value> {
    // Without a node there is no configuration.
    scope.model.get("resource_type")?;
    if name == "materialized" {
        return Some(Value::from(default_materialization(&scope.model)));
    }
    DEFAULTS.iter().find(|(key, _)| *key == name).map(|(_, value)| values::from_json(value))
}

/// `graph`, before there is one.
pub(super) fn no_graph() -> Value {
    let parts = ["exposures", "functions", "groups", "metrics", "nodes", "saved_queries", "semantic_models", "sources"];
    values::dict(parts.iter().map(|it| (Value::from(*it), values::dict(values::Entries::new()))).collect())
}

/// `target`.
pub(super) fn target(invocation: &Invocation) -> Value {
    let target = &invocation.target;
    let mut all = target.raw.clone();
    for (key, value) in [
        ("type", Json::from(target.kind.as_str())),
        ("name", Json::from(target.name.as_str())),
        ("target_name", Json::from(target.name.as_str())),
        ("profile_name", Json::from(target.profile.as_str())),
        ("schema", Json::from(target.schema.as_str())),
        ("database", Json::from(target.database.as_str())),
        ("threads", Json::from(target.threads)),
    ] {
        all.insert(key.to_owned(), value);
    }
    values::from_json(&Json::Object(all))
}
