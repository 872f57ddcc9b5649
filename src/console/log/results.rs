//! What became of a node, as dbt's result events say it: one event for each kind of node.

use serde_json::{Value, json};

use crate::diagnostics;
use crate::events::{Level, NodeLabel, Outcome};
use crate::parse::ResourceType;

use super::line::{Line, dotted};
use super::node_info::NodeInfos;

/// A node that has ended.
pub(super) struct Ended<'a> {
    pub(super) node: &'a NodeLabel,
    pub(super) outcome: &'a Outcome,
    /// Its number and that of all nodes.
    pub(super) position: (usize, usize),
    pub(super) seconds: f64,
    /// Its `node_info`.
    pub(super) info: &'a Value,
}

/// The event of a node's kind.
pub(super) fn result(ended: &Ended<'_>, infos: &NodeInfos) -> Line {
    let &Ended { node, outcome, position, seconds, info } = ended;
    let (index, total) = position;
    if matches!(outcome, Outcome::Skipped { .. } | Outcome::Cancelled) {
        let data = json!({
            "index": index, "node_info": info, "node_name": node.name, "resource_type": node.resource_type.as_str(),
            "schema": node.relation.schema, "total": total, "result": particulars(outcome),
        });
        let what = match node.resource_type {
            ResourceType::Model | ResourceType::Seed | ResourceType::Snapshot => {
                format!("relation {}.{}", node.relation.schema, node.name)
            }
            other => format!("{} {}", other.as_str(), node.name),
        };
        let text = dotted(position, &format!("SKIP {what}"), "SKIP", None);
        return Line::new(("SkippingDetails", "Q034"), Level::Info, text, data);
    }
    let description = description(node, infos);
    let (is_error, message) = (matches!(outcome, Outcome::Errored(_)), message(outcome));
    let status = if is_error { "error" } else { message.as_str() };
    let shown = if is_error { "ERROR" } else { message.as_str() };
    let (event, done, failed, mut data) = match node.resource_type {
        ResourceType::Test | ResourceType::UnitTest => return test_result(ended, infos),
        ResourceType::Seed => (
            ("LogSeedResult", "Q016"),
            "loaded",
            "loading",
            json!({
                "execution_time": seconds, "index": index, "node_info": info, "relation": node.relation.identifier,
                "result_message": message, "schema": node.relation.schema, "status": outcome.status(), "total": total,
            }),
        ),
        ResourceType::Snapshot => (
            ("LogSnapshotResult", "Q015"),
            "snapshotted",
            "snapshotting",
            json!({
                "cfg": texts(&infos.value(node, "/config")), "description": description, "execution_time": seconds,
                "index": index, "node_info": info, "result_message": message, "status": outcome.status(),
                "total": total,
            }),
        ),
        _ => (
            ("LogModelResult", "Q012"),
            "created",
            "creating",
            json!({
                "description": description, "execution_time": seconds, "index": index, "node_info": info,
                "status": status, "total": total,
            }),
        ),
    };
    data["result"] = particulars(outcome);
    let words = if is_error { format!("ERROR {failed} {description}") } else { format!("OK {done} {description}") };
    let level = if is_error { Level::Error } else { Level::Info };
    Line::new(event, level, dotted(position, &words, shown, Some(seconds)), data)
}

fn test_result(ended: &Ended<'_>, infos: &NodeInfos) -> Line {
    let &Ended { node, outcome, position, seconds, info } = ended;
    let (word, count, level) = match outcome {
        Outcome::Warned(failures) => (format!("WARN {}", failures.count), failures.count, Level::Warning),
        Outcome::Failed(failures) => (format!("FAIL {}", failures.count), failures.count, Level::Error),
        Outcome::Errored(_) => ("ERROR".to_owned(), 0, Level::Error),
        Outcome::Passed
        | Outcome::Proved(_)
        | Outcome::Aged { .. }
        | Outcome::Ingested(_)
        | Outcome::Built { .. }
        | Outcome::Reused { .. }
        | Outcome::Skipped { .. }
        | Outcome::Refused { .. }
        | Outcome::Cancelled => ("PASS".to_owned(), 0, Level::Info),
    };
    let data = json!({
        "attached_node": infos.text(node, "/attached_node"), "execution_time": seconds, "index": position.0,
        "name": node.name, "node_info": info, "num_failures": count, "num_models": position.1,
        "status": outcome.status(), "result": particulars(outcome),
    });
    let text = dotted(position, &format!("{word} {}", node.name), &word, Some(seconds));
    Line::new(("LogTestResult", "Q007"), level, text, data)
}

/// `sql view model main.stg_orders`.
pub(super) fn description(node: &NodeLabel, infos: &NodeInfos) -> String {
    let relation = format!("{}.{}", node.relation.schema, node.relation.identifier);
    match node.resource_type {
        ResourceType::Model => format!("sql {} model {relation}", node.materialized),
        ResourceType::Seed => format!("seed file {relation}"),
        ResourceType::Snapshot => format!("snapshot {relation}"),
        ResourceType::UnitTest => format!("unit_test {}::{}", infos.text(node, "/model"), node.name),
        other => format!("{} {}", other.as_str(), node.name),
    }
}

/// A sentence of what became of it: what `run_results.json` has as `message`.
pub(super) fn message(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Built { rows: Some(rows), .. } => format!("OK {rows}"),
        Outcome::Built { rows: None, .. } => "OK".to_owned(),
        Outcome::Reused { .. } => "reused: nothing has changed".to_owned(),
        Outcome::Passed | Outcome::Aged { .. } => String::new(),
        Outcome::Ingested(file) => file.message.clone().unwrap_or_else(|| file.outcome.to_owned()),
        Outcome::Proved(way) => way.to_string(),
        Outcome::Warned(failures) | Outcome::Failed(failures) => failures.sentence(),
        Outcome::Errored(problem) => {
            let found = [problem.as_ref().clone()].into_iter().collect();
            diagnostics::render_terminal(&found, false).trim_end().to_owned()
        }
        Outcome::Skipped { because } => format!("skipped because `{because}` did not succeed"),
        Outcome::Refused { because } => format!("not published because `{because}` did not succeed"),
        Outcome::Cancelled => "the run was stopped".to_owned(),
    }
}

/// What dbt has no place for.
pub(super) fn particulars(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Built { rows, bytes } => json!({"rows": rows, "bytes": bytes}),
        Outcome::Reused { rows, bytes } => json!({"rows": rows, "bytes": bytes, "reused": true}),
        Outcome::Warned(failures) | Outcome::Failed(failures) => json!({
            "failures": failures.count, "sample": failures.sample, "query": failures.query,
            "stored": failures.stored.as_ref().map(ToString::to_string),
        }),
        Outcome::Errored(problem) => {
            let found = [problem.as_ref().clone()].into_iter().collect();
            diagnostics::render_json(&found)["diagnostics"][0].take()
        }
        Outcome::Skipped { because } | Outcome::Refused { because } => json!({"because": because.as_str()}),
        Outcome::Aged { seconds, .. } => json!({"age": seconds}),
        Outcome::Ingested(file) => json!({
            "outcome": file.outcome, "rows_read": file.read, "rows_valid": file.valid, "rows_invalid": file.invalid,
            "rows_duplicate": file.duplicate, "quarantine": file.quarantine, "drift": file.drift,
        }),
        Outcome::Proved(way) => json!({"proved": way.to_string()}),
        Outcome::Passed | Outcome::Cancelled => Value::Null,
    }
}

/// dbt's `cfg` is a mapping of texts.
fn texts(config: &Value) -> Value {
    let text = |value: &Value| Value::from(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    Value::Object(config.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect())
}
