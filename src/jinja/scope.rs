//! What a template sees while it renders, and what its rendering tells: the calls of `ref`, `source` and `config`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, State, Value};

use crate::diagnostics::{Code, Diagnostic};
use crate::jinja::database::{Database, NoDatabase, Refusal};
use crate::jinja::excerpt::Excerpt;
use crate::jinja::objects::Relation;
use crate::jinja::root::Root;
use crate::jinja::{RelationName, members, values};
use crate::project::{Config, Json, Target};

/// What is the same for every template of one invocation. The outside world comes in here, once.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The root project's name.
    pub project: String,
    /// The chosen target.
    pub target: Target,
    /// `--vars`, which win over all others.
    pub cli_vars: serde_json::Map<String, Json>,
    /// `vars:` of the project file.
    pub project_vars: serde_json::Map<String, Json>,
    /// `vars:` of the installed packages' own project files, by package.
    pub package_vars: BTreeMap<String, serde_json::Map<String, Json>>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Search order of dispatched macros, by namespace.
    pub dispatch: BTreeMap<String, Vec<String>>,
    /// When the run started: the only clock.
    pub started_at: DateTime<Utc>,
    /// Identity of the run.
    pub id: String,
    /// `--full-refresh`.
    pub full_refresh: bool,
    /// `--empty` and its kin.
    pub excerpt: Excerpt,
    /// Documentation blocks by name.
    pub docs: BTreeMap<String, String>,
}

/// A call of `ref`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RefCall {
    /// The package, where the call names one.
    pub package: Option<String>,
    /// The model's name.
    pub name: String,
    /// The version, where the call names one.
    pub version: Option<String>,
}

/// A call of `source`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceCall {
    /// The source's name.
    pub source: String,
    /// The table's name.
    pub table: String,
}

/// A line that a template asked to be logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Whether it goes to the terminal and not only to the log.
    pub visible: bool,
    /// The text.
    pub text: String,
}

/// What a rendering told.
#[derive(Debug, Clone, Default)]
pub struct Captured {
    /// Calls of `ref`, in order, each once.
    pub refs: Vec<RefCall>,
    /// Calls of `source`, in order, each once.
    pub sources: Vec<SourceCall>,
    /// Calls of `function`, in order, each once.
    pub functions: Vec<RefCall>,
    /// What `config()` set.
    pub config: Config,
    /// Lines logged.
    pub lines: Vec<LogLine>,
    /// Macros called, as `package.name`.
    pub macros: std::collections::BTreeSet<String>,
    /// Files that printed a value that nothing sets; it prints as nothing.
    pub unset: std::collections::BTreeSet<String>,
    /// A macro was called that had not been loaded, because its name is not written in the text.
    pub needs_all_macros: bool,
    /// The warehouse was asked something.
    pub asked: bool,
    /// The warehouse was asked for rows that are not there yet: the rendering failed for that, and may be repeated.
    pub early: bool,
    /// Results of statements by name, for `load_result`.
    pub(super) results: BTreeMap<String, Value>,
}

/// Answers references once the graph is known.
pub trait Resolve: Send + Sync + std::fmt::Debug {
    /// The relation that a `ref` means; `None` where there is none, which the graph has reported.
    fn resolve_ref(&self, call: &RefCall) -> Option<RelationName>;
    /// The relation that a `source` means.
    fn resolve_source(&self, call: &SourceCall) -> Option<RelationName>;
    /// The name of the function that a `function` means.
    fn resolve_function(&self, call: &RefCall) -> Option<RelationName>;
}

/// Whether an incremental model adds to what exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incremental {
    /// The model builds from nothing, or is not incremental.
    No,
    /// The relation exists and is added to.
    Yes,
}

/// Why a template is rendered.
#[derive(Debug)]
pub enum Phase {
    /// To learn what it refers to: `execute` is false.
    Parse,
    /// To get its SQL.
    Compile {
        /// Answers references.
        resolve: Arc<dyn Resolve>,
        /// What `is_incremental()` says.
        incremental: Incremental,
        /// What can be asked of the warehouse.
        database: Arc<dyn Database>,
    },
}

/// The context of one rendering.
#[derive(Debug)]
pub struct Scope {
    /// What all renderings share.
    pub invocation: Arc<Invocation>,
    /// Why this one happens.
    pub phase: Phase,
    /// The package that the node belongs to.
    pub package: String,
    /// The node's own relation: `{{ this }}`.
    pub this: Option<RelationName>,
    /// The node's configuration, as known so far.
    pub config: Config,
    /// The node, for `{{ model }}`.
    pub model: Json,
    /// Conditions that references to these relations come with: those of one batch of time, or of a sample.
    pub conditions: Vec<(RelationName, String)>,
    /// What macros return instead of being called, by name or `package.name`: overrides of a unit test.
    pub macro_overrides: serde_json::Map<String, Json>,
    /// Further names that only some texts have: `schemas` and `results` of hooks.
    pub extra: BTreeMap<String, Json>,
    /// Whether `env_var` gives variables that begin with `DBT_ENV_SECRET_`.
    pub(super) may_see_secrets: bool,
    captured: Mutex<Captured>,
}

