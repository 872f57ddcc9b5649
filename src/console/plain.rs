//! Events as plain lines, for logs and pipes.

use std::io::{self, Write};

use crate::diagnostics;
use crate::events::{Event, EventSink, Level, Outcome};

use super::lines;

/// One line per node that has ended.
#[derive(Debug)]
pub struct Plain {
    /// Whether to colour.
    pub colour: bool,
    /// Whether only what is wrong is said.
    pub quiet: bool,
}

impl EventSink for Plain {
    fn emit(&self, event: &Event) {
        let Some(text) = render(event, self.colour) else { return };
        let is_bad = matches!(event, Event::NodeFinished { outcome, .. } if !outcome.is_good());
        if self.quiet && !is_bad {
            return;
        }
        // A reader that has gone away can't be told that it has.
        let _ = writeln!(io::stdout().lock(), "{text}");
    }
}

/// What an event looks like; `None` for those that are not shown.
pub(super) fn render(event: &Event, colour: bool) -> Option<String> {
    match event {
        Event::RunStarted { .. } => lines::opening(event),
        Event::NodeFinished { node, number, total, outcome, elapsed } => {
            let mut text = lines::finished(node, *number, *total, outcome, *elapsed, colour);
            if let Outcome::Errored(problem) = outcome {
                let found = [problem.as_ref().clone()].into_iter().collect();
                text.push('\n');
                text.push_str(diagnostics::render_terminal(&found, colour).trim_end());
            }
            Some(text)
        }
        Event::Message { level: Level::Debug, .. } | Event::NodeStarted { .. } | Event::NodeProgress { .. } => None,
        Event::Message { text, .. } => Some(text.clone()),
        Event::RunFinished { counts, elapsed } => Some(format!("\n{}", lines::summary(counts, *elapsed))),
    }
}
