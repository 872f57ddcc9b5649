//! Graphs from text, for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostics::{SourceText, Span};
use crate::graph::{Graph, Node};
use crate::jinja::{RefCall, RelationName, SourceCall};
use crate::parse::{
    Column, ExposureFacts, FixtureRows, ModelFacts, NodeFacts, NodeId, NodeKind, RowFormat, Rows, SemanticFacts,
    SnapshotFacts, SourceFacts, TestFacts, TestForm, UnitTestFacts, UseOf,
};
use crate::project::{Config, Json, Version};

/// A graph from lines such as `raw.events -> a -> b`, `test_b <- a b` and `a: path=models/x/a.sql tags=["x"]`.
///
/// A dot makes a source, the prefixes `seed_`, `analysis_`, `exposure_`, `metric_`, `saved_query_`, `semantic_model_`,
/// `snapshot_`, `unit_test_` and `test_` what they say, `not_null_` and `unique_` generic tests; all others are models. What is no key of [`Sketch::set`] is configuration.
pub(in crate::select) fn graph(text: &str) -> Graph {
    let mut sketches: BTreeMap<String, Sketch> = BTreeMap::new();
    for line in text.split(['\n', ';']).map(str::trim).filter(|it| !it.is_empty()) {
        if let Some((name, inputs)) = line.split_once("<-") {
            for input in inputs.split_whitespace() {
                sketches.entry(input.to_owned()).or_default();
                sketches.entry(name.trim().to_owned()).or_default().inputs.push(input.to_owned());
            }
        } else if let Some((name, settings)) = line.split_once(": ") {
            let sketch = sketches.entry(name.to_owned()).or_default();
            for (key, value) in settings.split_whitespace().map(|it| it.split_once('=').unwrap()) {
                sketch.set(key, value);
            }
        } else {
            let chain: Vec<&str> = line.split("->").map(str::trim).collect();
            for name in &chain {
                sketches.entry((*name).to_owned()).or_default();
            }
            for pair in chain.windows(2) {
                sketches.entry(pair[1].to_owned()).or_default().inputs.push(pair[0].to_owned());
            }
        }
    }
    let mut waiting: Vec<(&String, &Sketch)> = sketches.iter().collect();
    let mut sorted: IndexMap<NodeId, Node> = IndexMap::new();
    while !waiting.is_empty() {
        let (ready, rest): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|(_, sketch)| sketch.inputs.iter().all(|it| sorted.contains_key(&sketches[it].id(it))));
        assert!(!ready.is_empty(), "a circle in {text}");
        for (name, sketch) in ready {
            sorted.insert(sketch.id(name), sketch.node(name, |input| sketches[input].id(input)));
        }
        waiting = rest;
    }
    Graph::from_sorted(sorted)
}

#[derive(Default)]
struct Sketch {
    inputs: Vec<String>,
    path: Option<String>,
    patch: Option<String>,
    package: Option<String>,
    inherited: Vec<String>,
    columns: Vec<Json>,
    called: Option<String>,
    model: ModelFacts,
    config: Config,
}

impl Sketch {
    fn set(&mut self, key: &str, value: &str) {
        let json = || serde_json::from_str(value).unwrap_or_else(|_| Json::from(value));
        match key {
            "path" => self.path = Some(value.to_owned()),
            "patch" => self.patch = Some(value.to_owned()),
            "package" => self.package = Some(value.to_owned()),
            "inherited" => self.inherited.push(value.to_owned()),
            "column" => self.columns.push(json()),
            "called" => self.called = Some(value.to_owned()),
            "v" => self.model.version = Version::from_json(&json()),
            "latest" => self.model.latest_version = Version::from_json(&json()),
            key => self.config.set(key, json(), None),
        }
    }

    fn package(&self) -> String {
        self.package.clone().unwrap_or_else(|| "shop".to_owned())
    }

    fn id(&self, name: &str) -> NodeId {
        NodeId::new(format!("{}.{name}", self.package()))
    }

