//! What is known of a node after parsing.

use std::fmt;
use std::sync::Arc;

use crate::diagnostics::{SourceText, Span};
use crate::jinja::{RefCall, RelationName, SourceCall};
use crate::parse::kinds::NodeKind;
use crate::project::{Config, Json, Located, Version};

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

/// dbt's resource types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceType {
    /// A query that is compiled and not run.
    Analysis,
    /// A use outside of the project.
    Exposure,
    /// A function in SQL that queries can call.
    Function,
    /// A number that other tools compute.
    Metric,
    /// A query that becomes a relation.
    Model,
    /// A question whose answer may change from day to day.
    Monitor,
    /// A statement that is carried out before or after a run.
    Operation,
    /// A query over metrics that other tools run.
    SavedQuery,
    /// A CSV file of the project that becomes a relation.
    Seed,
    /// What a model means, for other tools.
    SemanticModel,
    /// A relation that keeps what a query gave earlier.
    Snapshot,
    /// A relation that others write.
    Source,
    /// A question whose answer should be no rows.
    Test,
    /// What a model should give for rows that the test brings along.
    UnitTest,
}

impl ResourceType {
    /// All of them.
    pub const ALL: [ResourceType; 14] = [
        ResourceType::Analysis,
        ResourceType::Exposure,
        ResourceType::Function,
        ResourceType::Metric,
        ResourceType::Model,
        ResourceType::Monitor,
        ResourceType::Operation,
        ResourceType::SavedQuery,
        ResourceType::Seed,
        ResourceType::SemanticModel,
        ResourceType::Snapshot,
        ResourceType::Source,
        ResourceType::Test,
        ResourceType::UnitTest,
    ];

    /// dbt's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            ResourceType::Analysis => "analysis",
            ResourceType::Exposure => "exposure",
            ResourceType::Function => "function",
            ResourceType::Metric => "metric",
            ResourceType::Model => "model",
            ResourceType::Monitor => "monitor",
            ResourceType::Operation => "operation",
            ResourceType::SavedQuery => "saved_query",
            ResourceType::Seed => "seed",
            ResourceType::SemanticModel => "semantic_model",
            ResourceType::Snapshot => "snapshot",
            ResourceType::Source => "source",
            ResourceType::Test => "test",
            ResourceType::UnitTest => "unit_test",
        }
    }
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
    /// What it promises of all its values, as written.
    pub constraints: Vec<Located<Json>>,
    /// Whether its name is quoted, where that is said.
    pub quote: Option<bool>,
    /// The grain of a column of times, for time spines.
    pub granularity: Option<String>,
    /// Documentation blocks that its description uses.
    pub doc_blocks: Vec<String>,
    /// Where its entry stands.
    pub span: Span,
}

impl Column {
    /// Whether it is the column of this name. A name in quotes is one in exactly its letters.
    pub fn is_called(&self, name: &str) -> bool {
        if self.quote == Some(true) { self.name == name } else { self.name.eq_ignore_ascii_case(name) }
    }
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
    /// Documentation blocks that its description uses, by id.
    pub doc_blocks: Vec<String>,
    /// What only models have; nothing for all others.
    pub model: ModelFacts,
    /// Of a seed that is not too large: SHA-256 of its content, as dbt takes it.
    pub checksum: Option<String>,
}

/// What only models have.
#[derive(Debug, Clone, Default)]
pub struct ModelFacts {
    /// Its version, where it has any.
    pub version: Option<Version>,
    /// The version that a `ref` without one means.
    pub latest_version: Option<Version>,
    /// What it promises of all its rows, as written.
    pub constraints: Vec<Located<Json>>,
    /// From when on it should not be used, in dbt's form.
    pub deprecation_date: Option<String>,
    /// What semantic models need of a model of days.
    pub time_spine: Option<Json>,
}

impl ModelFacts {
    /// Whether a `ref` without version means this one.
    pub fn is_latest(&self) -> bool {
        match (&self.version, &self.latest_version) {
            (Some(version), Some(latest)) => version.compare(latest).is_eq(),
            _ => false,
        }
    }
}

/// What is known of a node that is written in a properties file alone and makes no relation.
pub(super) struct InProperties<'a> {
    pub(super) id: NodeId,
    pub(super) name: &'a Located<String>,
    pub(super) kind: NodeKind,
    pub(super) package: &'a str,
    pub(super) file: &'a str,
    pub(super) fqn: Vec<String>,
    pub(super) description: String,
    pub(super) config: Config,
}

impl NodeFacts {
    /// A node that is written in a properties file alone and makes no relation.
    pub(super) fn in_properties(about: InProperties<'_>) -> NodeFacts {
        let InProperties { id, name, kind, package, file, fqn, description, config } = about;
        NodeFacts {
            id,
            name: name.value.clone(),
            kind,
            package: package.to_owned(),
            path: file.to_owned(),
            fqn,
            config,
            relation: RelationName::new("", "", name.value.clone()),
            source: Arc::clone(&name.span.source),
            span: name.span.clone(),
            description,
            columns: Vec::new(),
            patch_path: None,
            doc_blocks: Vec::new(),
            model: ModelFacts::default(),
            checksum: None,
        }
    }

