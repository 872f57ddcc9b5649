//! `run_results.json`, version 6: a listener that keeps what became of every node.
//! The clock is the run's start and what has passed since; knows nothing of how nodes run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use indexmap::IndexMap;
use serde::Serialize;

use crate::artifacts::Metadata;
use crate::artifacts::metadata::timestamp;
use crate::events::{Event, EventSink, NodeLabel, Outcome};
use crate::jinja::Invocation;
use crate::parse::{NodeId, ResourceType};
use crate::project::Json;

/// Listens to a run.
pub struct RunResults {
    invocation: Arc<Invocation>,
    begun: Instant,
    results: Mutex<IndexMap<NodeId, RunResult>>,
}

/// The artifact.
#[derive(Debug, Clone, Serialize)]
pub struct RunResultsFile {
    /// Schema and run.
    pub metadata: Metadata,
    /// What became of each node, in order of ending.
    pub results: Vec<RunResult>,
    /// Seconds that the whole run took.
    pub elapsed_time: f64,
    /// The arguments of the command.
    pub args: serde_json::Map<String, Json>,
}

/// What became of one node.
#[derive(Debug, Clone, Serialize)]
pub struct RunResult {
    /// dbt's word for it: `success`, `pass`, `fail`, …
    pub status: &'static str,
    /// When it ran; empty for what was not tried.
    pub timing: Vec<Timing>,
    /// The thread that told of it.
    pub thread_id: String,
    /// Seconds.
    pub execution_time: f64,
    /// Rows and bytes written.
    pub adapter_response: serde_json::Map<String, Json>,
    /// A sentence for people.
    pub message: Option<String>,
    /// For tests, how many failures there are.
    pub failures: Option<i64>,
    /// The node's id.
    pub unique_id: String,
    /// Whether there is SQL of it; `None` for what has none.
    pub compiled: Option<bool>,
    /// That SQL.
    pub compiled_code: Option<String>,
    /// The relation that it made; for tests, the one that keeps the failures.
    pub relation_name: Option<String>,
    /// Always absent: there are no microbatches.
    pub batch_results: Option<Json>,
}

/// A named stretch of time.
#[derive(Debug, Clone, Serialize)]
pub struct Timing {
    /// dbt's `execute`.
    pub name: &'static str,
    /// From.
    pub started_at: String,
    /// To.
    pub completed_at: String,
}

impl RunResults {
    /// A listener for the run of this invocation. `begun` is the moment that `invocation.started_at` names.
    pub fn new(invocation: &Arc<Invocation>, begun: Instant) -> RunResults {
        RunResults { invocation: Arc::clone(invocation), begun, results: Mutex::default() }
    }

    /// What has been heard, as the artifact. `compiled` holds the SQL of the nodes that have any.
    pub fn finish(
        &self,
        args: serde_json::Map<String, Json>,
        elapsed: Duration,
        compiled: &BTreeMap<NodeId, String>,
    ) -> RunResultsFile {
        let results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        let with_code = |(id, result): (&NodeId, &RunResult)| {
            let mut result = result.clone();
            result.compiled_code = compiled.get(id).cloned();
            result.compiled = result.compiled.map(|_| result.compiled_code.is_some());
            result
        };
        RunResultsFile {
            metadata: Metadata::new("run-results/v6", &self.invocation, self.at(elapsed)),
            results: results.iter().map(with_code).collect(),
            elapsed_time: elapsed.as_secs_f64(),
            args,
        }
    }

    fn at(&self, since: Duration) -> DateTime<Utc> {
        self.invocation.started_at + TimeDelta::from_std(since).unwrap_or(TimeDelta::MAX)
    }

    /// Takes note of an event that came this long after the start.
    fn hear(&self, event: &Event, since: Duration) {
        let Event::NodeFinished { node, outcome, elapsed, .. } = event else { return };
        let timing = Timing {
            name: "execute",
            started_at: timestamp(self.at(since.saturating_sub(*elapsed))),
            completed_at: timestamp(self.at(since)),
        };
        let has_sql = !matches!(node.resource_type, ResourceType::Seed | ResourceType::Source | ResourceType::Exposure);
        let was_tried = !matches!(outcome, Outcome::Skipped { .. } | Outcome::Cancelled);
        let result = RunResult {
            status: outcome.status(),
            timing: if was_tried { vec![timing] } else { Vec::new() },
            thread_id: std::thread::current().name().unwrap_or("worker").to_owned(),
            execution_time: elapsed.as_secs_f64(),
            adapter_response: adapter_response(outcome),
            message: message(outcome),
            failures: failures(outcome),
            unique_id: node.id.to_string(),
            compiled: has_sql.then_some(false),
            compiled_code: None,
            relation_name: relation_name(node, outcome),
            batch_results: None,
        };
        self.results.lock().unwrap_or_else(PoisonError::into_inner).insert(node.id.clone(), result);
    }
}

impl EventSink for RunResults {
    fn emit(&self, event: &Event) {
        self.hear(event, self.begun.elapsed());
    }
}

fn adapter_response(outcome: &Outcome) -> serde_json::Map<String, Json> {
    let (Outcome::Built { rows, bytes } | Outcome::Reused { rows, bytes }) = outcome else {
        return serde_json::Map::new();
    };
    let message = message(outcome).unwrap_or_default();
    let mut response = serde_json::Map::from_iter([("_message".to_owned(), Json::from(message))]);
    let counted = [("rows_affected", rows), ("bytes", bytes)];
    response.extend(counted.into_iter().filter_map(|(key, count)| Some((key.to_owned(), Json::from((*count)?)))));
    response
}

