//! A comparison as Markdown, fit for the comment on a pull request.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::artifacts::LineageDiff;
use crate::artifacts::lineage::diff::{Change, Column, What};

/// Lines of one table; a comment has an end too.
const LONGEST: usize = 200;

impl LineageDiff {
    /// A summary, what changed, and what that touches.
    pub fn to_markdown(&self) -> String {
        if self.is_empty() {
            return "### Lineage of this change\n\nNo column is computed otherwise.\n".to_owned();
        }
        let mut out = format!("### Lineage of this change\n\n{}\n", self.summary());
        out.push_str("\n#### Changed\n\n| model | column | what |\n|---|---|---|\n");
        let lines = self.changed.iter().map(|it| self.change(it)).collect();
        write_lines(&mut out, lines);
        if !self.touched.is_empty() {
            out.push_str("\n#### Touched downstream\n\n| model | column | by |\n|---|---|---|\n");
            let line = |((node, column), (from, kind)): (&Column, &(Column, String))| {
                let by = format!("{}.{}", self.name(&from.0), from.1);
                format!("| {} | {} | {} ({kind}) |\n", code(self.name(node)), code(column), code(&by))
            };
            write_lines(&mut out, self.touched.iter().map(line).collect());
        }
        let names = |ids: &BTreeSet<String>| ids.iter().map(|it| code(self.name(it))).collect::<Vec<_>>().join(", ");
        if !self.rows.is_empty() {
            let _ = writeln!(out, "\n**Rows may be others**, because of what they read: {}", names(&self.rows));
        }
        if !self.exposures.is_empty() {
            let _ = writeln!(out, "\n**Exposures** that read what changed or is touched: {}", names(&self.exposures));
        }
        out
    }

    /// `2 columns of 1 model change; that touches 3 columns of 2 models downstream.`
    fn summary(&self) -> String {
        let mut columns: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let (mut rows, mut new, mut gone) = (0, 0, 0);
        for change in &self.changed {
            match &change.what {
                What::NewColumn(it, _) | What::GoneColumn(it) | What::Retyped(it, ..) | What::Recomputed(it, ..) => {
                    columns.entry(&change.node).or_default().insert(it);
                }
                What::Rows(..) => rows += 1,
                What::NewNode => new += 1,
                What::GoneNode => gone += 1,
            }
        }
        let changed = columns.values().map(BTreeSet::len).sum();
        let parts = [
            (changed, format!("{} of {}", count(changed, "column"), count(columns.len(), "model"))),
            (rows, format!("the rows of {}", count(rows, "model"))),
            (new, format!("{} added", count(new, "model"))),
            (gone, format!("{} removed", count(gone, "model"))),
        ];
        let parts: Vec<String> = parts.into_iter().filter(|(some, _)| *some > 0).map(|(_, it)| it).collect();
        let touched: BTreeSet<&str> = self.touched.keys().map(|(node, _)| node.as_str()).collect();
        let touches = match self.touched.len() {
            0 => "no column downstream is made of them".to_owned(),
            some => {
                format!("that touches **{} of {} downstream**", count(some, "column"), count(touched.len(), "model"))
            }
        };
        format!("**Changed: {}**; {touches}.", parts.join(", "))
    }

    fn change(&self, change: &Change) -> String {
        let from_to = |gone: &[String], come: &[String]| {
            let listed = |word: &str, list: &[String]| match list {
                [] => String::new(),
                list => format!("; {word} {}", list.iter().map(|it| code(it)).collect::<Vec<_>>().join(", ")),
            };
            listed("no more", gone) + &listed("now", come)
        };
        let (column, what) = match &change.what {
            What::NewNode => (String::new(), "new".to_owned()),
            What::GoneNode => (String::new(), "**removed**".to_owned()),
            What::NewColumn(column, origins) if origins.is_empty() => (code(column), "new".to_owned()),
            What::NewColumn(column, origins) => {
                let origins: Vec<String> = origins.iter().map(|it| code(it)).collect();
                (code(column), format!("new: {}", origins.join(", ")))
            }
            What::GoneColumn(column) => (code(column), "**removed**".to_owned()),
            What::Retyped(column, was, is) => (code(column), format!("{} → {}", code(was), code(is))),
            What::Recomputed(column, gone, come) => {
                (code(column), format!("computed otherwise{}", from_to(gone, come)))
            }
            What::Rows(gone, come) => ("(rows)".to_owned(), format!("other rows{}", from_to(gone, come))),
        };
        format!("| {} | {column} | {what} |\n", code(self.name(&change.node)))
    }
}

fn write_lines(out: &mut String, lines: Vec<String>) {
    let more = lines.len().saturating_sub(LONGEST);
    lines.into_iter().take(LONGEST).for_each(|it| out.push_str(&it));
    if more > 0 {
        let _ = writeln!(out, "| | | … and {more} more |");
    }
}

fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// As code, in a cell of a table.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', "\\|").replace('\n', " "))
}
