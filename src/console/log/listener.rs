//! Listens to a run and writes dbt's events.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::events::{Event, EventSink, Level, NodeLabel, Outcome};
use crate::parse::ResourceType;

use super::line::{Line, dotted};
use super::node_info::{Moment, NodeInfos};
use super::{Log, results};

/// The listener of a log.
pub(in crate::console) struct Listener {
    log: Arc<Log>,
    infos: NodeInfos,
    target: String,
    ended: Mutex<Vec<(NodeLabel, Outcome)>>,
}

impl Listener {
    /// One that knows of the nodes what the manifest says.
    pub(in crate::console) fn new(log: Arc<Log>, target: &str, manifest: Value) -> Listener {
        Listener { log, infos: NodeInfos::of(manifest), target: target.to_owned(), ended: Mutex::default() }
    }
}

impl EventSink for Listener {
    fn emit(&self, event: &Event) {
        for line in self.lines(event, self.log.begun.elapsed()) {
            self.log.write(&line);
        }
    }
}

impl Listener {
    /// What is to be said of an event that came this long after the start.
    fn lines(&self, event: &Event, since: Duration) -> Vec<Line> {
        match event {
            Event::RunStarted { nodes, threads, plan } => {
                let data = json!({
                    "node_count": nodes, "num_threads": threads, "target_name": self.target, "plan": plan,
                });
                let plural = if *threads == 1 { "" } else { "s" };
                let text = format!("Concurrency: {threads} thread{plural} (target='{}'), {plan}", self.target);
                vec![Line::new(("ConcurrencyLine", "Q027"), Level::Info, text, data)]
            }
            Event::NodeStarted { node, number, total } => self.started(node, (*number, *total), since),
            Event::NodeProgress { id, rows } => {
                // dbt has no such event.
                let data = json!({"unique_id": id.as_str(), "rows": rows});
                vec![Line::new(("NodeProgress", ""), Level::Debug, format!("{rows} rows of {id}"), data)]
            }
            Event::NodeFinished { node, number, total, outcome, elapsed } => {
                let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
                ended.push((node.clone(), outcome.clone()));
                drop(ended);
                self.finished(node, (*number, *total), outcome, since, *elapsed)
            }
            Event::Message { level, text } => {
                let event = match level {
                    Level::Debug => ("JinjaLogDebug", "I063"),
                    Level::Info => ("JinjaLogInfo", "I062"),
                    Level::Warning => ("JinjaLogWarning", "I061"),
                    Level::Error => ("RunResultError", "Z024"),
                };
                vec![Line::new(event, *level, text, json!({"msg": text}))]
            }
            Event::RunFinished { elapsed, .. } => self.run_finished(*elapsed),
        }
    }

    /// A time after the start, as nodes have it.
    fn at(&self, since: Duration) -> String {
        let time: DateTime<Utc> = self.log.started_at + TimeDelta::from_std(since).unwrap_or(TimeDelta::MAX);
        time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
    }

    fn started(&self, node: &NodeLabel, position: (usize, usize), since: Duration) -> Vec<Line> {
        let started_at = self.at(since);
        let moment = Moment { status: "started", started_at: &started_at, finished_at: "" };
        let info = self.infos.describe(node, moment);
        let description = results::description(node, &self.infos);
        let text = dotted(position, &format!("START {description}"), "RUN", None);
        let began = format!("Began running node {}", node.id);
        let data = json!({"description": description, "index": position.0, "node_info": info, "total": position.1});
        vec![
            Line::new(("NodeStart", "Q024"), Level::Debug, began, json!({"node_info": info})),
            Line::new(("LogStartLine", "Q011"), Level::Info, text, data),
        ]
    }

    fn finished(
        &self,
        node: &NodeLabel,
        position: (usize, usize),
        outcome: &Outcome,
        since: Duration,
        elapsed: Duration,
    ) -> Vec<Line> {
        let (started_at, finished_at) = (self.at(since.saturating_sub(elapsed)), self.at(since));
        let moment = Moment { status: outcome.status(), started_at: &started_at, finished_at: &finished_at };
        let info = self.infos.describe(node, moment);
        let seconds = elapsed.as_secs_f64();
        let result = results::result(&results::Ended { node, outcome, position, seconds, info: &info }, &self.infos);
        let mut answer = serde_json::Map::new();
        if let Outcome::Built { rows, .. } | Outcome::Reused { rows, .. } = outcome {
            answer.insert("_message".to_owned(), results::message(outcome).into());
            answer.extend(rows.map(|it| ("rows_affected".to_owned(), Value::from(it))));
        }
        let failures = match outcome {
            Outcome::Warned(failures) | Outcome::Failed(failures) => failures.count,
            Outcome::Built { .. }
            | Outcome::Reused { .. }
            | Outcome::Passed
            | Outcome::Proved(_)
            | Outcome::Aged { .. }
            | Outcome::Ingested(_)
            | Outcome::Errored(_)
            | Outcome::Skipped { .. }
            | Outcome::Refused { .. }
            | Outcome::Cancelled => 0,
        };
        let run_result = json!({
            "adapter_response": answer, "execution_time": seconds, "message": results::message(outcome),
            "num_failures": failures, "status": outcome.status(), "thread": "MainThread",
            "timing_info": [{
                "completed_at": format!("{finished_at}Z"), "name": "execute", "started_at": format!("{started_at}Z"),
            }],
        });
        let data = json!({"node_info": info, "run_result": run_result});
        let text = format!("Finished running node {}", node.id);
        vec![result, Line::new(("NodeFinished", "Q025"), Level::Debug, text, data)]
    }