    /// Where a key of its configuration is written: in a properties file, in `dbt_project.yml`, in the `config()` call of
    /// its template; else the place of the node.
    pub fn place_of_config(&self, key: &str) -> Span {
        let in_call = || {
            let text = &self.source.text;
            let is_a_word = |at: usize| !text[..at].ends_with(|it: char| it.is_alphanumeric() || it == '_');
            let is_set = |at: usize| text[at + key.len()..].trim_start().starts_with('=');
            let start = text.match_indices(key).map(|it| it.0).find(|at| is_a_word(*at) && is_set(*at))?;
            let mut depth = 0;
            let end = text[start..].find(|it| {
                depth += i32::from(it == '[') - i32::from(it == ']');
                matches!(it, ')' | '\n') || it == ',' && depth == 0
            });
            Some(Span::new(&self.source, start..end.map_or(text.len(), |it| start + it)))
        };
        self.config.place(key).or_else(in_call).unwrap_or_else(|| self.span.clone())
    }

    /// Its resource type.
    pub fn resource_type(&self) -> ResourceType {
        match &self.kind {
            NodeKind::Analysis => ResourceType::Analysis,
            NodeKind::Exposure(_) => ResourceType::Exposure,
            NodeKind::Function(_) => ResourceType::Function,
            NodeKind::Metric(_) => ResourceType::Metric,
            NodeKind::Model => ResourceType::Model,
            NodeKind::Monitor(_) => ResourceType::Monitor,
            NodeKind::Operation(_) => ResourceType::Operation,
            NodeKind::SavedQuery(_) => ResourceType::SavedQuery,
            NodeKind::Seed => ResourceType::Seed,
            NodeKind::SemanticModel(_) => ResourceType::SemanticModel,
            NodeKind::Snapshot(_) => ResourceType::Snapshot,
            NodeKind::Source(_) => ResourceType::Source,
            NodeKind::Test(_) => ResourceType::Test,
            NodeKind::UnitTest(_) => ResourceType::UnitTest,
        }
    }

    /// Its materialisation; what makes no relation has none that counts.
    pub fn materialized(&self) -> &str {
        let default = match self.kind {
            NodeKind::Model => "view",
            NodeKind::Seed => "seed",
            NodeKind::Snapshot(_) => "snapshot",
            NodeKind::Test(_) => "test",
            NodeKind::Function(_) => "function",
            NodeKind::Analysis
            | NodeKind::Exposure(_)
            | NodeKind::Metric(_)
            | NodeKind::Monitor(_)
            | NodeKind::Operation(_)
            | NodeKind::SavedQuery(_)
            | NodeKind::SemanticModel(_)
            | NodeKind::Source(_)
            | NodeKind::UnitTest(_) => "",
        };
        self.config.text("materialized").unwrap_or(default)
    }

    /// Whether it is a model that lives only in the queries that use it.
    pub fn is_ephemeral(&self) -> bool {
        matches!(self.kind, NodeKind::Model) && self.materialized() == "ephemeral"
    }

    /// Its name and, of a versioned model, its version: `orders.v2`.
    pub fn full_name(&self) -> String {
        match &self.model.version {
            Some(version) => format!("{}.{version}", self.name),
            None => self.name.clone(),
        }
    }

    /// The name of the common table expression that an ephemeral model becomes, as dbt has it.
    pub fn expression_name(&self) -> String {
        match &self.model.version {
            Some(version) => format!("__dbt__cte__{}_{version}", self.name),
            None => format!("__dbt__cte__{}", self.name),
        }
    }

    /// Whether it makes a relation that others can read by `ref`.
    pub fn can_be_read(&self) -> bool {
        matches!(self.kind, NodeKind::Model | NodeKind::Seed | NodeKind::Snapshot(_))
    }

    /// Who may refer to it: `private`, `protected` or `public`.
    pub fn access(&self) -> &str {
        self.config.text("access").unwrap_or("protected")
    }

    /// The group that it belongs to; a test is in the group of what it is about.
    pub fn group(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Test(test) => self.config.text("group").or(test.inherited_group.as_deref()),
            _ => self.config.text("group"),
        }
    }

    /// `model `fct_funnel``, for messages.
    pub fn display(&self) -> String {
        match &self.kind {
            NodeKind::Source(facts) => format!("source `{}.{}`", facts.source, self.name),
            _ => format!("{} `{}`", self.resource_type().as_str().replace('_', " "), self.full_name()),
        }
    }

    /// Its name as an input of others: `raw.events`, `orders`.
    pub fn input_name(&self) -> String {
        match &self.kind {
            NodeKind::Source(facts) => format!("{}.{}", facts.source, self.name),
            _ => self.relation.identifier.clone(),
        }
    }

    /// How many of the tables before the one in its place are kept.
    pub fn keep_versions(&self) -> usize {
        let number = self.config.setting("keep_versions").and_then(Json::as_u64);
        number.map_or(0, |it| usize::try_from(it).unwrap_or(usize::MAX))
    }

    /// Whether its table is to be a Delta table. All others are one Parquet file.
    pub fn is_delta(&self) -> bool {
        let can_be = matches!(self.kind, NodeKind::Model | NodeKind::Snapshot(_))
            && !matches!(self.materialized(), "view" | "ephemeral" | "external");
        let format = self.config.setting("table_format").and_then(Json::as_str);
        can_be && format.is_some_and(|it| it.eq_ignore_ascii_case("delta"))
    }

    /// Whether there are statements to run before or after it.
    pub fn has_hooks(&self) -> bool {
        let any = |key: &str| self.config.get(key).and_then(Json::as_array).is_some_and(|it| !it.is_empty());
        any("pre_hook") || any("post_hook")
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
    /// Calls of `function`, with their places.
    pub functions: Vec<(RefCall, Span)>,
    /// Macros called.
    pub macros: Vec<String>,
}
