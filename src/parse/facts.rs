//! What is known of a node after parsing.

use std::fmt;
use std::sync::Arc;

use crate::diagnostics::{SourceText, Span};
use crate::jinja::{RefCall, RelationName, SourceCall};
use crate::project::{Config, Json};

/// dbt's `unique_id`: `model.clickstream.fct_funnel`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// From the text of a `unique_id`.
    pub fn new(text: impl AsRef<str>) -> Self {
        NodeId(Arc::from(text.as_ref()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// dbt's resource types, as far as Arrowmill has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceType {
    /// A query that is compiled and not run.
    Analysis,
    /// A use outside of the project.
    Exposure,
    /// A query that becomes a relation.
    Model,
    /// A CSV file of the project that becomes a relation.
    Seed,
    /// A relation that others write.
    Source,
    /// A question whose answer should be no rows.
    Test,
}

impl ResourceType {
    /// All of them.
    pub const ALL: [ResourceType; 6] = [
        ResourceType::Analysis,
        ResourceType::Exposure,
        ResourceType::Model,
        ResourceType::Seed,
        ResourceType::Source,
        ResourceType::Test,
    ];

    /// dbt's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            ResourceType::Analysis => "analysis",
            ResourceType::Exposure => "exposure",
            ResourceType::Model => "model",
            ResourceType::Seed => "seed",
            ResourceType::Source => "source",
            ResourceType::Test => "test",
        }
    }
}

/// What only nodes of one kind have.
#[derive(Debug, Clone)]
pub enum NodeKind {
    /// A query that is compiled and not run.
    Analysis,
    /// A use outside of the project.
    Exposure(ExposureFacts),
    /// A query that becomes a relation.
    Model,
    /// A CSV file that becomes a relation.
    Seed,
    /// A relation that others write.
    Source(SourceFacts),
    /// A question whose answer should be no rows.
    Test(TestFacts),
}

/// What only sources have.
#[derive(Debug, Clone)]
pub struct SourceFacts {
    /// The source's name.
    pub source: String,
    /// Its description.
    pub source_description: String,
    /// Who loads it.
    pub loader: String,
    /// Where its files are, with names put in, and where that is written.
    pub location: Option<(String, Option<Span>)>,
}

/// What only exposures have.
#[derive(Debug, Clone)]
pub struct ExposureFacts {
    /// Everything written about it.
    pub raw: Json,
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
}

/// A described column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Rendered.
    pub description: String,
    /// Declared type, and where.
    pub data_type: Option<(String, Span)>,
    /// Tags.
    pub tags: Vec<String>,
    /// Meta.
    pub meta: Json,
    /// Where its entry stands.
    pub span: Span,
}

/// What all nodes have.
#[derive(Debug, Clone)]
pub struct NodeFacts {
    /// dbt's `unique_id`.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// Its kind, with what only that kind has.
    pub kind: NodeKind,
    /// Its package.
    pub package: String,
    /// The file that defines it, relative to the project.
    pub path: String,
    /// dbt's fully qualified name: package, folders, name.
    pub fqn: Vec<String>,
    /// Its configuration, all layers laid over one another.
    pub config: Config,
    /// The relation it is or, for tests, the one that keeps its failures.
    pub relation: RelationName,
    /// The text that defines it: the template, or the properties file for what is written in YAML only.
    pub source: Arc<SourceText>,
    /// Where in that text: its name in a properties file, else the start of the file.
    pub span: Span,
    /// Rendered.
    pub description: String,
    /// The columns that properties files describe.
    pub columns: Vec<Column>,
    /// The properties file that describes it.
    pub patch_path: Option<String>,
}

impl NodeFacts {
    /// Its resource type.
    pub fn resource_type(&self) -> ResourceType {
        match &self.kind {
            NodeKind::Analysis => ResourceType::Analysis,
            NodeKind::Exposure(_) => ResourceType::Exposure,
            NodeKind::Model => ResourceType::Model,
            NodeKind::Seed => ResourceType::Seed,
            NodeKind::Source(_) => ResourceType::Source,
            NodeKind::Test(_) => ResourceType::Test,
        }
    }

    /// Its materialisation; what is not a model or seed has none that counts.
    pub fn materialized(&self) -> &str {
        let default = match self.kind {
            NodeKind::Model => "view",
            NodeKind::Seed => "seed",
            NodeKind::Test(_) => "test",
            NodeKind::Analysis | NodeKind::Exposure(_) | NodeKind::Source(_) => "",
        };
        self.config.text("materialized").unwrap_or(default)
    }

    /// Whether it is a model that lives only in the queries that use it.
    pub fn is_ephemeral(&self) -> bool {
        matches!(self.kind, NodeKind::Model) && self.materialized() == "ephemeral"
    }

    /// Whether other queries can read it by a name of its own.
    pub fn makes_relation(&self) -> bool {
        matches!(self.kind, NodeKind::Model | NodeKind::Seed) && !self.is_ephemeral()
    }

    /// `model `fct_funnel``, for messages.
    pub fn display(&self) -> String {
        match &self.kind {
            NodeKind::Source(facts) => format!("source `{}.{}`", facts.source, self.name),
            _ => format!("{} `{}`", self.resource_type().as_str(), self.name),
        }
    }
}

/// A node with its references as they were written.
#[derive(Debug, Clone)]
pub struct ParsedNode {
    /// What all nodes have.
    pub facts: NodeFacts,
    /// Calls of `ref`, with their places.
    pub refs: Vec<(RefCall, Span)>,
    /// Calls of `source`, with their places.
    pub sources: Vec<(SourceCall, Span)>,
    /// Macros called.
    pub macros: Vec<String>,
}
