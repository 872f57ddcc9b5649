//! `manifest.json`, version 12: everything known of a project before it runs.
//! Same keys in the same order as dbt 1.11 writes them; what Arrowmill has no notion of gets dbt's default.

mod config;
mod contract;
mod definitions;
mod exposure;
mod node;
mod place;
mod semantics;
mod source;
mod unit_test;

pub use definitions::{DocBlock, ManifestMacro};
pub use exposure::ManifestExposure;
pub use node::{Checksum, CompiledCode, ManifestColumn, ManifestNode, Particulars, QueryParticulars};
pub use place::compiled_path;
pub use source::ManifestSource;

use std::collections::{BTreeMap, BTreeSet};

use md5::{Digest, Md5};
use serde::Serialize;

use crate::artifacts::Metadata;
use crate::artifacts::metadata::timestamp;
use crate::diagnostics::Diagnostics;
use crate::graph::{Graph, Node};
use crate::jinja::{Macros, RefCall};
use crate::parse::{NodeId, NodeKind, ParsedNode, ParsedProject};
use crate::project::Json;
use crate::select::Selectors;

/// The artifact.
#[derive(Debug, Clone, Serialize)]
pub struct Manifest {
    /// Schema, run and project.
    pub metadata: ManifestMetadata,
    /// Models, seeds, snapshots, analyses, tests and hooks of the run.
    pub nodes: BTreeMap<String, ManifestNode>,
    /// Sources.
    pub sources: BTreeMap<String, ManifestSource>,
    /// The project's own macros.
    pub macros: BTreeMap<String, ManifestMacro>,
    /// Documentation blocks.
    pub docs: BTreeMap<String, DocBlock>,
    /// Exposures.
    pub exposures: BTreeMap<String, ManifestExposure>,
    /// Metrics.
    pub metrics: BTreeMap<String, Json>,
    /// Groups.
    pub groups: BTreeMap<String, Json>,
    /// The selectors of `selectors.yml`.
    pub selectors: serde_json::Map<String, Json>,
    /// Nodes that are switched off.
    pub disabled: BTreeMap<String, Vec<Json>>,
    /// What each node needs.
    pub parent_map: BTreeMap<String, Vec<String>>,
    /// What needs each node.
    pub child_map: BTreeMap<String, Vec<String>>,
    /// The nodes of each group.
    pub group_map: BTreeMap<String, Vec<String>>,
    /// Saved queries.
    pub saved_queries: BTreeMap<String, Json>,
    /// Semantic models.
    pub semantic_models: BTreeMap<String, Json>,
    /// Unit tests.
    pub unit_tests: BTreeMap<String, Json>,
    /// Functions.
    pub functions: BTreeMap<String, ManifestNode>,
}

/// The manifest's head.
#[derive(Debug, Clone, Serialize)]
pub struct ManifestMetadata {
    /// What all artifacts have.
    #[serde(flatten)]
    pub common: Metadata,
    /// The root project's name.
    pub project_name: String,
    /// Its MD5, as dbt identifies projects.
    pub project_id: String,
    /// Nobody is identified.
    pub user_id: Option<String>,
    /// Nothing is sent.
    pub send_anonymous_usage_stats: bool,
    /// The target's type.
    pub adapter_type: String,
    /// Which parts of names are quoted.
    pub quoting: Quoting,
    /// When the run began.
    pub run_started_at: String,
}

/// Which parts of names are quoted; `None` where nothing is said.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Quoting {
    database: Option<bool>,
    schema: Option<bool>,
    identifier: Option<bool>,
    column: Option<bool>,
}

/// A `ref` as written.
#[derive(Debug, Clone, Serialize)]
pub struct RefText {
    name: String,
    package: Option<String>,
    version: Option<Json>,
}

impl From<&RefCall> for RefText {
    fn from(call: &RefCall) -> RefText {
        // Numbers are written as such, as people write them in calls.
        let version =
            |it: &String| it.parse::<serde_json::Number>().map_or_else(|_| Json::from(it.as_str()), Json::Number);
        RefText { name: call.name.clone(), package: call.package.clone(), version: call.version.as_ref().map(version) }
    }
}

/// What something needs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DependsOn {
    /// Ids of macros.
    pub macros: Vec<String>,
    /// Ids of nodes.
    pub nodes: Vec<String>,
}

/// What all parts of a manifest are made from.
struct Context<'a> {
    project: &'a ParsedProject,
    graph: &'a Graph,
    compiled: &'a BTreeMap<NodeId, String>,
}

