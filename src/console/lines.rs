//! Words for events, shared by the plain and the live form.

use std::time::Duration;

use crate::events::{Event, Failures, Ingested, NodeLabel, Outcome};
use crate::freshness::Verdict;
use crate::parse::ResourceType;
use crate::quantities::{bytes, seconds, thousands};

/// ANSI colours, or none.
#[derive(Clone, Copy)]
pub(super) enum Colour {
    Green,
    Yellow,
    Red,
    Dim,
}

pub(super) fn painted(text: &str, colour: Colour, on: bool) -> String {
    let code = match colour {
        Colour::Green => "32",
        Colour::Yellow => "33",
        Colour::Red => "31",
        Colour::Dim => "2",
    };
    if on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// `2 errors, 1 warning`.
pub(super) fn found(errors: usize, warnings: usize) -> String {
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    match (errors, warnings) {
        (errors, 0) => count(errors, "error"),
        (0, warnings) => count(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

/// The line of a node that has ended, and what belongs below it.
pub(super) fn finished(
    node: &NodeLabel,
    number: usize,
    total: usize,
    outcome: &Outcome,
    elapsed: Duration,
    colour: bool,
) -> String {
    let (word, tint, detail) = match outcome {
        Outcome::Built { rows, bytes: size } => {
            let rows = rows.map(|it| format!("{} row{}", thousands(it), if it == 1 { "" } else { "s" }));
            let size = size.map(bytes);
            let detail: Vec<String> = rows.into_iter().chain(size).collect();
            ("OK", Colour::Green, detail.join(", "))
        }
        Outcome::Reused { .. } => ("OK", Colour::Green, "reused".to_owned()),
        Outcome::Passed => ("PASS", Colour::Green, String::new()),
        Outcome::Proved(way) => ("PASS", Colour::Green, way.to_string()),
        Outcome::Warned(failures) => ("WARN", Colour::Yellow, failing(node, failures)),
        Outcome::Failed(failures) => ("FAIL", Colour::Red, failing(node, failures)),
        Outcome::Aged { verdict, seconds } => {
            let detail = loaded_ago(*seconds);
            match verdict {
                Verdict::Fresh => ("PASS", Colour::Green, detail),
                Verdict::Warn => ("WARN", Colour::Yellow, detail),
                Verdict::Stale => ("ERROR STALE", Colour::Red, detail),
            }
        }
        Outcome::Ingested(file) => match file.outcome {
            "taken" if file.drift.is_empty() => ("OK", Colour::Green, sifted(file)),
            "taken" => ("WARN", Colour::Yellow, sifted(file)),
            "skipped" => ("SKIP", Colour::Green, file.message.clone().unwrap_or_default()),
            _ => ("FAIL", Colour::Red, sifted(file)),
        },
        Outcome::Errored(_) => ("ERROR", Colour::Red, String::new()),
        Outcome::Skipped { because } => {
            ("SKIP", Colour::Yellow, format!("because of {}", because_name(because.as_str())))
        }
        Outcome::Refused { because } => {
            ("HELD", Colour::Red, format!("not published because of {}", because_name(because.as_str())))
        }
        Outcome::Cancelled => ("STOP", Colour::Yellow, String::new()),
    };
    let width = total.to_string().len();
    let what = match node.resource_type {
        ResourceType::Model => node.materialized.as_str(),
        ResourceType::UnitTest => "unit",
        other => other.as_str(),
    };
    let word = painted(&format!("{word:<5}"), tint, colour);
    let time = painted(&seconds(elapsed), Colour::Dim, colour);
    let mut line = format!("{number:>width$}/{total} {word} {what:<5} {:<40} {detail}", node.name);
    line = format!("{:<96} {time}", line.trim_end());
    match outcome {
        Outcome::Warned(failures) | Outcome::Failed(failures) => line.push_str(&evidence(node, failures)),
        Outcome::Errored(_)
        | Outcome::Aged { .. }
        | Outcome::Built { .. }
        | Outcome::Reused { .. }
        | Outcome::Passed
        | Outcome::Proved(_)
        | Outcome::Skipped { .. }
        | Outcome::Cancelled => {}
        Outcome::Ingested(file) => {
            let quarantine = file.quarantine.as_ref().map(|it| format!("bad rows: {it}"));
            let message = file.message.iter().filter(|_| file.outcome != "skipped");
            for below in message.chain(&file.drift).cloned().chain(quarantine) {
                line.push_str(&format!("\n      {below}"));
            }
        }
        Outcome::Refused { .. } => {
            line.push_str(&format!("\n      look at it: arrowmill show --select {} --staged", node.name));
        }
    }
    line
}

/// A node's name out of its id; ids of generic tests end in a hash.
fn because_name(id: &str) -> &str {
    let name = id.splitn(3, '.').nth(2).unwrap_or(id);
    let is_hash = |it: &str| it.len() == 10 && it.bytes().all(|it| it.is_ascii_hexdigit());
    match name.rsplit_once('.') {
        Some((name, hash)) if id.starts_with("test.") && is_hash(hash) => name,
        _ => name,
    }
}

/// `1,000 rows: 940 valid, 58 invalid, 2 duplicate`.
fn sifted(file: &Ingested) -> String {
    let counts = [(file.valid, "valid"), (file.invalid, "invalid"), (file.duplicate, "duplicate")];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, what)| *count > 0 || *what == "valid")
        .map(|(count, what)| format!("{} {what}", thousands(count)))
        .collect();
    let plural = if file.read == 1 { "" } else { "s" };
    format!("{} row{plural}: {}", thousands(file.read), counts.join(", "))
}

fn failing(node: &NodeLabel, failures: &Failures) -> String {
    let count = failures.count;
    let what = if node.resource_type == ResourceType::UnitTest { "differing" } else { "failing" };
    let moved = if failures.moved { ", moved to quarantine" } else { "" };
    format!("{count} {what} row{}{moved}", if count == 1 { "" } else { "s" })
}

/// A few failing rows, and how to see all of them.
fn evidence(node: &NodeLabel, failures: &Failures) -> String {
    let indented = |text: &str| text.lines().map(|line| format!("\n      {line}")).collect::<String>();
    let mut out = indented(&format!("in {}", node.path));
    out.push_str(&indented(&failures.sample));
    match &failures.stored {
        Some(relation) => out.push_str(&indented(&format!("all of them: select * from {relation}"))),
        None => {
            let is_unit_test = node.resource_type == ResourceType::UnitTest;
            out.push_str(&indented(if is_unit_test { "the query:" } else { "all of them:" }));
            out.push_str(&indented(&failures.query).replace("\n      ", "\n        "));
        }
    }
    out
}

/// `loaded 3 hours ago`: the largest unit of which there are two at least.
fn loaded_ago(seconds: f64) -> String {
    let units = [("day", 86_400.0), ("hour", 3600.0), ("minute", 60.0)];
    let (unit, size) = units.into_iter().find(|(_, size)| seconds >= 2.0 * size).unwrap_or(("second", 1.0));
    // Nobody has loaded rows before there were computers: there are none.
    if seconds > 86_400.0 * 365.0 * 1000.0 {
        return "has no rows".to_owned();
    }
    let count = (seconds / size).floor().max(0.0);
    format!("loaded {count} {unit}{} ago", if (count - 1.0).abs() < 0.5 { "" } else { "s" })
}

/// The last line: `done in 0.84s: 18 success, 80 pass`.
pub(super) fn summary(counts: &[(&'static str, usize)], elapsed: Duration) -> String {
    let parts: Vec<String> =
        counts.iter().map(|(status, count)| format!("{} {status}", thousands(*count as u64))).collect();
    let parts = if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") };
    format!("done in {}: {parts}", seconds(elapsed))
}

/// The first line.
pub(super) fn opening(event: &Event) -> Option<String> {
    match event {
        Event::RunStarted { threads, plan, .. } => {
            let plural = if *threads == 1 { "" } else { "s" };
            Some(format!("{plan}, {threads} thread{plural}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_counts_carry_units() {
        assert_eq!(loaded_ago(7200.0), "loaded 2 hours ago");
        assert_eq!(loaded_ago(7199.0), "loaded 119 minutes ago");
        assert_eq!(loaded_ago(1.5), "loaded 1 second ago");
        assert_eq!(loaded_ago(6e10), "has no rows");
        assert_eq!(found(1, 2), "1 error, 2 warnings");
        assert_eq!(because_name("model.shop.orders"), "orders");
        assert_eq!(because_name("test.shop.unique_orders_id.0123456789"), "unique_orders_id");
    }
}