fn message(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Built { rows, .. } => Some(rows.map_or("OK".to_owned(), |rows| format!("OK {rows}"))),
        Outcome::Reused { .. } => Some("reused: nothing has changed".to_owned()),
        Outcome::Passed | Outcome::Aged { .. } => None,
        Outcome::Ingested(file) => file.message.clone(),
        Outcome::Proved(way) => Some(way.to_string()),
        Outcome::Warned(failures) | Outcome::Failed(failures) => Some(failures.sentence()),
        Outcome::Errored(problem) => Some(problem.one_line()),
        Outcome::Skipped { because } => Some(format!("skipped because `{because}` did not succeed")),
        Outcome::Refused { because } => Some(format!("not published because `{because}` did not succeed")),
        Outcome::Cancelled => Some("the run was stopped".to_owned()),
    }
}

fn failures(outcome: &Outcome) -> Option<i64> {
    match outcome {
        Outcome::Passed | Outcome::Proved(_) => Some(0),
        Outcome::Warned(failures) | Outcome::Failed(failures) => Some(failures.count),
        Outcome::Built { .. }
        | Outcome::Reused { .. }
        | Outcome::Aged { .. }
        | Outcome::Ingested(_)
        | Outcome::Errored(_)
        | Outcome::Skipped { .. }
        | Outcome::Refused { .. }
        | Outcome::Cancelled => None,
    }
}

fn relation_name(node: &NodeLabel, outcome: &Outcome) -> Option<String> {
    match (node.resource_type, outcome) {
        (ResourceType::Model, _) if node.materialized == "ephemeral" => None,
        (ResourceType::Model | ResourceType::Seed | ResourceType::Snapshot, _) => Some(node.relation.to_string()),
        (_, Outcome::Warned(failures) | Outcome::Failed(failures)) => failures.stored.as_ref().map(ToString::to_string),
        (_, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Failures;
    use crate::jinja::RelationName;

    fn finished(resource_type: ResourceType, id: &str, outcome: Outcome) -> Event {
        let node = NodeLabel {
            id: NodeId::new(id),
            name: "x".into(),
            resource_type,
            materialized: "table".into(),
            relation: RelationName::new("warehouse", "main", "x"),
            path: "models/x.sql".into(),
        };
        Event::NodeFinished { node, number: 1, total: 1, outcome, elapsed: Duration::from_millis(1500) }
    }

    #[test]
    fn results_are_those_of_the_run() {
        let (project, _) = crate::artifacts::tests::project();
        let results = RunResults::new(&project.invocation, Instant::now());
        let built = Outcome::Built { rows: Some(7), bytes: Some(512) };
        let failed = Outcome::Failed(Failures { count: 2, ..Failures::default() });
        results.hear(&finished(ResourceType::Test, "test.shop.t", failed), Duration::from_secs(3));
        results.hear(&finished(ResourceType::Model, "model.shop.x", built), Duration::from_secs(2));
        let compiled = BTreeMap::from([(NodeId::new("model.shop.x"), "select 1".to_owned())]);
        let mut file = results.finish(serde_json::Map::new(), Duration::from_secs(4), &compiled);
        for result in &mut file.results {
            "main".clone_into(&mut result.thread_id);
        }
        let json = serde_json::to_value(&file).unwrap();
        assert_eq!(json["metadata"]["generated_at"], "2023-11-14T22:13:24.250000Z");
        assert_eq!(
            json["results"][1].to_string(),
            concat!(
                r#"{"status":"success","timing":[{"name":"execute","started_at":"2023-11-14T22:13:20.750000Z","#,
                r#""completed_at":"2023-11-14T22:13:22.250000Z"}],"thread_id":"main","execution_time":1.5,"#,
                r#""adapter_response":{"_message":"OK 7","rows_affected":7,"bytes":512},"message":"OK 7","#,
                r#""failures":null,"unique_id":"model.shop.x","compiled":true,"compiled_code":"select 1","#,
                r#""relation_name":"\"warehouse\".\"main\".\"x\"","batch_results":null}"#,
            )
        );
        let test = &json["results"][0];
        assert_eq!((&test["status"], &test["failures"]), (&Json::from("fail"), &Json::from(2)));
        assert_eq!((&test["message"], &test["compiled"]), (&Json::from("Got 2 results"), &Json::from(false)));
    }

    #[test]
    fn what_was_proved_is_a_pass_that_says_how() {
        let (project, _) = crate::artifacts::tests::project();
        let results = RunResults::new(&project.invocation, Instant::now());
        let proved = Outcome::Proved(crate::data_tests::Way::Statistics);
        results.hear(&finished(ResourceType::Test, "test.shop.t", proved), Duration::from_secs(1));
        let file = results.finish(serde_json::Map::new(), Duration::from_secs(1), &BTreeMap::new());
        let result = &file.results[0];
        assert_eq!((result.status, result.failures), ("pass", Some(0)));
        assert_eq!(result.message.as_deref(), Some("proved by the file's statistics"));
    }

    #[test]
    fn what_was_skipped_took_no_time() {
        let (project, _) = crate::artifacts::tests::project();
        let results = RunResults::new(&project.invocation, Instant::now());
        let skipped = Outcome::Skipped { because: NodeId::new("model.shop.a") };
        results.hear(&finished(ResourceType::Model, "model.shop.x", skipped), Duration::from_secs(1));
        let file = results.finish(serde_json::Map::new(), Duration::from_secs(1), &BTreeMap::new());
        assert_eq!(file.results[0].status, "skipped");
        assert!(file.results[0].timing.is_empty());
    }
}
