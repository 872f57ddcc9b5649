//! Artifacts of a command, gathered and written below the target folder.

use std::collections::BTreeMap;

use crate::artifacts::{self, CatalogEntry, CatalogKind};
use crate::cli::prepare::Loaded;
use crate::cli::{Settings, Stop};
use crate::dialect::type_name;
use crate::files::ProjectFiles;
use crate::parse::{NodeFacts, NodeId, NodeKind};
use crate::plan::ProjectPlan;
use crate::project::Json;
use crate::warehouse::Warehouse;

/// The SQL of everything planned.
pub(super) fn compiled_code(plan: &ProjectPlan) -> BTreeMap<NodeId, String> {
    let models = plan.models.iter().map(|(id, it)| (id.clone(), it.sql.clone()));
    models.chain(plan.tests.iter().map(|(id, it)| (id.clone(), it.sql.clone()))).collect()
}

/// What is known of every relation: columns from the plans, rows and bytes from the warehouse's records.
pub(super) async fn catalog_entries(loaded: &Loaded, plan: &ProjectPlan, warehouse: &Warehouse) -> Vec<CatalogEntry> {
    let mut entries = Vec::new();
    for node in loaded.graph.nodes() {
        let facts = &node.facts;
        let schema = plan.models.get(&facts.id).map(|it| &it.schema).or(plan.sources.get(&facts.id));
        let Some(schema) = schema else { continue };
        let (kind, is_source) = match &facts.kind {
            NodeKind::Source(source) if source.location.is_none() => (CatalogKind::Table, true),
            NodeKind::Source(_) => (CatalogKind::External, true),
            NodeKind::Seed | NodeKind::Snapshot(_) => (CatalogKind::Table, false),
            NodeKind::Model if facts.is_ephemeral() => continue,
            NodeKind::Model if facts.materialized() == "view" => (CatalogKind::View, false),
            NodeKind::Model => (CatalogKind::Table, false),
            _ => continue,
        };
        let record = if is_source { None } else { warehouse.existing(&facts.relation).await.1 };
        let comments = Comments::of(facts, schema.fields().iter().map(|it| it.name().as_str()));
        entries.push(CatalogEntry {
            comment: comments.relation,
            column_comments: comments.columns,
            id: facts.id.clone(),
            kind,
            relation: facts.relation.clone(),
            columns: schema.fields().iter().map(|it| (it.name().clone(), type_name(it.data_type()))).collect(),
            rows: record.as_ref().and_then(|it| it.rows),
            bytes: record.as_ref().and_then(|it| it.bytes),
            is_source,
        });
    }
    entries
}

/// What a database would keep as comments, because `persist_docs` says so.
#[derive(Default)]
struct Comments {
    relation: Option<String>,
    columns: BTreeMap<String, String>,
}

impl Comments {
    fn of<'a>(facts: &NodeFacts, names: impl Iterator<Item = &'a str>) -> Comments {
        let wanted = |part: &str| {
            let found = facts.config.get("persist_docs").and_then(|it| it.get(part)).and_then(Json::as_bool);
            found.unwrap_or(false)
        };
        let mut comments = Comments::default();
        if wanted("relation") && !facts.description.is_empty() {
            comments.relation = Some(facts.description.clone());
        }
        if wanted("columns") {
            for name in names {
                let described =
                    facts.columns.iter().find(|it| it.is_called(name)).filter(|it| !it.description.is_empty());
                comments.columns.extend(described.map(|it| (name.to_owned(), it.description.clone())));
            }
        }
        comments
    }
}

/// Writes `manifest.json`.
pub(super) fn write_manifest(
    settings: &Settings,
    loaded: &Loaded,
    compiled: &BTreeMap<NodeId, String>,
) -> Result<(), Stop> {
    let manifest = artifacts::manifest(&loaded.project, &loaded.graph, compiled);
    write_json(settings, loaded, "manifest.json", &manifest)
}

/// Writes one artifact as JSON.
pub(super) fn write_json(
    settings: &Settings,
    loaded: &Loaded,
    name: &str,
    artifact: &impl serde::Serialize,
) -> Result<(), Stop> {
    let is_of_run = ["manifest.json", "run_results.json"].contains(&name);
    if is_of_run && settings.flags.on("write-json") == Some(false) {
        return Ok(());
    }
    let bytes = serde_json::to_vec(artifact).map_err(Stop::outside)?;
    write(settings, loaded, name, &bytes)
}

/// Writes one artifact as JSON to a path that the user has chosen.
pub(super) fn write_json_to(settings: &Settings, path: &str, artifact: &impl serde::Serialize) -> Result<(), Stop> {
    let bytes = serde_json::to_vec(artifact).map_err(Stop::outside)?;
    settings.files.write(path, &bytes).map_err(|error| Stop::Outside(format!("cannot write {path}: {error}")))
}

/// Writes one file below the target folder, atomically.
pub(super) fn write(settings: &Settings, loaded: &Loaded, name: &str, content: &[u8]) -> Result<(), Stop> {
    let path = format!("{}/{name}", loaded.project.file.target_path);
    let written = settings.files.write(&path, content);
    written.map_err(|error| Stop::Outside(format!("cannot write {path}: {error}")))
}
