//! The structured log: dbt's events by dbt's names, as JSON lines on standard output and as lines of a log file.
//! What orchestrators follow. Knows what happened; knows neither the engine nor where the file lies.

mod line;
mod listener;
mod node_info;
mod results;

pub(super) use line::Line;
pub(super) use listener::Listener;

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::artifacts::DBT_VERSION;
use crate::diagnostics::{self, Diagnostic, Severity};
use crate::events::Level;

use super::Format;

/// Where the log goes, and what stands on each of its lines.
pub struct Log {
    /// The run's identity.
    pub invocation_id: String,
    /// When the run began.
    pub started_at: DateTime<Utc>,
    /// The moment that `started_at` names, on the clock that never jumps.
    pub begun: Instant,
    /// The least that is printed as JSON on standard output; `None` where people read it.
    pub printed: Option<Level>,
    /// The log file.
    pub file: Option<LogFile>,
}

/// A log file that is open.
pub struct LogFile {
    /// What is written to.
    pub writer: Mutex<Box<dyn Write + Send>>,
    /// JSON, or lines for people.
    pub format: Format,
    /// The least that is written.
    pub level: Level,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Log").field("printed", &self.printed).finish_non_exhaustive()
    }
}

impl Log {
    /// Whether anybody reads it.
    pub(super) fn is_read(&self) -> bool {
        self.printed.is_some() || self.file.is_some()
    }

    /// Writes a line wherever it belongs.
    pub(super) fn write(&self, line: &Line) {
        let now = self.started_at + TimeDelta::from_std(self.begun.elapsed()).unwrap_or(TimeDelta::MAX);
        if self.printed.is_some_and(|least| line.level >= least || line.is_result()) {
            // A reader that has gone away can't be told that it has.
            let _ = writeln!(io::stdout().lock(), "{}", line.json(&self.invocation_id, now));
        }
        if let Some(file) = self.file.as_ref().filter(|it| line.level >= it.level) {
            let text = match file.format {
                Format::Json => line.json(&self.invocation_id, now).to_string(),
                Format::Text => line.text(now),
            };
            // A log that can't be written is no reason to stop the work that it is about.
            let _ = writeln!(file.writer.lock().unwrap_or_else(PoisonError::into_inner), "{text}");
        }
    }

    /// The first line of a command.
    pub(super) fn begin(&self) {
        let version = env!("CARGO_PKG_VERSION");
        self.write(&Line::new(
            ("MainReportVersion", "A001"),
            Level::Info,
            format!("Running with dbt={DBT_VERSION} (arrowmill {version})"),
            json!({"log_version": 3, "version": format!("={DBT_VERSION}")}),
        ));
    }

    /// The last line of a command.
    pub(super) fn end(&self, command: &str, is_success: bool) {
        let elapsed = self.begun.elapsed();
        let now = self.started_at + TimeDelta::from_std(elapsed).unwrap_or(TimeDelta::MAX);
        let seconds = elapsed.as_secs_f64();
        let how = if is_success { "succeeded" } else { "failed" };
        let at = now.format("%H:%M:%S%.6f");
        self.write(&Line::new(
            ("CommandCompleted", "Q039"),
            Level::Debug,
            format!("Command `{command}` {how} at {at} after {seconds:.2} seconds"),
            json!({
                "command": command, "completed_at": line::timestamp(now), "elapsed": seconds, "success": is_success,
            }),
        ));
    }

    /// A result of a command.
    pub(super) fn result(&self, text: &str) {
        self.write(&Line::new(("PrintEvent", "Z052"), Level::Info, text, json!({"msg": text})));
    }

    /// Something that is no result.
    pub(super) fn note(&self, text: &str) {
        self.write(&Line::new(("Note", "Z050"), Level::Info, text, json!({"msg": text})));
    }

    /// Why nothing could be done.
    pub(super) fn failure(&self, text: &str) {
        let words = format!("Encountered an error:\n{text}");
        self.write(&Line::new(("MainEncounteredError", "Z002"), Level::Error, words, json!({"exc": text})));
    }

    /// Something that was found in the project. `diagnostic` has the place and the help as data.
    pub(super) fn diagnostic(&self, found: &Diagnostic) {
        let found_alone = [found.clone()].into_iter().collect();
        let text = diagnostics::render_terminal(&found_alone, false).trim_end().to_owned();
        let data = diagnostics::render_json(&found_alone)["diagnostics"][0].take();
        let line = match found.severity {
            Severity::Error => Line::new(
                ("MainEncounteredError", "Z002"),
                Level::Error,
                format!("Encountered an error:\n{text}"),
                json!({"exc": text, "diagnostic": data}),
            ),
            Severity::Warning => {
                Line::new(("Note", "Z050"), Level::Warning, text.clone(), json!({"msg": text, "diagnostic": data}))
            }
        };
        self.write(&line);
    }
}
