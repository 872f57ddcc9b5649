//! Listens to a run and writes an event for the beginning and the end of it and of each of its nodes.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use crate::artifacts::openlineage::{OpenLineage, State};
use crate::events::{Event, EventSink, Outcome};
use crate::project::Json;

/// The listener.
pub struct OpenLineageListener {
    events: OpenLineage,
    begun: Instant,
    /// Takes one event to where it belongs. What it can't do is its own affair: no run fails for it.
    send: Box<dyn Fn(&Json) + Send + Sync>,
}

impl OpenLineageListener {
    /// One that sends events this way. `begun` is the moment that the invocation's start names.
    pub fn new(events: OpenLineage, begun: Instant, send: Box<dyn Fn(&Json) + Send + Sync>) -> OpenLineageListener {
        OpenLineageListener { events, begun, send }
    }

    fn at(&self, since: Duration) -> DateTime<Utc> {
        self.events.invocation.started_at + TimeDelta::from_std(since).unwrap_or(TimeDelta::MAX)
    }
}

impl EventSink for OpenLineageListener {
    fn emit(&self, event: &Event) {
        let now = self.at(self.begun.elapsed());
        let event = match event {
            Event::RunStarted { .. } => Some(self.events.run_event(&State::Start, now)),
            Event::NodeStarted { node, .. } => self.events.node_event(&node.id, &State::Start, now),
            Event::NodeFinished { node, outcome, .. } => {
                state(outcome).and_then(|state| self.events.node_event(&node.id, &state, now))
            }
            Event::RunFinished { counts, .. } => {
                let bad = counts.iter().find(|(status, _)| matches!(*status, "error" | "fail"));
                let state = match bad {
                    Some((status, count)) => State::Fail(format!("{count} with status `{status}`")),
                    None => State::Complete(None, None),
                };
                Some(self.events.run_event(&state, now))
            }
            Event::NodeProgress { .. } | Event::Message { .. } => None,
        };
        if let Some(event) = event {
            (self.send)(&event);
        }
    }
}

/// What became of a node; nothing of one that was not tried.
fn state(outcome: &Outcome) -> Option<State> {
    match outcome {
        Outcome::Built { rows, bytes } | Outcome::Reused { rows, bytes } => Some(State::Complete(*rows, *bytes)),
        Outcome::Passed | Outcome::Proved(_) | Outcome::Warned(_) | Outcome::Aged { .. } => {
            Some(State::Complete(None, None))
        }
        Outcome::Ingested(file) if file.is_good() => Some(State::Complete(Some(file.valid), None)),
        Outcome::Ingested(file) => Some(State::Fail(file.message.clone().unwrap_or_else(|| file.outcome.to_owned()))),
        Outcome::Failed(failures) => Some(State::Fail(format!("{} failures", failures.count))),
        Outcome::Errored(problem) => Some(State::Fail(problem.one_line())),
        Outcome::Refused { because } => Some(State::Fail(format!("not published because `{because}` did not succeed"))),
        Outcome::Skipped { .. } => None,
        Outcome::Cancelled => Some(State::Abort),
    }
}