    fn run_finished(&self, elapsed: Duration) -> Vec<Line> {
        let ended = std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner));
        let is_error = |it: &&(NodeLabel, Outcome)| matches!(it.1, Outcome::Errored(_) | Outcome::Failed(_));
        let is_warning = |it: &&(NodeLabel, Outcome)| matches!(it.1, Outcome::Warned(_));
        let stopped = ended.iter().any(|it| matches!(it.1, Outcome::Cancelled));
        let (errors, warnings) = (ended.iter().filter(is_error).count(), ended.iter().filter(is_warning).count());
        let mut lines = vec![run_time(&ended, elapsed), summary(errors, warnings, stopped)];
        for (node, outcome) in ended.iter().filter(is_error).chain(ended.iter().filter(is_warning)) {
            let info = self.infos.describe(node, Moment { status: outcome.status(), ..Moment::default() });
            let kind = node.resource_type.as_str();
            let about = json!({"node_info": info, "node_name": node.name, "path": node.path, "resource_type": kind});
            let place = format!("in {kind} {} ({})", node.name, node.path);
            let message = results::message(outcome);
            let said = json!({"msg": message, "node_info": info});
            if matches!(outcome, Outcome::Warned(_)) {
                let text = format!("Warning {place}");
                lines.push(Line::new(("RunResultWarning", "Z021"), Level::Warning, text, about));
                lines.push(Line::new(("RunResultWarningMessage", "Z046"), Level::Warning, message, said));
            } else {
                let text = format!("Failure {place}");
                lines.push(Line::new(("RunResultFailure", "Z022"), Level::Error, text, about));
                lines.push(Line::new(("RunResultError", "Z024"), Level::Error, format!("  {message}"), said));
            }
        }
        let skipped = ended.iter().filter(|it| matches!(it.1, Outcome::Skipped { .. } | Outcome::Cancelled)).count();
        let total = ended.len();
        let pass = total - errors - warnings - skipped;
        let text = format!("Done. PASS={pass} WARN={warnings} ERROR={errors} SKIP={skipped} NO-OP=0 TOTAL={total}");
        let stats =
            json!({"error": errors, "noop": 0, "pass": pass, "skip": skipped, "total": total, "warn": warnings});
        lines.push(Line::new(("StatsLine", "Z023"), Level::Info, text, json!({"stats": stats})));
        lines
    }
}

/// `Finished running 1 seed, 2 view models in 0 hours 0 minutes and 3.46 seconds (3.46s).`
fn run_time(ended: &[(NodeLabel, Outcome)], elapsed: Duration) -> Line {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (node, _) in ended {
        let what = match node.resource_type {
            ResourceType::Model => format!("{} model", node.materialized),
            ResourceType::Test => "data test".to_owned(),
            other => other.as_str().replace('_', " "),
        };
        *counts.entry(what).or_default() += 1;
    }
    let parts: Vec<String> = counts.iter().map(|(what, count)| plural(*count, what)).collect();
    let (stat_line, seconds) = (parts.join(", "), elapsed.as_secs_f64());
    let (hours, minutes) = (elapsed.as_secs() / 3600, elapsed.as_secs() / 60 % 60);
    let rest = seconds - (hours * 3600 + minutes * 60) as f64;
    let execution = format!(" in {hours} hours {minutes} minutes and {rest:.2} seconds");
    let text = format!("Finished running {stat_line}{execution} ({seconds:.2}s).");
    let data = json!({"execution": execution, "execution_time": seconds, "stat_line": stat_line});
    Line::new(("FinishedRunningStats", "E047"), Level::Info, text, data)
}

