//! A source as the manifest lists it.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::json;

use crate::artifacts::manifest::node::{ManifestColumn, columns, meta};
use crate::artifacts::manifest::{Context, Quoting, config, place};
use crate::parse::{ParsedNode, SourceFacts};
use crate::project::Json;

/// A relation that others write.
#[derive(Debug, Clone, Serialize)]
pub struct ManifestSource {
    database: Option<String>,
    schema: String,
    name: String,
    resource_type: &'static str,
    package_name: String,
    path: String,
    original_file_path: String,
    unique_id: String,
    fqn: Vec<String>,
    source_name: String,
    source_description: String,
    loader: String,
    identifier: String,
    quoting: Quoting,
    loaded_at_field: Option<Json>,
    loaded_at_query: Option<Json>,
    freshness: Option<Json>,
    external: Option<Json>,
    description: String,
    columns: IndexMap<String, ManifestColumn>,
    meta: Json,
    source_meta: Json,
    tags: Vec<String>,
    config: serde_json::Map<String, Json>,
    patch_path: Option<String>,
    unrendered_config: serde_json::Map<String, Json>,
    relation_name: Option<String>,
    created_at: f64,
    unrendered_database: Option<String>,
    unrendered_schema: Option<String>,
    doc_blocks: Vec<String>,
}

pub(super) fn source(context: &Context<'_>, parsed: &ParsedNode, source: &SourceFacts) -> ManifestSource {
    let facts = &parsed.facts;
    let original = place::original(&context.project.file, &facts.package, &facts.path).to_owned();
    let configured = |key: &str| facts.config.get(key).cloned();
    ManifestSource {
        database: Some(facts.relation.database.clone()),
        schema: facts.relation.schema.clone(),
        name: facts.name.clone(),
        resource_type: "source",
        package_name: facts.package.clone(),
        path: original.clone(),
        original_file_path: original,
        unique_id: facts.id.to_string(),
        fqn: facts.fqn.clone(),
        source_name: source.source.clone(),
        source_description: source.source_description.clone(),
        loader: source.loader.clone(),
        identifier: facts.relation.identifier.clone(),
        quoting: quoting(facts.config.get("quoting")),
        loaded_at_field: configured("loaded_at_field"),
        loaded_at_query: configured("loaded_at_query"),
        freshness: Some(config::full(facts).get("freshness").cloned().unwrap_or_else(config::no_freshness)),
        external: source.location.as_ref().map(|(location, _)| json!({"location": location})),
        description: facts.description.clone(),
        columns: columns(facts),
        meta: meta(facts),
        source_meta: source.source_meta.clone(),
        tags: facts.config.tags().into_iter().map(str::to_owned).collect(),
        config: {
            // These have places of their own.
            let mut config = config::full(facts);
            config.retain(|key, _| !["quoting", "external"].contains(&key.as_str()));
            config
        },
        patch_path: None,
        unrendered_config: {
            let mut config = config::unrendered(facts);
            config.retain(|key, _| !["quoting", "external"].contains(&key.as_str()));
            // dbt writes these of sources merged, and the two of loading together.
            let full = config::full(facts);
            if config.contains_key("loaded_at_field") || config.contains_key("loaded_at_query") {
                config.entry("loaded_at_field").or_insert(Json::Null);
                config.entry("loaded_at_query").or_insert(Json::Null);
            }
            for key in ["tags", "meta", "freshness"] {
                if let (Some(set), Some(merged)) = (config.get_mut(key), full.get(key)) {
                    set.clone_from(merged);
                }
            }
            config
        },
        relation_name: Some(facts.relation.to_string()),
        created_at: context.created_at(),
        unrendered_database: None,
        unrendered_schema: None,
        doc_blocks: facts.doc_blocks.clone(),
    }
}

fn quoting(set: Option<&Json>) -> Quoting {
    let part = |key: &str| set.and_then(|it| it.get(key)).and_then(Json::as_bool);
    Quoting {
        database: part("database"),
        schema: part("schema"),
        identifier: part("identifier"),
        column: part("column"),
    }
}
