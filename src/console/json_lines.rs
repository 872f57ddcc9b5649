//! Events as JSON, one object per line: everything that the human form says.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Value, json};

use crate::diagnostics;
use crate::events::{Event, EventSink, Level, NodeLabel, Outcome};

/// The machine-readable form.
#[derive(Debug)]
pub struct JsonLines;

impl EventSink for JsonLines {
    fn emit(&self, event: &Event) {
        // A reader that has gone away can't be told that it has.
        let _ = writeln!(io::stdout().lock(), "{}", render(event));
    }
}

fn render(event: &Event) -> Value {
    match event {
        Event::RunStarted { nodes, threads, plan } => {
            json!({"event": "run_started", "nodes": nodes, "threads": threads, "plan": plan})
        }
        Event::NodeStarted { node, number, total } => {
            json!({"event": "node_started", "node": label(node), "number": number, "total": total})
        }
        Event::NodeProgress { id, rows } => json!({"event": "node_progress", "unique_id": id.as_str(), "rows": rows}),
        Event::NodeFinished { node, number, total, outcome, elapsed } => json!({
            "event": "node_finished", "node": label(node), "number": number, "total": total,
            "status": outcome.status(), "result": result(outcome), "seconds": seconds(*elapsed),
        }),
        Event::Message { level, text } => {
            let level = match level {
                Level::Debug => "debug",
                Level::Info => "info",
                Level::Warning => "warning",
                Level::Error => "error",
            };
            json!({"event": "message", "level": level, "text": text})
        }
        Event::RunFinished { counts, elapsed } => {
            let counts: serde_json::Map<_, _> = counts.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect();
            json!({"event": "run_finished", "counts": counts, "seconds": seconds(*elapsed)})
        }
    }
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

fn label(node: &NodeLabel) -> Value {
    json!({
        "unique_id": node.id.as_str(), "name": node.name, "resource_type": node.resource_type.as_str(),
        "materialized": node.materialized, "relation": node.relation.to_string(), "path": node.path,
    })
}

fn result(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Built { rows, bytes } => json!({"rows": rows, "bytes": bytes}),
        Outcome::Warned(failures) | Outcome::Failed(failures) => json!({
            "failures": failures.count, "sample": failures.sample, "query": failures.query,
            "stored": failures.stored.as_ref().map(ToString::to_string),
        }),
        Outcome::Errored(problem) => {
            let found = [problem.as_ref().clone()].into_iter().collect();
            diagnostics::render_json(&found)["diagnostics"][0].take()
        }
        Outcome::Aged { seconds, .. } => json!({"age_in_seconds": seconds}),
        Outcome::Skipped { because } => json!({"because": because.as_str()}),
        Outcome::Passed | Outcome::Cancelled => Value::Null,
    }
}
