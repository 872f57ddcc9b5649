//! The table of what monitors have found.

use crate::console::Console;
use crate::console::lines::{Colour, painted};
use crate::monitors::{MonitorResult, Status};

/// Wider cells are cut: what is cut is in the reports.
const WIDEST: usize = 60;

impl Console {
    /// Prints a line for each check: the monitor, what was measured, what was expected, the verdict. What could not be
    /// measured is told in full below.
    pub fn checks(&self, results: &[MonitorResult]) {
        if results.is_empty() {
            return;
        }
        let head = ["monitor", "what", "measured", "expected"].map(str::to_owned);
        let mut rows = vec![(head, None)];
        for result in results {
            for check in &result.checks {
                let (measured, expected) = match check.status {
                    Status::Error => ("could not be measured", ""),
                    _ => (check.measured.as_str(), check.expected.as_str()),
                };
                rows.push(([&result.name, &check.subject, measured, expected].map(cut), Some(check.status)));
            }
        }
        let mut widths = [0; 4];
        for (cells, _) in &rows {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for (cells, status) in &rows {
            let cells: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            let verdict = match status {
                None => painted("verdict", Colour::Dim, self.colour),
                Some(status) => painted(&status.as_str().to_uppercase(), colour(*status), self.colour),
            };
            self.print(&format!("{}  {verdict}", cells.join("  ")));
        }
        for result in results {
            for check in result.checks.iter().filter(|it| it.status == Status::Error) {
                self.print(&format!("{}: {}", painted(&result.name, Colour::Red, self.colour), check.measured));
            }
        }
    }
}

fn colour(status: Status) -> Colour {
    match status {
        Status::Pass => Colour::Green,
        Status::Unknown | Status::Warn => Colour::Yellow,
        Status::Fail | Status::Error => Colour::Red,
    }
}

/// One line of a limited width.
fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= WIDEST { line } else { line.chars().take(WIDEST - 1).chain(['…']).collect() }
}