impl Scope {
    /// A scope that belongs to no node: for hooks, operations and descriptions.
    pub fn new(invocation: &Arc<Invocation>, phase: Phase) -> Scope {
        Scope {
            invocation: Arc::clone(invocation),
            phase,
            package: invocation.project.clone(),
            this: None,
            config: Config::default(),
            model: Json::Null,
            conditions: Vec::new(),
            macro_overrides: serde_json::Map::new(),
            extra: BTreeMap::new(),
            may_see_secrets: false,
            captured: Mutex::default(),
        }
    }

    /// What the rendering has told so far.
    pub fn captured(&self) -> MutexGuard<'_, Captured> {
        // A poisoned lock means a panic elsewhere; what was captured is still what was captured.
        self.captured.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The scope of a running template.
    pub(super) fn of(state: &State<'_, '_>) -> Result<Arc<Scope>, Error> {
        let found = state.lookup("context").and_then(|it| match it.downcast_object_ref::<Root>() {
            Some(root) => Some(Arc::clone(&root.scope)),
            None => it.downcast_object::<Scope>(),
        });
        found.ok_or_else(|| {
            Error::new(
                minijinja::ErrorKind::InvalidOperation,
                "this function can't be called outside of a project file",
            )
        })
    }

    /// A relation as a reference to it prints it.
    pub(super) fn reference(&self, relation: RelationName) -> Value {
        let condition = self.conditions.iter().find(|(it, _)| *it == relation).map(|(_, condition)| condition.clone());
        Relation::read(relation, self.invocation.excerpt.empty, condition)
    }

    /// Carries a statement out that a text has rendered to.
    ///
    /// # Errors
    /// What the warehouse says.
    pub fn execute(&self, sql: &str) -> Result<(), Diagnostic> {
        self.database().execute(sql).map(drop).map_err(|refusal| {
            let words = match refusal {
                Refusal::TooEarly => "it asks for rows of what is not built yet".to_owned(),
                Refusal::Failed(words) => words,
            };
            Diagnostic::error(Code::InvalidQuery, words)
        })
    }

    /// The warehouse; nothing can be asked of it while the project is parsed.
    pub(super) fn database(&self) -> Arc<dyn Database> {
        match &self.phase {
            Phase::Parse => Arc::new(NoDatabase),
            Phase::Compile { database, .. } => {
                self.captured().asked = true;
                Arc::clone(database)
            }
        }
    }

    /// `execute`: whether this is more than a first look.
    pub(super) fn executes(&self) -> bool {
        matches!(self.phase, Phase::Compile { .. })
    }
}

pub(super) const MEMBERS: &[&str] = &[
    "context",
    "database",
    "dbt_metadata_envs",
    "dbt_version",
    "execute",
    "flags",
    "graph",
    "invocation_args_dict",
    "invocation_id",
    "model",
    "post_hooks",
    "pre_hooks",
    "project_name",
    "run_started_at",
    "schema",
    "selected_resources",
    "target",
    "thread_id",
    "this",
];

impl Object for Scope {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "context" => Some(Value::from_dyn_object(Arc::clone(self))),
            name => self.member(name),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(MEMBERS)
    }
}

impl Scope {
    /// What a template sees under a name.
    pub(super) fn member(&self, name: &str) -> Option<Value> {
        let invocation = &self.invocation;
        if let Some(own) = self.extra.get(name) {
            return Some(values::from_json(own));
        }
        Some(match name {
            "database" => Value::from(self.this.as_ref().map_or(&*invocation.target.database, |it| &*it.database)),
            "dbt_metadata_envs" => members::metadata(invocation),
            // The version whose authoring layer is followed; packages compare against it.
            "dbt_version" => Value::from("1.11.0"),
            "execute" => Value::from(self.executes()),
            "flags" => Value::from_object(members::Flags { invocation: Arc::clone(invocation) }),
            "graph" => match &self.phase {
                Phase::Parse => members::no_graph(),
                Phase::Compile { database, .. } => values::from_json(&database.graph()),
            },
            "invocation_args_dict" => members::arguments(invocation),
            "invocation_id" => Value::from(invocation.id.as_str()),
            "model" => members::model(self),
            "post_hooks" | "pre_hooks" | "selected_resources" => values::list(Vec::new()),
            "project_name" => Value::from(invocation.project.as_str()),
            "run_started_at" => Value::from_object(super::modules::Moment::utc(invocation.started_at)),
            "schema" => Value::from(self.this.as_ref().map_or(&*invocation.target.schema, |it| &*it.schema)),
            "target" => members::target(invocation),
            // dbt's names: hooks of the run are its main thread's work.
            "thread_id" => Value::from(if self.this.is_some() { "Thread-1" } else { "MainThread" }),
            "this" => Relation::named(self.this.clone()?),
            _ => return None,
        })
    }
}
