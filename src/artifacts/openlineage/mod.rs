//! OpenLineage events (<https://openlineage.io/spec/2-0-2/OpenLineage.json>) of a run and of its models and snapshots,
//! with the schema and the column lineage of what they make. Names are those that OpenLineage's own integration with dbt
//! gives: jobs `database.schema.package.model`, data sets `database.schema.alias`.
//!
//! An ephemeral model is no data set: lineage goes through it.

mod facets;
mod listener;

pub use listener::OpenLineageListener;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::artifacts::CatalogEntry;
use crate::artifacts::metadata::timestamp;
use crate::graph::{Graph, Node};
use crate::jinja::{Invocation, RelationName};
use crate::lineage::{Columns, Edge, NodeColumns, Relation, through};
use crate::parse::{NodeId, NodeKind};
use crate::project::{Json, Target};

use facets::{PRODUCER, column_lineage, facet};

/// What events are made from.
pub struct OpenLineage {
    invocation: Arc<Invocation>,
    graph: Arc<Graph>,
    columns: Columns,
    catalog: BTreeMap<NodeId, CatalogEntry>,
    compiled: BTreeMap<NodeId, String>,
    naming: OpenLineageNames,
}

/// What users decide about names.
#[derive(Debug, Clone, Default)]
pub struct OpenLineageNames {
    /// The namespace of jobs.
    pub namespace: String,
    /// The name of the whole run's job; by default `dbt-run-<project>`.
    pub job: Option<String>,
    /// The run that this one is part of: its namespace, job and run id.
    pub parent: Option<(String, String, String)>,
    /// The command that is run: `build` has names of its own for its jobs.
    pub command: String,
}

/// What has happened to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It begins.
    Start,
    /// It has ended well, with this many rows and bytes.
    Complete(Option<u64>, Option<u64>),
    /// It has failed, for this reason.
    Fail(String),
    /// It was stopped.
    Abort,
}

impl State {
    fn as_str(&self) -> &'static str {
        match self {
            State::Start => "START",
            State::Complete(..) => "COMPLETE",
            State::Fail(_) => "FAIL",
            State::Abort => "ABORT",
        }
    }
}

impl OpenLineage {
    /// Events of this invocation.
    pub fn new(
        invocation: &Arc<Invocation>,
        graph: &Arc<Graph>,
        columns: Columns,
        catalog: Vec<CatalogEntry>,
        naming: OpenLineageNames,
    ) -> OpenLineage {
        OpenLineage {
            invocation: Arc::clone(invocation),
            graph: Arc::clone(graph),
            columns,
            catalog: catalog.into_iter().map(|it| (it.id.clone(), it)).collect(),
            compiled: BTreeMap::new(),
            naming,
        }
    }

    /// With the SQL of its nodes.
    #[must_use]
    pub fn with_sql(mut self, compiled: BTreeMap<NodeId, String>) -> OpenLineage {
        self.compiled = compiled;
        self
    }

    /// An event of the whole run.
    pub fn run_event(&self, state: &State, at: DateTime<Utc>) -> Json {
        let parent = self.naming.parent.as_ref().map(|(namespace, job, run)| parent(namespace, job, run));
        let job = json!({"namespace": self.naming.namespace, "name": self.job_of_run(), "facets": {"jobType": job_type("JOB")}});
        self.event(state, at, &self.invocation.id, parent, job)
    }

    /// An event of a model or snapshot; `None` for what makes no data set of its own.
    pub fn node_event(&self, id: &NodeId, state: &State, at: DateTime<Utc>) -> Option<Json> {
        let node = self.graph.get(id).filter(|it| has_events(it))?;
        let parent = parent(&self.naming.namespace, &self.job_of_run(), &self.invocation.id);
        let run = run_id(&self.invocation.id, id);
        let mut event = self.event(state, at, &run, Some(parent), self.job(node));
        event["inputs"] = self.inputs(node).into();
        event["outputs"] = if matches!(state, State::Fail(_)) { json!([]) } else { json!([self.output(node, state)]) };
        Some(event)
    }

