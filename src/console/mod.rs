//! The only module that prints: diagnostics, results, and events as terminal lines or JSON, and the log file.

mod checks;
mod lines;
mod log;
mod plain;
mod terminal;

pub use log::{Log, LogFile};
pub use plain::Plain;
pub use terminal::Terminal;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use crate::diagnostics::{self, Diagnostics};
use crate::events::{EventSink, Everyone};

/// The machine-readable or the human form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// How to print. Standard output carries results, standard error what is wrong.
#[derive(Debug, Clone)]
pub struct Console {
    /// The form.
    pub format: Format,
    /// Whether colour is wanted; never the only carrier of meaning.
    pub colour: bool,
    /// Whether only what is wrong is said.
    pub quiet: bool,
    /// The structured log: standard output for [`Format::Json`], and a file for both.
    pub log: Arc<Log>,
}

impl Console {
    /// Whether a person is looking.
    pub fn is_terminal() -> bool {
        io::stdout().is_terminal() && io::stderr().is_terminal()
    }

    /// Says that a command begins.
    pub fn begin(&self) {
        self.log.begin();
    }

    /// Says that a command has ended.
    pub fn end(&self, command: &str, is_success: bool) {
        self.log.end(command, is_success);
    }

    /// Prints a result.
    pub fn print(&self, text: &str) {
        if self.format == Format::Text {
            // A closed pipe (`| head`) is no mistake of ours; there is nobody left to tell.
            let _ = writeln!(io::stdout().lock(), "{text}");
        }
        self.log.result(text);
    }

    /// Says something that is no result.
    pub fn say(&self, text: &str) {
        if self.format == Format::Text && !self.quiet {
            // As above.
            let _ = writeln!(io::stdout().lock(), "{text}");
        }
        self.log.note(text);
    }

    /// Prints everything that was found, and how much it was.
    pub fn diagnostics(&self, found: &Diagnostics) {
        if found.is_empty() {
            return;
        }
        if self.format == Format::Text {
            let text = diagnostics::render_terminal(found, self.colour);
            let _ = io::stderr().lock().write_all(text.as_bytes());
            let _ = writeln!(io::stderr().lock(), "\n{}", lines::found(found.errors(), found.warnings()));
        }
        found.iter().for_each(|it| self.log.diagnostic(it));
    }

    /// Says why nothing could be done.
    pub fn failure(&self, text: &str) {
        if self.format == Format::Text {
            let _ = writeln!(io::stderr().lock(), "error: {text}");
        }
        self.log.failure(text);
    }

    /// The listener that fits, of a run in this target. The log takes what it says of nodes from the manifest.
    pub fn sink(&self, target: &str, manifest: impl FnOnce() -> serde_json::Value) -> Arc<dyn EventSink> {
        let mut sinks: Vec<Arc<dyn EventSink>> = Vec::new();
        match self.format {
            Format::Json => {}
            Format::Text if Console::is_terminal() && !self.quiet => sinks.push(Arc::new(Terminal::new(self.colour))),
            Format::Text => sinks.push(Arc::new(Plain { colour: self.colour, quiet: self.quiet })),
        }
        sinks.extend(self.log_sink(target, manifest));
        Arc::new(Everyone(sinks))
    }

    /// The listener of the log alone, if anybody reads it: for what people are told otherwise.
    pub fn log_sink(&self, target: &str, manifest: impl FnOnce() -> serde_json::Value) -> Option<Arc<dyn EventSink>> {
        let listener = || Arc::new(log::Listener::new(Arc::clone(&self.log), target, manifest())) as Arc<dyn EventSink>;
        self.log.is_read().then(listener)
    }
}
