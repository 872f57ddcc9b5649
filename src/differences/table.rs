//! Differences for people: a line for each thing that differs, and the rows of each kind as a table.

use super::{Differences, Example, What};
use crate::quantities::thousands;

/// Longer values are cut off.
const LONGEST: usize = 40;

impl Differences {
    /// As lines.
    pub fn to_table(&self) -> String {
        let mut lines = vec![format!("{}: {} -> {}", self.model, self.from.name, self.to.name)];
        if self.equal {
            let rows = thousands(self.to.rows);
            lines.push(format!("equal: {rows} row{}", if self.to.rows == 1 { "" } else { "s" }));
            return lines.join("\n");
        }
        lines.extend(self.column_lines());
        lines.push(format!("rows      {} -> {}, {}", thousands(self.from.rows), thousands(self.to.rows), self.how()));
        lines.push(format!("          {}", self.row_words()));
        if self.rows.repeated_keys > 0 {
            let count = thousands(self.rows.repeated_keys);
            let (keys, have) = if self.rows.repeated_keys == 1 { ("key", "is") } else { ("keys", "are") };
            lines.push(format!(
                "          {count} {keys} {have} there several times: those rows are compared as wholes"
            ));
        }
        if !self.changed_columns.is_empty() {
            let counts = self.changed_columns.iter().map(|it| format!("{} {}", it.name, thousands(it.rows)));
            lines.push(format!("          changed in: {}", counts.collect::<Vec<_>>().join(", ")));
        }
        for (what, title) in [(What::Changed, "changed"), (What::Added, "added"), (What::Removed, "removed")] {
            let rows: Vec<&Example> = self.examples.iter().filter(|it| it.what == what).collect();
            if !rows.is_empty() {
                lines.push(String::new());
                lines.push(self.title(what, title, rows.len()));
                lines.extend(drawn(&rows));
            }
        }
        lines.join("\n")
    }

    fn column_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for it in &self.columns.added {
            lines.push(format!("column    + {} {}", it.name, it.data_type));
        }
        for it in &self.columns.removed {
            lines.push(format!("column    - {} {}", it.name, it.data_type));
        }
        for it in &self.columns.retyped {
            let left_out = if it.compared { "" } else { ", whose values are not compared" };
            lines.push(format!("column    ~ {} {} -> {}{left_out}", it.name, it.from, it.to));
        }
        lines
    }

    /// By what rows are told apart.
    pub(super) fn how(&self) -> String {
        match self.key.as_slice() {
            [] => "compared as whole rows".to_owned(),
            key => format!("by {}", key.join(", ")),
        }
    }

    /// `5 added, 2 removed, 7 changed, 991 unchanged`.
    pub(super) fn row_words(&self) -> String {
        let rows = &self.rows;
        let mut counts = vec![(rows.added, "added"), (rows.removed, "removed")];
        if !self.key.is_empty() {
            counts.push((rows.changed, "changed"));
        }
        counts.push((rows.unchanged, "unchanged"));
        counts.iter().map(|(count, word)| format!("{} {word}", thousands(*count))).collect::<Vec<_>>().join(", ")
    }

    /// `changed, the first 5`.
    pub(super) fn title(&self, what: What, title: &str, shown: usize) -> String {
        let all = match what {
            What::Added => self.rows.added,
            What::Removed => self.rows.removed,
            What::Changed => self.rows.changed,
        };
        if all > shown as u64 { format!("{title}, {shown} of {}:", thousands(all)) } else { format!("{title}:") }
    }
}

/// The columns that rows are shown with, and the rows; a cell that a row does not have is empty.
pub(super) fn grid(rows: &[&Example]) -> (Vec<String>, Vec<Vec<String>>) {
    let mut columns: Vec<String> = Vec::new();
    for cell in rows.iter().flat_map(|it| &it.cells) {
        if !columns.contains(&cell.column) {
            columns.push(cell.column.clone());
        }
    }
    let value = |row: &Example, column: &String| {
        let Some(cell) = row.cells.iter().find(|it| it.column == *column) else { return String::new() };
        match &cell.became {
            Some(became) => format!("{} -> {}", shown(cell.value.as_deref()), shown(became.as_deref())),
            None => shown(cell.value.as_deref()),
        }
    };
    let cells = rows.iter().map(|row| columns.iter().map(|it| value(row, it)).collect()).collect();
    (columns, cells)
}

fn shown(value: Option<&str>) -> String {
    let Some(value) = value else { return "null".to_owned() };
    let value = value.replace(['\n', '\r', '\t'], " ");
    if value.chars().count() <= LONGEST {
        return value;
    }
    value.chars().take(LONGEST - 1).chain(['…']).collect()
}

fn drawn(rows: &[&Example]) -> Vec<String> {
    let (columns, cells) = grid(rows);
    let width = |at: usize| {
        let cells = cells.iter().map(|it| it[at].chars().count());
        cells.chain([columns[at].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("  {}", padded.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
    };
    std::iter::once(&columns).chain(&cells).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::example;
    use super::*;

    #[test]
    fn differences_are_told() {
        let expected = "\
orders: version 2 -> version 3, in place
column    + discount double
column    ~ day varchar -> date, whose values are not compared
rows      1,000 -> 1,001, by id
          1 added, 0 removed, 1 changed, 999 unchanged
          changed in: status 1

changed:
  id  status
  4   null -> a | b

added:
  id  status
  7   open";
        assert_eq!(example().to_table(), expected);
    }

    #[test]
    fn long_values_are_cut() {
        assert_eq!(shown(Some("a\nb")), "a b");
        assert_eq!(shown(Some(&"x".repeat(50))).chars().count(), LONGEST);
    }
}
