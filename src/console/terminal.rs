//! Events on a terminal: one live line per running node, finished ones scroll above.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::events::{Event, EventSink};
use crate::parse::NodeId;
use crate::quantities::thousands;

use super::plain;

/// The live form.
pub struct Terminal {
    bars: MultiProgress,
    running: Mutex<BTreeMap<NodeId, ProgressBar>>,
    colour: bool,
}

impl Terminal {
    /// Nothing running yet.
    pub fn new(colour: bool) -> Terminal {
        Terminal { bars: MultiProgress::new(), running: Mutex::default(), colour }
    }
}

impl EventSink for Terminal {
    fn emit(&self, event: &Event) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::NodeStarted { node, .. } => {
                let bar = self.bars.add(ProgressBar::new_spinner());
                // The template is constant; were it wrong, the default style would still do.
                if let Ok(style) = ProgressStyle::with_template("  {spinner} {prefix} {msg} {elapsed}") {
                    bar.set_style(style);
                }
                bar.set_prefix(node.name.clone());
                bar.enable_steady_tick(Duration::from_millis(100));
                running.insert(node.id.clone(), bar);
            }
            Event::NodeProgress { id, rows } => {
                if let Some(bar) = running.get(id) {
                    bar.set_message(format!("{} rows", thousands(*rows)));
                }
            }
            Event::NodeFinished { node, .. } => {
                if let Some(bar) = running.remove(&node.id) {
                    bar.finish_and_clear();
                }
                self.print(event);
            }
            Event::RunStarted { .. } | Event::Message { .. } | Event::RunFinished { .. } => self.print(event),
        }
    }
}

impl Terminal {
    fn print(&self, event: &Event) {
        if let Some(text) = plain::render(event, self.colour) {
            // A terminal that has gone away can't be told that it has.
            let _ = self.bars.println(text);
        }
    }
}