    /// What is known of a model without a run.
    pub fn job_event(&self, id: &NodeId) -> Option<Json> {
        let node = self.graph.get(id).filter(|it| has_events(it))?;
        Some(json!({
            "eventTime": timestamp(self.invocation.started_at),
            "producer": PRODUCER,
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent",
            "job": self.job(node),
            "inputs": self.inputs(node),
            "outputs": [self.output(node, &State::Start)],
        }))
    }

    fn event(&self, state: &State, at: DateTime<Utc>, run: &str, parent: Option<Json>, job: Json) -> Json {
        let engine = json!({"name": "arrowmill", "version": env!("CARGO_PKG_VERSION")});
        let mut run_facets = serde_json::Map::new();
        run_facets.insert("processing_engine".to_owned(), facet("1-1-1", "ProcessingEngineRunFacet", engine));
        run_facets.extend(parent.map(|it| ("parent".to_owned(), it)));
        if let State::Fail(message) = state {
            let content = json!({"message": message, "programmingLanguage": "SQL"});
            run_facets.insert("errorMessage".to_owned(), facet("1-0-1", "ErrorMessageRunFacet", content));
        }
        json!({
            "eventType": state.as_str(),
            "eventTime": timestamp(at),
            "producer": PRODUCER,
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {"runId": run, "facets": run_facets},
            "job": job,
            "inputs": [],
            "outputs": [],
        })
    }

    fn job_of_run(&self) -> String {
        self.naming.job.clone().unwrap_or_else(|| format!("dbt-run-{}", self.invocation.project))
    }

    fn job(&self, node: &Node) -> Json {
        let is_build = self.naming.command == "build";
        let (kind, ending) = match node.facts.kind {
            NodeKind::Snapshot(_) if is_build => ("SNAPSHOT", ".build.snapshot"),
            NodeKind::Snapshot(_) => ("SNAPSHOT", ".snapshot"),
            _ if is_build => ("MODEL", ".build.run"),
            _ => ("MODEL", ""),
        };
        let relation = &node.facts.relation;
        let id = node.facts.id.as_str().split_once('.').map_or("", |(_, rest)| rest);
        let mut job_facets = serde_json::Map::new();
        job_facets.insert("jobType".to_owned(), job_type(kind));
        if let Some(sql) = self.compiled.get(&node.facts.id) {
            job_facets.insert("sql".to_owned(), facet("1-1-0", "SQLJobFacet", json!({"query": sql})));
        }
        let name = format!("{}.{}.{id}{ending}", relation.database, relation.schema);
        json!({"namespace": self.naming.namespace, "name": name, "facets": job_facets})
    }

    /// What a node reads, ephemeral models replaced by what they read.
    fn inputs(&self, node: &Node) -> Vec<Json> {
        let mut read: BTreeMap<&NodeId, &Node> = BTreeMap::new();
        let mut open: Vec<&NodeId> = node.inputs.iter().collect();
        while let Some(id) = open.pop() {
            let Some(input) = self.graph.get(id) else { continue };
            if input.facts.is_ephemeral() {
                open.extend(&input.inputs);
            } else if matches!(input.facts.kind, NodeKind::Source(_)) || input.facts.can_be_read() {
                read.insert(id, input);
            }
        }
        let input = |it: &&Node| {
            let mut dataset = self.dataset(&it.facts.relation);
            dataset["facets"] = Json::Object(self.facets(it));
            dataset
        };
        read.values().map(input).collect()
    }

