//! Differences as Markdown, fit for a pull request.

use super::table::grid;
use super::{Differences, Example, What};
use crate::quantities::thousands;

impl Differences {
    /// A section.
    pub fn to_markdown(&self) -> String {
        let mut lines = vec![format!("### {}: {} → {}", self.model, self.from.name, self.to.name), String::new()];
        if self.equal {
            lines.push(format!("Equal: {} rows.", thousands(self.to.rows)));
            return lines.join("\n");
        }
        let (from, to) = (thousands(self.from.rows), thousands(self.to.rows));
        lines.push(format!("{from} rows → {to} rows, {}: {}.", self.how(), self.row_words()));
        if self.rows.repeated_keys > 0 {
            let count = thousands(self.rows.repeated_keys);
            lines.push(format!("Keys of several rows, which are compared as whole rows: {count}."));
        }
        if !self.columns.is_empty() {
            lines.extend([String::new(), "| column | before | after |".to_owned(), "|---|---|---|".to_owned()]);
            let row = |name: &str, from: &str, to: &str| format!("| {} | {from} | {to} |", escaped(name));
            lines.extend(self.columns.added.iter().map(|it| row(&it.name, "", &it.data_type)));
            lines.extend(self.columns.removed.iter().map(|it| row(&it.name, &it.data_type, "")));
            let retyped = |it: &super::Retyped| {
                let to = if it.compared { it.to.clone() } else { format!("{} (values not compared)", it.to) };
                row(&it.name, &it.from, &to)
            };
            lines.extend(self.columns.retyped.iter().map(retyped));
        }
        if !self.changed_columns.is_empty() {
            lines.extend([String::new(), "| changed | rows |".to_owned(), "|---|---:|".to_owned()]);
            let row = |it: &super::ChangedColumn| format!("| {} | {} |", escaped(&it.name), thousands(it.rows));
            lines.extend(self.changed_columns.iter().map(row));
        }
        for (what, title) in [(What::Changed, "Changed"), (What::Added, "Added"), (What::Removed, "Removed")] {
            let rows: Vec<&Example> = self.examples.iter().filter(|it| it.what == what).collect();
            if rows.is_empty() {
                continue;
            }
            let (columns, cells) = grid(&rows);
            lines.extend([String::new(), self.title(what, title, rows.len()), String::new()]);
            let row = |cells: &Vec<String>| {
                format!("| {} |", cells.iter().map(|it| escaped(it)).collect::<Vec<_>>().join(" | "))
            };
            lines.push(row(&columns));
            lines.push(format!("|{}", "---|".repeat(columns.len())));
            lines.extend(cells.iter().map(row));
        }
        lines.join("\n")
    }
}

/// A text that does not end its cell.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::super::tests::example;

    #[test]
    fn differences_as_markdown() {
        let expected = "\
### orders: version 2 → version 3, in place

1,000 rows → 1,001 rows, by id: 1 added, 0 removed, 1 changed, 999 unchanged.

| column | before | after |
|---|---|---|
| discount |  | double |
| day | varchar | date (values not compared) |

| changed | rows |
|---|---:|
| status | 1 |

Changed:

| id | status |
|---|---|
| 4 | null -> a \\| b |

Added:

| id | status |
|---|---|
| 7 | open |";
        assert_eq!(example().to_markdown(), expected);
    }
}
