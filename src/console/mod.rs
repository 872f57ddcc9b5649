//! The only module that prints: diagnostics, results, and events as terminal lines or JSON.

mod json_lines;
mod lines;
mod plain;
mod terminal;

pub use json_lines::JsonLines;
pub use plain::Plain;
pub use terminal::Terminal;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use crate::diagnostics::{self, Diagnostics};
use crate::events::EventSink;

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
#[derive(Debug, Clone, Copy)]
pub struct Console {
    /// The form.
    pub format: Format,
    /// Whether colour is wanted; never the only carrier of meaning.
    pub colour: bool,
    /// Whether only what is wrong is said.
    pub quiet: bool,
}

impl Console {
    /// Whether a person is looking.
    pub fn is_terminal() -> bool {
        io::stdout().is_terminal() && io::stderr().is_terminal()
    }

    /// Prints a result.
    pub fn print(&self, text: &str) {
        // A closed pipe (`| head`) is no mistake of ours; there is nobody left to tell.
        let _ = writeln!(io::stdout().lock(), "{text}");
    }

    /// Says something that is no result.
    pub fn say(&self, text: &str) {
        if self.quiet {
            return;
        }
        match self.format {
            Format::Text => self.print(text),
            Format::Json => self.print(&serde_json::json!({"event": "message", "text": text}).to_string()),
        }
    }

    /// Prints everything that was found, and how much it was.
    pub fn diagnostics(&self, found: &Diagnostics) {
        if found.is_empty() {
            return;
        }
        let text = match self.format {
            Format::Text => diagnostics::render_terminal(found, self.colour),
            Format::Json => diagnostics::render_json(found).to_string() + "\n",
        };
        let _ = io::stderr().lock().write_all(text.as_bytes());
        if self.format == Format::Text {
            let _ = writeln!(io::stderr().lock(), "\n{}", lines::found(found.errors(), found.warnings()));
        }
    }

    /// Says why nothing could be done.
    pub fn failure(&self, text: &str) {
        let line = match self.format {
            Format::Text => format!("error: {text}"),
            Format::Json => serde_json::json!({"event": "error", "message": text}).to_string(),
        };
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// The listener that fits.
    pub fn sink(&self) -> Arc<dyn EventSink> {
        match self.format {
            Format::Json => Arc::new(JsonLines),
            Format::Text if Console::is_terminal() && !self.quiet => Arc::new(Terminal::new(self.colour)),
            Format::Text => Arc::new(Plain { colour: self.colour, quiet: self.quiet }),
        }
    }
}