    fn node(&self, name: &str, id_of: impl Fn(&String) -> NodeId) -> Node {
        let package = self.package();
        let path = self.path.clone().unwrap_or_else(|| format!("models/{name}.sql"));
        let source = SourceText::new(path.clone(), "");
        let span = Span::file(&source);
        let mut fqn = vec![package.clone()];
        let below = path.split_once("models/").map_or(path.as_str(), |(_, below)| below);
        fqn.extend(below.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev().map(str::to_owned));
        let called = self.called.as_deref().unwrap_or(name);
        fqn.extend(called.split('.').map(str::to_owned));
        fqn.extend(self.model.version.as_ref().map(Version::to_string));
        let column = |it: &Json| Column {
            name: it["name"].as_str().unwrap().to_owned(),
            description: String::new(),
            data_type: None,
            tags: it["tags"].as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned()).collect(),
            meta: Json::Null,
            constraints: Vec::new(),
            quote: None,
            granularity: None,
            doc_blocks: Vec::new(),
            span: span.clone(),
        };
        let facts = NodeFacts {
            id: self.id(name),
            name: called.rsplit('.').next().unwrap().to_owned(),
            kind: self.kind(name),
            package,
            path,
            fqn,
            config: self.config.clone(),
            relation: RelationName::new("db", "main", name),
            source: Arc::clone(&source),
            columns: self.columns.iter().map(column).collect(),
            span,
            description: String::new(),
            patch_path: self.patch.clone(),
            doc_blocks: Vec::new(),
            model: self.model.clone(),
            checksum: None,
        };
        let is_generic = matches!(&facts.kind, NodeKind::Test(it) if matches!(it.form, TestForm::Generic { .. }));
        let mut inputs: Vec<NodeId> = self.inputs.iter().map(&id_of).collect();
        let tested = inputs.first().filter(|_| is_generic).cloned();
        inputs.sort();
        Node { facts, inputs, calls: Arc::default(), macros: Vec::new(), tested }
    }

    fn kind(&self, name: &str) -> NodeKind {
        let generic = ["not_null", "unique"].into_iter().find(|it| name.starts_with(&format!("{it}_")));
        if let Some(kind) = generic {
            let form = TestForm::Generic {
                kind: kind.to_owned(),
                namespace: None,
                arguments: serde_json::Map::new(),
                column: None,
                of: use_of(&self.inputs[0]),
            };
            return NodeKind::Test(TestFacts { form, inherited_tags: self.inherited.clone(), inherited_group: None });
        }
        let semantic = || SemanticFacts { raw: Json::Null, metrics: Vec::new(), measures: Vec::new() };
        match name.split(['_', '.']).next() {
            _ if name.contains('.') => NodeKind::Source(SourceFacts {
                source: name.split('.').next().unwrap().to_owned(),
                source_description: String::new(),
                source_meta: Json::Null,
                loader: String::new(),
                location: None,
                ingest: None,
            }),
            Some("seed") => NodeKind::Seed,
            Some("analysis") => NodeKind::Analysis,
            Some("exposure") => NodeKind::Exposure(ExposureFacts { raw: Json::Null }),
            Some("metric") => NodeKind::Metric(semantic()),
            Some("saved") => NodeKind::SavedQuery(semantic()),
            Some("semantic") => NodeKind::SemanticModel(semantic()),
            Some("snapshot") => NodeKind::Snapshot(SnapshotFacts::unread(String::new())),
            Some("test") => NodeKind::Test(TestFacts {
                form: TestForm::Singular,
                inherited_tags: self.inherited.clone(),
                inherited_group: None,
            }),
            Some("unit") => NodeKind::UnitTest(Box::new(unit_test())),
            _ => NodeKind::Model,
        }
    }
}

fn unit_test() -> UnitTestFacts {
    let rows = Rows::Values(Vec::new());
    let span = Span::file(&SourceText::new("", ""));
    UnitTestFacts {
        model: String::new(),
        given: Vec::new(),
        expect: FixtureRows { format: RowFormat::Dict, rows, fixture: None, span },
        overrides: None,
        version: None,
        versions: None,
        schema: String::new(),
        checksum: String::new(),
    }
}

fn use_of(name: &str) -> UseOf {
    match name.split_once('.') {
        Some((source, table)) => UseOf::Source(SourceCall { source: source.to_owned(), table: table.to_owned() }),
        None => UseOf::Ref(RefCall { package: None, name: name.to_owned(), version: None }),
    }
}