impl Context<'_> {
    fn macros(&self) -> &Macros {
        self.project.templates.macros()
    }

    fn resolved(&self, parsed: &ParsedNode) -> Option<&Node> {
        self.graph.get(&parsed.facts.id)
    }

    fn depends_on(&self, parsed: &ParsedNode) -> DependsOn {
        let inputs = self.resolved(parsed).map(|it| it.inputs.as_slice()).unwrap_or_default();
        let called = parsed.macros.iter().filter_map(|it| self.macros().find(it, &parsed.facts.package));
        DependsOn {
            macros: called.map(definitions::macro_id).collect(),
            nodes: inputs.iter().map(ToString::to_string).collect(),
        }
    }

    /// Seconds since 1970: the run's clock, so that the same input gives the same bytes.
    fn created_at(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "dbt writes seconds as a float; microseconds fit until 2255")]
        let micros = self.project.invocation.started_at.timestamp_micros() as f64;
        micros / 1e6
    }
}

/// The manifest of a project. `compiled` holds the final SQL of the nodes that have been compiled.
pub fn manifest(project: &ParsedProject, graph: &Graph, compiled: &BTreeMap<NodeId, String>) -> Manifest {
    let context = Context { project, graph, compiled };
    let mut manifest = Manifest {
        metadata: metadata(project),
        nodes: BTreeMap::new(),
        sources: BTreeMap::new(),
        macros: definitions::macros(project, context.created_at()),
        docs: definitions::doc_blocks(project),
        exposures: BTreeMap::new(),
        metrics: BTreeMap::new(),
        groups: project.groups.iter().map(|it| (it.id(), semantics::group(&context, it))).collect(),
        selectors: Selectors::of(project, &mut Diagnostics::new()).listed,
        disabled: BTreeMap::new(),
        parent_map: BTreeMap::new(),
        child_map: BTreeMap::new(),
        group_map: project.groups.iter().map(|it| (it.name.clone(), Vec::new())).collect(),
        saved_queries: BTreeMap::new(),
        semantic_models: BTreeMap::new(),
        unit_tests: BTreeMap::new(),
        functions: BTreeMap::new(),
    };
    // What could not be resolved is not in the graph: it has been reported, and is nobody's parent.
    // dbt knows no monitors, and readers of manifests refuse what it does not know.
    let is_monitor = |id: &NodeId| graph.get(id).is_some_and(|it| matches!(it.facts.kind, NodeKind::Monitor(_)));
    let resolved = |it: &&ParsedNode| graph.get(&it.facts.id).is_some() && !is_monitor(&it.facts.id);
    for parsed in project.nodes.iter().filter(resolved) {
        let id = parsed.facts.id.to_string();
        let texts = |ids: &[NodeId]| -> Vec<String> {
            ids.iter().filter(|it| !is_monitor(it)).map(ToString::to_string).collect()
        };
        manifest.parent_map.insert(id.clone(), texts(graph.parents(&parsed.facts.id)));
        manifest.child_map.insert(id.clone(), texts(graph.children(&parsed.facts.id)));
        if let Some(of_group) = parsed.facts.group().and_then(|it| manifest.group_map.get_mut(it)) {
            of_group.push(id.clone());
        }
        match &parsed.facts.kind {
            NodeKind::Source(facts) => {
                manifest.sources.insert(id, source::source(&context, parsed, facts));
            }
            NodeKind::Exposure(facts) => {
                manifest.exposures.insert(id, exposure::exposure(&context, parsed, facts));
            }
            NodeKind::Metric(facts) => {
                manifest.metrics.insert(id, semantics::semantic(&context, parsed, facts));
            }
            NodeKind::SavedQuery(facts) => {
                manifest.saved_queries.insert(id, semantics::semantic(&context, parsed, facts));
            }
            NodeKind::SemanticModel(facts) => {
                manifest.semantic_models.insert(id, semantics::semantic(&context, parsed, facts));
            }
            NodeKind::UnitTest(facts) => {
                manifest.unit_tests.insert(id, unit_test::unit_test(&context, parsed, facts));
            }
            NodeKind::Function(_) => {
                manifest.functions.insert(id, node::node(&context, parsed));
            }
            NodeKind::Monitor(_) => {}
            NodeKind::Analysis
            | NodeKind::Model
            | NodeKind::Operation(_)
            | NodeKind::Seed
            | NodeKind::Snapshot(_)
            | NodeKind::Test(_) => {
                manifest.nodes.insert(id, node::node(&context, parsed));
            }
        }
    }
    for parsed in &project.disabled {
        let entry = match &parsed.facts.kind {
            NodeKind::Source(facts) => serde_json::to_value(source::source(&context, parsed, facts)),
            NodeKind::Exposure(facts) => serde_json::to_value(exposure::exposure(&context, parsed, facts)),
            NodeKind::Metric(facts) | NodeKind::SavedQuery(facts) | NodeKind::SemanticModel(facts) => {
                Ok(semantics::semantic(&context, parsed, facts))
            }
            NodeKind::UnitTest(facts) => Ok(unit_test::unit_test(&context, parsed, facts)),
            NodeKind::Monitor(_) => continue,
            NodeKind::Analysis
            | NodeKind::Function(_)
            | NodeKind::Model
            | NodeKind::Operation(_)
            | NodeKind::Seed
            | NodeKind::Snapshot(_)
            | NodeKind::Test(_) => serde_json::to_value(node::node(&context, parsed)),
        };
        manifest.disabled.entry(parsed.facts.id.to_string()).or_default().extend(entry.ok());
    }
    infer_primary_keys(&mut manifest.nodes, project, graph);
    manifest
}