fn summary(errors: usize, warnings: usize, stopped: bool) -> Line {
    let (failed, warned) = (plural(errors, "error"), plural(warnings, "warning"));
    let text = match (stopped, errors, warnings) {
        (true, _, _) => "Exited because of keyboard interrupt".to_owned(),
        (false, 0, 0) => "Completed successfully".to_owned(),
        (false, 0, _) => format!("Completed with {warned}:"),
        (false, _, _) => format!("Completed with {failed}, 0 partial successes, and {warned}:"),
    };
    let data = json!({
        "keyboard_interrupt": stopped, "num_errors": errors, "num_partial_success": 0, "num_warnings": warnings,
    });
    Line::new(("EndOfRunSummary", "Z030"), Level::Info, text, data)
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Failures;
    use crate::jinja::RelationName;
    use crate::parse::NodeId;

    fn listener() -> Listener {
        let log = Log {
            invocation_id: "374ce894".to_owned(),
            started_at: "2026-11-21T09:54:35.173854Z".parse().unwrap(),
            begun: std::time::Instant::now(),
            printed: None,
            file: None,
        };
        let manifest = json!({"nodes": {
            "seed.shop.raw_orders": {
                "path": "raw_orders.csv", "checksum": {"checksum": "0bf7"}, "config": {"meta": {}},
                "relation_name": r#""shop"."main"."raw_orders""#,
            },
            "test.shop.few.2d5c": {"path": "few.sql", "attached_node": "model.shop.orders", "relation_name": null},
        }});
        Listener::new(Arc::new(log), "dev", manifest)
    }

    fn node(id: &str, name: &str, resource_type: ResourceType) -> NodeLabel {
        NodeLabel {
            id: NodeId::new(id),
            name: name.into(),
            resource_type,
            materialized: resource_type.as_str().into(),
            relation: RelationName::new("shop", "main", name),
            path: "models/schema.yml".into(),
        }
    }

    fn finished(node: NodeLabel, outcome: Outcome) -> Event {
        Event::NodeFinished { node, number: 1, total: 7, outcome, elapsed: Duration::from_millis(500) }
    }

    #[test]
    fn a_seed_is_told_as_dbt_tells_it() {
        let event = finished(
            node("seed.shop.raw_orders", "raw_orders", ResourceType::Seed),
            Outcome::Built { rows: Some(2), bytes: Some(80) },
        );
        let lines = listener().lines(&event, Duration::from_millis(500));
        // As dbt-core 1.11.16 wrote it, with our message and our `result` at the end.
        let theirs = concat!(
            r#"{"execution_time":0.5,"index":1,"node_info":{"materialized":"seed","meta":{},"node_checksum":"0bf7","#,
            r#""node_finished_at":"2026-11-21T09:54:35.673854","node_name":"raw_orders","node_path":"raw_orders.csv","#,
            r#""node_relation":{"alias":"raw_orders","database":"shop","#,
            r#""relation_name":"\"shop\".\"main\".\"raw_orders\"","schema":"main"},"#,
            r#""node_started_at":"2026-11-21T09:54:35.173854","node_status":"success","resource_type":"seed","#,
            r#""unique_id":"seed.shop.raw_orders"},"relation":"raw_orders","result_message":"OK 2","schema":"main","#,
            r#""status":"success","total":7,"result":{"rows":2,"bytes":80}}"#,
        );
        assert_eq!(
            (lines[0].name, lines[0].code, lines[0].data.to_string().as_str()),
            ("LogSeedResult", "Q016", theirs)
        );
        let text = "1 of 7 OK loaded seed file main.raw_orders ..................................... [OK 2 in 0.50s]";
        assert_eq!(lines[0].text, text);
        assert_eq!((lines[1].name, lines[1].level), ("NodeFinished", Level::Debug));
        assert_eq!(lines[1].data["run_result"]["adapter_response"], json!({"_message": "OK 2", "rows_affected": 2}));
    }

    #[test]
    fn a_test_that_warns_is_told_and_counted() {
        let listener = listener();
        let configured = "warn if != 0".to_owned();
        let warned = Outcome::Warned(Failures { count: 1, configured, ..Failures::default() });
        let test = node("test.shop.few.2d5c", "few", ResourceType::Test);
        let lines = listener.lines(&finished(test, warned), Duration::from_secs(1));
        let data = &lines[0].data;
        assert_eq!((lines[0].name, lines[0].level), ("LogTestResult", Level::Warning));
        assert_eq!((&data["status"], &data["num_failures"]), (&json!("warn"), &json!(1)));
        assert_eq!(data["attached_node"], "model.shop.orders");
        assert_eq!(data["node_info"]["node_relation"]["relation_name"], "");
        let end = Event::RunFinished { counts: vec![("warn", 1)], elapsed: Duration::from_secs(2) };
        let lines = listener.lines(&end, Duration::from_secs(2));
        let said: Vec<_> = lines.iter().map(|it| (it.name, it.text.as_str())).collect();
        assert_eq!(
            said,
            [
                ("FinishedRunningStats", "Finished running 1 data test in 0 hours 0 minutes and 2.00 seconds (2.00s)."),
                ("EndOfRunSummary", "Completed with 1 warning:"),
                ("RunResultWarning", "Warning in test few (models/schema.yml)"),
                ("RunResultWarningMessage", "Got 1 result, configured to warn if != 0"),
                ("StatsLine", "Done. PASS=0 WARN=1 ERROR=0 SKIP=0 NO-OP=0 TOTAL=1"),
            ]
        );
    }
}
