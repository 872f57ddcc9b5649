//! Groups, semantic models, metrics and saved queries as the manifest lists them.

use serde_json::json;

use crate::artifacts::manifest::{Context, RefText, config, place};
use crate::parse::{Group, NodeKind, ParsedNode, SemanticFacts};
use crate::project::Json;

/// A mapping with these keys: those that are there, and null or the default for the others.
fn filled(written: Option<&Json>, defaults: Json) -> Json {
    let Json::Object(mut all) = defaults else { return Json::Null };
    if let Some(Json::Object(written)) = written {
        for (key, value) in written {
            all.insert(key.clone(), value.clone());
        }
    }
    Json::Object(all)
}

pub(super) fn group(context: &Context<'_>, group: &Group) -> Json {
    let original = place::original(&context.project.file, &group.package, &group.path);
    let owner = filled(Some(&group.owner), json!({"email": null, "name": null}));
    json!({
        "name": group.name,
        "resource_type": "group",
        "package_name": group.package,
        "path": place::below_first_folder(original),
        "original_file_path": original,
        "unique_id": group.id(),
        "owner": owner,
        "description": group.description,
        "config": {"meta": group.config.get("meta").cloned().unwrap_or_else(|| json!({}))},
    })
}

pub(super) fn semantic(context: &Context<'_>, parsed: &ParsedNode, semantic: &SemanticFacts) -> Json {
    let facts = &parsed.facts;
    let original = place::original(&context.project.file, &facts.package, &facts.path);
    let mut node = serde_json::Map::new();
    let mut put = |key: &str, value: Json| drop(node.insert(key.to_owned(), value));
    put("name", json!(facts.name));
    put("resource_type", json!(facts.resource_type().as_str()));
    put("package_name", json!(facts.package));
    put("path", json!(place::below_first_folder(original)));
    put("original_file_path", json!(original));
    put("unique_id", json!(facts.id.as_str()));
    put("fqn", json!(facts.fqn));
    let raw = |key: &str| semantic.raw.get(key).cloned().unwrap_or_default();
    let list = |key: &str| semantic.raw.get(key).cloned().unwrap_or_else(|| json!([]));
    match &facts.kind {
        NodeKind::Metric(_) => {
            put("description", json!(facts.description));
            put("label", raw("label"));
            put("type", raw("type"));
            put("type_params", type_params(&semantic.raw));
            put("filter", filter(semantic.raw.get("filter")));
            put("metadata", Json::Null);
            put("time_granularity", raw("time_granularity"));
            put("meta", facts.config.get("meta").cloned().unwrap_or_else(|| json!({})));
            put("tags", json!(facts.config.tags()));
            put("sources", json!([]));
            put("metrics", json!([]));
        }
        NodeKind::SemanticModel(_) => {
            put("model", raw("model"));
            put("node_relation", node_relation(context, parsed));
            put("description", semantic.raw.get("description").map_or(Json::Null, |_| json!(facts.description)));
            put("label", raw("label"));
            put("defaults", raw("defaults"));
            put("entities", each(list("entities"), &entity_defaults()));
            put("measures", each(list("measures"), &measure_defaults()));
            put("dimensions", each(list("dimensions"), &dimension_defaults()));
            put("metadata", Json::Null);
            put("primary_entity", raw("primary_entity"));
        }
        _ => {
            let mut params = filled(
                semantic.raw.get("query_params"),
                json!({"metrics": [], "group_by": [], "where": null, "order_by": [], "limit": null}),
            );
            params["where"] = filter(params.get("where"));
            put("query_params", params);
            put("exports", each(list("exports"), &json!({"name": null, "config": {}, "unrendered_config": {}})));
            put("description", semantic.raw.get("description").map_or(Json::Null, |_| json!(facts.description)));
            put("label", raw("label"));
            put("metadata", Json::Null);
            put("tags", json!(facts.config.tags()));
        }
    }
    put("depends_on", json!(context.depends_on(parsed)));
    put("refs", json!(parsed.refs.iter().map(|(call, _)| RefText::from(call)).collect::<Vec<_>>()));
    put("created_at", json!(context.created_at()));
    put("config", Json::Object(config::full(facts)));
    put("unrendered_config", Json::Object(config::unrendered(facts)));
    put("group", json!(facts.group()));
    Json::Object(node)
}

fn each(list: Json, defaults: &Json) -> Json {
    let items = list.as_array().into_iter().flatten();
    Json::Array(items.map(|it| filled(Some(it), defaults.clone())).collect())
}

fn entity_defaults() -> Json {
    json!({"name": null, "type": null, "description": null, "label": null, "role": null, "expr": null,
        "config": {"meta": {}}})
}

fn measure_defaults() -> Json {
    json!({"name": null, "agg": null, "description": null, "label": null, "create_metric": false, "expr": null,
        "agg_params": null, "non_additive_dimension": null, "agg_time_dimension": null, "config": {"meta": {}}})
}

fn dimension_defaults() -> Json {
    json!({"name": null, "type": null, "description": null, "label": null, "is_partition": false,
        "type_params": null, "expr": null, "metadata": null, "config": {"meta": {}}})
}

/// The relation that a semantic model is about.
fn node_relation(context: &Context<'_>, parsed: &ParsedNode) -> Json {
    let input = context.resolved(parsed).and_then(|it| it.inputs.first()).and_then(|it| context.graph.get(it));
    input.map_or(Json::Null, |it| {
        let relation = &it.facts.relation;
        json!({"alias": relation.identifier, "schema_name": relation.schema, "database": relation.database,
            "relation_name": relation.to_string()})
    })
}

/// dbt writes one filter or several as a list.
fn filter(written: Option<&Json>) -> Json {
    let texts: Vec<&str> = match written {
        Some(Json::String(text)) => vec![text],
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).collect(),
        _ => return Json::Null,
    };
    let filters: Vec<Json> = texts.into_iter().map(|it| json!({"where_sql_template": it})).collect();
    json!({"where_filters": filters})
}

/// A metric's parameters, names alone written out as dbt does.
fn type_params(raw: &Json) -> Json {
    let mut params = filled(
        raw.get("type_params"),
        json!({"measure": null, "input_measures": [], "numerator": null, "denominator": null, "expr": null,
            "window": null, "grain_to_date": null, "metrics": [], "conversion_type_params": null,
            "cumulative_type_params": null, "metric_aggregation_params": null}),
    );
    let measure = |it: &Json| {
        let name = it.as_str().map(|name| json!({"name": name}));
        let defaults =
            json!({"name": null, "filter": null, "alias": null, "join_to_timespine": false, "fill_nulls_with": null});
        let mut measure = filled(name.as_ref().or(Some(it)), defaults);
        measure["filter"] = filter(measure.get("filter"));
        measure
    };
    let metric = |it: &Json| {
        let name = it.as_str().map(|name| json!({"name": name}));
        let defaults =
            json!({"name": null, "filter": null, "alias": null, "offset_window": null, "offset_to_grain": null});
        let mut metric = filled(name.as_ref().or(Some(it)), defaults);
        metric["filter"] = filter(metric.get("filter"));
        metric
    };
    if !params["measure"].is_null() {
        params["measure"] = measure(&params["measure"]);
        params["input_measures"] = json!([params["measure"]]);
    }
    for key in ["numerator", "denominator"] {
        if !params[key].is_null() {
            params[key] = metric(&params[key]);
        }
    }
    if let Some(list) = params["metrics"].as_array() {
        params["metrics"] = Json::Array(list.iter().map(metric).collect());
    }
    params
}