fn metadata(project: &ParsedProject) -> ManifestMetadata {
    let invocation = &project.invocation;
    let name = &project.file.name.value;
    let project_id = Md5::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    ManifestMetadata {
        common: Metadata::new("manifest/v12", invocation, invocation.started_at),
        project_name: name.clone(),
        project_id,
        user_id: None,
        send_anonymous_usage_stats: false,
        adapter_type: invocation.target.kind.clone(),
        quoting: Quoting { database: Some(true), schema: Some(true), identifier: Some(true), column: None },
        run_started_at: timestamp(invocation.started_at),
    }
}

/// As dbt infers it (`ModelNode.infer_primary_key`): columns tested for `unique` and `not_null`, else for `unique`.
fn infer_primary_keys(nodes: &mut BTreeMap<String, ManifestNode>, project: &ParsedProject, graph: &Graph) {
    let mut unique: BTreeMap<&NodeId, BTreeSet<String>> = BTreeMap::new();
    let mut not_null: BTreeMap<&NodeId, BTreeSet<String>> = BTreeMap::new();
    for parsed in &project.nodes {
        let Some(tested) = graph.get(&parsed.facts.id).and_then(|it| it.tested.as_ref()) else { continue };
        let NodeKind::Test(test) = &parsed.facts.kind else { continue };
        let crate::parse::TestForm::Generic { kind, arguments, .. } = &test.form else { continue };
        let columns = match (arguments.get("column_name"), arguments.get("combination_of_columns")) {
            (Some(Json::String(column)), _) => vec![column.clone()],
            (None, Some(Json::Array(columns))) => columns.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
            (_, _) => continue,
        };
        match kind.as_str() {
            "unique" | "unique_combination_of_columns" => unique.entry(tested).or_default().extend(columns),
            "not_null" => not_null.entry(tested).or_default().extend(columns),
            _ => {}
        }
    }
    for (id, unique) in unique {
        let both: Vec<String> =
            not_null.get(id).map(|it| it.intersection(&unique).cloned().collect()).unwrap_or_default();
        let key = if both.is_empty() { unique.into_iter().collect() } else { both };
        if let Some(node) = nodes.get_mut(id.as_str()) {
            node.set_primary_key(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts::tests::project;

    fn small() -> Json {
        let (project, graph) = project();
        let compiled = BTreeMap::from([(NodeId::new("model.shop.fct_orders"), "select id from x".to_owned())]);
        serde_json::to_value(manifest(&project, &graph, &compiled)).unwrap()
    }

    #[test]
    fn everything_is_in_its_section() {
        let json = small();
        let keys = |section: &str| json[section].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let nodes = keys("nodes").join(" ");
        let expected = [
            "model.shop.fct_orders",
            "model.shop.stg_orders",
            "seed.shop.countries",
            "test.shop.no_orders_below_zero",
            "test.shop.not_null_fct_orders_id.",
            "test.shop.unique_fct_orders_id.",
        ];
        assert!(expected.iter().all(|it| nodes.contains(it)) && keys("nodes").len() == 6, "{nodes}");
        assert_eq!(keys("sources"), ["source.shop.raw.orders"]);
        assert_eq!(keys("exposures"), ["exposure.shop.weekly"]);
        assert_eq!(keys("macros"), ["macro.shop.cents"]);
        assert_eq!(keys("disabled"), ["model.shop.off"]);
        assert_eq!(json["parent_map"]["model.shop.fct_orders"], serde_json::json!(["model.shop.stg_orders"]));
        assert_eq!(json["metadata"]["project_id"].as_str().unwrap().len(), 32);
    }

    #[test]
    fn a_model_has_its_text_its_sql_and_its_key() {
        let json = small();
        let model = &json["nodes"]["model.shop.fct_orders"];
        assert_eq!(model["path"], "marts/fct_orders.sql");
        assert_eq!(model["patch_path"], "shop://models/all.yml");
        assert_eq!(model["compiled_code"], "select id from x");
        assert_eq!(model["primary_key"], serde_json::json!(["id"]));
        assert_eq!(model["config"]["materialized"], "table");
        assert_eq!(model["config"]["on_schema_change"], "ignore");
        assert_eq!(model["tags"], serde_json::json!(["nightly"]));
        assert!(json["nodes"]["model.shop.stg_orders"].get("compiled").is_none());
        assert_eq!(
            json["nodes"]["model.shop.stg_orders"]["depends_on"],
            serde_json::json!({"macros": ["macro.shop.cents"], "nodes": ["source.shop.raw.orders"]})
        );
    }
}
