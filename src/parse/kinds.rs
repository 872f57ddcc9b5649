//! The kinds of nodes, with what only nodes of one kind have.

use std::sync::Arc;

use crate::diagnostics::Span;
use crate::jinja::{RefCall, RelationName, SourceCall};
use crate::monitors::Monitor;
use crate::parse::snapshots::SnapshotFacts;
use crate::parse::unit_tests::UnitTestFacts;
use crate::project::{IngestProperties, Json, Located};

/// What only nodes of one kind have.
#[derive(Debug, Clone)]
pub enum NodeKind {
    /// A query that is compiled and not run.
    Analysis,
    /// A use outside of the project.
    Exposure(ExposureFacts),
    /// A function in SQL.
    Function(FunctionFacts),
    /// A number that other tools compute.
    Metric(SemanticFacts),
    /// A query that becomes a relation.
    Model,
    /// A question whose answer may change from day to day.
    Monitor(MonitorFacts),
    /// A hook around the run.
    Operation(OperationFacts),
    /// A query over metrics.
    SavedQuery(SemanticFacts),
    /// A CSV file that becomes a relation.
    Seed,
    /// What a model means, for other tools.
    SemanticModel(SemanticFacts),
    /// A relation that keeps what a query gave earlier.
    Snapshot(SnapshotFacts),
    /// A relation that others write.
    Source(SourceFacts),
    /// A question whose answer should be no rows.
    Test(TestFacts),
    /// What a model should give for rows that the test brings along.
    UnitTest(Box<UnitTestFacts>),
}

/// What only sources have.
#[derive(Debug, Clone)]
pub struct SourceFacts {
    /// The source's name.
    pub source: String,
    /// Its description.
    pub source_description: String,
    /// Its meta, the table's own apart.
    pub source_meta: Json,
    /// Who loads it.
    pub loader: String,
    /// Where its files are, with names put in, and where that is written. What is taken in is read from the warehouse.
    pub location: Option<(String, Option<Span>)>,
    /// How its raw files are taken in, names put in its location.
    pub ingest: Option<Arc<IngestProperties>>,
}

/// What only exposures have.
#[derive(Debug, Clone)]
pub struct ExposureFacts {
    /// Everything written about it.
    pub raw: Json,
}

/// What only monitors have.
#[derive(Debug, Clone)]
pub struct MonitorFacts {
    /// What it asks and how it judges.
    pub monitor: Monitor,
    /// What it is about, where that is one relation.
    pub of: Option<Watched>,
}

/// What a monitor is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watched {
    /// A node.
    Node(UseOf),
    /// A table of the warehouse that no node of the project is.
    Table(RelationName),
}

impl Watched {
    /// As people call it: `orders`, `raw.orders`.
    pub fn shown(&self) -> String {
        match self {
            Watched::Node(UseOf::Ref(call)) => call.name.clone(),
            Watched::Node(UseOf::Source(call)) => format!("{}.{}", call.source, call.table),
            Watched::Table(name) => format!("{}.{}", name.schema, name.identifier),
        }
    }
}

/// What only functions have.
#[derive(Debug, Clone)]
pub struct FunctionFacts {
    /// What it takes: `name`, `data_type`, `description`, `default_value` each.
    pub arguments: Vec<Located<Json>>,
    /// What it gives: `data_type` and `description`.
    pub returns: Option<Located<Json>>,
    /// What it is written in, by the ending of its file.
    pub language: Language,
}

/// What a function is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// JavaScript.
    JavaScript,
    /// Python.
    Python,
    /// SQL, with templates.
    #[default]
    Sql,
}

impl Language {
    /// The language of a file.
    pub fn of(path: &str) -> Language {
        match path.rsplit_once('.') {
            Some((_, "js")) => Language::JavaScript,
            Some((_, "py")) => Language::Python,
            _ => Language::Sql,
        }
    }

    /// dbt's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Language::JavaScript => "javascript",
            Language::Python => "python",
            Language::Sql => "sql",
        }
    }
}

/// What only hooks around the run have.
#[derive(Debug, Clone)]
pub struct OperationFacts {
    /// When it is carried out.
    pub when: HookTime,
    /// Its place among those of its package and time.
    pub index: usize,
}

/// When a hook of the run is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookTime {
    /// Before all nodes.
    Start,
    /// After all nodes.
    End,
}

impl HookTime {
    /// The key in the project file.
    pub fn as_str(self) -> &'static str {
        match self {
            HookTime::Start => "on-run-start",
            HookTime::End => "on-run-end",
        }
    }
}

/// What only semantic models, metrics and saved queries have.
#[derive(Debug, Clone)]
pub struct SemanticFacts {
    /// Everything written about it.
    pub raw: Json,
    /// Metrics that it is made of, by name, with their places.
    pub metrics: Vec<Located<String>>,
    /// Measures that it is made of.
    pub measures: Vec<Located<String>>,
}

/// How a test is written.
#[derive(Debug, Clone)]
pub enum TestForm {
    /// A query in a file of its own.
    Singular,
    /// A use of a kind of test.
    Generic {
        /// The kind: `not_null`, a macro's name without `test_`.
        kind: String,
        /// The package named in front of the kind.
        namespace: Option<String>,
        /// Arguments as written, `column_name` included.
        arguments: serde_json::Map<String, Json>,
        /// The column that the test stands under.
        column: Option<String>,
        /// The model, seed or source that it is about.
        of: UseOf,
    },
}

/// A name of something that can be tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UseOf {
    /// By `ref`.
    Ref(RefCall),
    /// By `source`.
    Source(SourceCall),
}

/// What only tests have.
#[derive(Debug, Clone)]
pub struct TestFacts {
    /// How it is written.
    pub form: TestForm,
    /// Tags that it has from the column or source that it stands under.
    pub inherited_tags: Vec<String>,
    /// The group of what it is about.
    pub inherited_group: Option<String>,
}
