//! The lineage in Graphviz's DOT language.

use std::fmt::Write as _;

use crate::artifacts::Lineage;

impl Lineage {
    /// A directed graph, left to right; node names are dbt's `unique_id`s.
    pub fn to_dot(&self) -> String {
        let mut out = format!("digraph {} {{\n", quoted(&self.project));
        out.push_str("    rankdir=LR;\n");
        out.push_str("    node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=11];\n");
        for node in &self.nodes {
            let (shape, fill) = match node.resource_type {
                "source" => ("cylinder", "#e3f1e4"),
                "seed" => ("note", "#f6ecd2"),
                "exposure" => ("component", "#f3e4f3"),
                _ => ("box", "#e1ecf9"),
            };
            let tooltip = node.description.lines().next().unwrap_or_default();
            let _ = write!(
                out,
                "    {} [label={}, shape={shape}, fillcolor=\"{fill}\"",
                quoted(&node.id),
                quoted(&node.name)
            );
            if !tooltip.is_empty() {
                let _ = write!(out, ", tooltip={}", quoted(tooltip));
            }
            out.push_str("];\n");
        }
        for edge in &self.edges {
            let _ = writeln!(out, "    {} -> {};", quoted(&edge.from), quoted(&edge.to));
        }
        out.push_str("}\n");
        out
    }
}

/// A quoted string of DOT. A backslash begins an escape in labels, so it is doubled.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_small_project() {
        let (project, graph) = crate::artifacts::tests::project();
        let text = crate::artifacts::lineage(&project, &graph, &[], &crate::lineage::Columns::default()).to_dot();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert_eq!(lines[0], r#"digraph "shop" {"#);
        assert_eq!(
            lines[4],
            r##""model.shop.fct_orders" [label="fct_orders", shape=box, fillcolor="#e1ecf9", tooltip="One row per *order*."];"##
        );
        assert_eq!(lines[8], r#""model.shop.fct_orders" -> "exposure.shop.weekly";"#);
    }

    #[test]
    fn names_cannot_break_out() {
        assert_eq!(quoted("a\"b\\c\nd"), r#""a\"b\\c\nd""#);
    }
}
