//! What happens during a run, as data: the only talk between running and reporting.
//! The terminal, JSON lines and `run_results.json` are listeners; who emits knows none of them.

use std::time::Duration;

use crate::data_tests::Way;
use crate::diagnostics::Diagnostic;
use crate::freshness::Verdict;
use crate::jinja::RelationName;
use crate::parse::{NodeFacts, NodeId, ResourceType};

/// What became of a node.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A relation was made.
    Built {
        /// Rows in it; a view has none of its own.
        rows: Option<u64>,
        /// Bytes of its data file.
        bytes: Option<u64>,
    },
    /// A relation is what it would be if it were made anew, and was left as it is.
    Reused {
        /// Rows in it; a view has none of its own.
        rows: Option<u64>,
        /// Bytes of its data file.
        bytes: Option<u64>,
    },
    /// A test found nothing.
    Passed,
    /// A test has nothing to find, and was not asked.
    Proved(Way),
    /// A test found something that only warns.
    Warned(Failures),
    /// A test found something that fails.
    Failed(Failures),
    /// A source's age is known.
    Aged {
        /// What is to be said of it.
        verdict: Verdict,
        /// The age in seconds.
        seconds: f64,
    },
    /// A raw file was looked at.
    Ingested(Box<Ingested>),
    /// It could not be made or asked.
    Errored(Box<Diagnostic>),
    /// It was not tried, because something that it needs did not succeed.
    Skipped {
        /// The node whose failure came first.
        because: NodeId,
    },
    /// It was made, and not published: a test had failed on it, or something of a run that is published as a whole.
    Refused {
        /// The node that failed.
        because: NodeId,
    },
    /// The user stopped the run.
    Cancelled,
}

impl Outcome {
    /// Whether what depends on the node can go on.
    pub fn is_good(&self) -> bool {
        match self {
            Outcome::Built { .. }
            | Outcome::Reused { .. }
            | Outcome::Passed
            | Outcome::Proved(_)
            | Outcome::Warned(_) => true,
            Outcome::Aged { verdict, .. } => *verdict != Verdict::Stale,
            Outcome::Ingested(file) => file.is_good(),
            Outcome::Failed(_)
            | Outcome::Errored(_)
            | Outcome::Skipped { .. }
            | Outcome::Refused { .. }
            | Outcome::Cancelled => false,
        }
    }

    /// Whether nothing had to be done.
    pub fn is_reused(&self) -> bool {
        matches!(self, Outcome::Reused { .. } | Outcome::Proved(Way::Unchanged))
    }

    /// dbt's word in `run_results.json`.
    pub fn status(&self) -> &'static str {
        match self {
            Outcome::Built { .. } | Outcome::Reused { .. } => "success",
            Outcome::Passed | Outcome::Proved(_) => "pass",
            Outcome::Warned(_) => "warn",
            Outcome::Failed(_) => "fail",
            Outcome::Aged { verdict, .. } => verdict.status(),
            Outcome::Ingested(file) => {
                if file.is_good() {
                    "success"
                } else {
                    "error"
                }
            }
            Outcome::Errored(_) | Outcome::Refused { .. } => "error",
            Outcome::Skipped { .. } | Outcome::Cancelled => "skipped",
        }
    }
}

/// What became of a raw file.
#[derive(Debug, Clone, Default)]
pub struct Ingested {
    /// `taken`, `skipped`, `refused`, `drifted` or `unreadable`.
    pub outcome: &'static str,
    /// Its rows.
    pub read: u64,
    /// Rows that meet the contract and are no duplicates.
    pub valid: u64,
    /// Rows that don't.
    pub invalid: u64,
    /// Rows whose key has been there before.
    pub duplicate: u64,
    /// The file with its bad rows.
    pub quarantine: Option<String>,
    /// Why it was not taken.
    pub message: Option<String>,
    /// How its columns are not what they should be.
    pub drift: Vec<String>,
}

impl Ingested {
    /// Whether its rows are events, now or since an earlier run.
    pub fn is_good(&self) -> bool {
        matches!(self.outcome, "taken" | "skipped")
    }
}

/// What a test found.
#[derive(Debug, Clone, Default)]
pub struct Failures {
    /// The number that `fail_calc` gives; by default, of rows.
    pub count: i64,
    /// A few of the rows, drawn as a table.
    pub sample: String,
    /// How to see all of them.
    pub query: String,
    /// The table that keeps them, where `store_failures` is set.
    pub stored: Option<RelationName>,
    /// What the test is configured to do about them: `fail if != 0`. Empty of unit tests, which can't be.
    pub configured: String,
    /// Whether they were moved there, out of the relation under test.
    pub moved: bool,
}

impl Failures {
    /// dbt's sentence about them: `Got 2 results, configured to fail if != 0`.
    pub fn sentence(&self) -> String {
        let results = if self.count == 1 { "result" } else { "results" };
        let configured = if self.configured.is_empty() { "" } else { ", configured to " };
        format!("Got {} {results}{configured}{}", self.count, self.configured)
    }
}

/// A node, as listeners see it.
#[derive(Debug, Clone)]
pub struct NodeLabel {
    /// Its id.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub resource_type: ResourceType,
    /// Its materialisation.
    pub materialized: String,
    /// Its relation.
    pub relation: RelationName,
    /// The file that defines it.
    pub path: String,
}

impl NodeLabel {
    /// The label of a node.
    pub fn of(facts: &NodeFacts) -> NodeLabel {
        NodeLabel {
            id: facts.id.clone(),
            name: facts.name.clone(),
            resource_type: facts.resource_type(),
            materialized: facts.materialized().to_owned(),
            relation: facts.relation.clone(),
            path: facts.path.clone(),
        }
    }
}

/// How loud a message is, the quietest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Only for those who look for it.
    Debug,
    /// For everybody.
    Info,
    /// To be looked at.
    Warning,
    /// It went wrong.
    Error,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// Work begins.
    RunStarted {
        /// How many nodes will be worked on.
        nodes: usize,
        /// How many of them side by side.
        threads: usize,
        /// What is going to happen: `18 models, 80 tests`.
        plan: String,
    },
    /// A node begins.
    NodeStarted {
        /// Which.
        node: NodeLabel,
        /// Its number in the run, from 1.
        number: usize,
        /// Of how many.
        total: usize,
    },
    /// Rows are flowing.
    NodeProgress {
        /// Which.
        id: NodeId,
        /// Rows written so far.
        rows: u64,
    },
    /// A node has ended.
    NodeFinished {
        /// Which.
        node: NodeLabel,
        /// Its number in the run, from 1.
        number: usize,
        /// Of how many.
        total: usize,
        /// What became of it.
        outcome: Outcome,
        /// How long it took.
        elapsed: Duration,
    },
    /// A line from a template or from the run itself.
    Message {
        /// How loud.
        level: Level,
        /// The text.
        text: String,
    },
    /// Work has ended.
    RunFinished {
        /// How often each status occurred, in the order of dbt's summary.
        counts: Vec<(&'static str, usize)>,
        /// How long it took.
        elapsed: Duration,
    },
}

/// Somebody who listens.
pub trait EventSink: Send + Sync {
    /// Takes note. Called from many threads; must not block for long.
    fn emit(&self, event: &Event);
}

/// Several listeners as one.
pub struct Everyone(pub Vec<std::sync::Arc<dyn EventSink>>);

impl EventSink for Everyone {
    fn emit(&self, event: &Event) {
        for sink in &self.0 {
            sink.emit(event);
        }
    }
}