    fn output(&self, node: &Node, state: &State) -> Json {
        let mut dataset = self.dataset(&node.facts.relation);
        let mut own = self.facets(node);
        let columns = self.columns_of(node);
        if columns.columns.iter().any(|it| !it.edges.is_empty()) || !columns.rows.is_empty() {
            own.insert("columnLineage".to_owned(), column_lineage(&columns, &|edge| self.dataset_of(edge)));
        }
        dataset["facets"] = Json::Object(own);
        if let State::Complete(rows, bytes) = state
            && rows.or(*bytes).is_some()
        {
            let counts = [("rowCount", rows), ("size", bytes)];
            let counts = counts.into_iter().filter_map(|(key, it)| Some((key.to_owned(), Json::from((*it)?))));
            let content = Json::Object(counts.collect());
            let statistics = facet("1-0-2", "OutputStatisticsOutputDatasetFacet", content);
            dataset["outputFacets"] = json!({"outputStatistics": statistics});
        }
        dataset
    }

    fn columns_of(&self, node: &Node) -> NodeColumns {
        let passes = |id: &NodeId| self.graph.get(id).is_some_and(|it| it.facts.is_ephemeral());
        through(&self.columns, &node.facts.id, &passes)
    }

    /// Schema and descriptions.
    fn facets(&self, node: &Node) -> serde_json::Map<String, Json> {
        let mut own = serde_json::Map::new();
        let uri = namespace(&self.invocation.target);
        own.insert("dataSource".to_owned(), facet("1-0-1", "DatasourceDatasetFacet", json!({"name": uri, "uri": uri})));
        if !node.facts.description.is_empty() {
            let content = json!({"description": node.facts.description});
            own.insert("documentation".to_owned(), facet("1-1-0", "DocumentationDatasetFacet", content));
        }
        if let Some(entry) = self.catalog.get(&node.facts.id) {
            let field = |(name, data_type): &(String, String)| {
                let described = node.facts.columns.iter().find(|it| it.name.eq_ignore_ascii_case(name));
                let mut field = json!({"name": name, "type": data_type});
                if let Some(described) = described.filter(|it| !it.description.is_empty()) {
                    field["description"] = described.description.clone().into();
                }
                field
            };
            let fields: Vec<Json> = entry.columns.iter().map(field).collect();
            own.insert("schema".to_owned(), facet("1-2-0", "SchemaDatasetFacet", json!({"fields": fields})));
        }
        own
    }

    fn dataset(&self, relation: &RelationName) -> Json {
        json!({"namespace": namespace(&self.invocation.target), "name": dataset_name(relation)})
    }

    fn dataset_of(&self, edge: &Edge) -> Option<(String, String)> {
        let name = match &edge.from.relation {
            Relation::Node(id) => dataset_name(&self.graph.get(id)?.facts.relation),
            Relation::Outside(name) => name.clone(),
        };
        Some((namespace(&self.invocation.target), name))
    }
}

fn has_events(node: &Node) -> bool {
    match node.facts.kind {
        NodeKind::Model => !node.facts.is_ephemeral(),
        NodeKind::Snapshot(_) => true,
        _ => false,
    }
}

/// Where the data sets are: `duckdb://<path>` of a target of that type, as with dbt, and else the warehouse.
fn namespace(target: &Target) -> String {
    let path = target.raw.get("path").and_then(Json::as_str).filter(|_| target.kind != "datafusion");
    format!("{}://{}", target.kind, path.unwrap_or(&target.warehouse))
}

fn dataset_name(relation: &RelationName) -> String {
    let parts = [&relation.database, &relation.schema, &relation.identifier];
    parts.into_iter().filter(|it| !it.is_empty()).map(String::as_str).collect::<Vec<_>>().join(".")
}

fn job_type(kind: &str) -> Json {
    let content = json!({"processingType": "BATCH", "integration": "DBT", "jobType": kind});
    facet("2-0-4", "JobTypeJobFacet", content)
}

fn parent(namespace: &str, job: &str, run: &str) -> Json {
    let content = json!({"run": {"runId": run}, "job": {"namespace": namespace, "name": job}});
    facet("1-2-0", "ParentRunFacet", content)
}

/// A node's part of a run is a run of its own, whose identity follows from both.
fn run_id(invocation: &str, id: &NodeId) -> String {
    let hash = blake3::hash(format!("{invocation} {id}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}
