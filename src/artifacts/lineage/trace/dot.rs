//! A trace in Graphviz's DOT language: a cluster for each relation, its columns within, dashed lines for what only
//! decides.

use std::fmt::Write as _;

use crate::artifacts::Trace;
use crate::artifacts::lineage::dot::quoted;
use crate::lineage::{ColumnRef, Relation, Target};

impl Trace {
    /// A directed graph, left to right.
    pub fn to_dot(&self) -> String {
        let mut out = String::from("digraph lineage {\n");
        out.push_str("    rankdir=LR;\n");
        out.push_str(
            "    node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"Helvetica\", fontsize=11];\n",
        );
        for (number, (relation, own)) in self.boxes().into_iter().enumerate() {
            let _ = writeln!(out, "    subgraph cluster_{number} {{");
            let _ = writeln!(out, "        label={};", quoted(self.name(relation)));
            if self.steps().any(|it| matches!(&it.to, Target::Rows(rows) if rows == relation)) {
                let _ = writeln!(out, "        {} [label=\"rows\", shape=plaintext, style=\"\"];", rows(relation));
            }
            for column in own {
                let fill = if self.starts.contains(column) { ", fillcolor=\"#e1ecf9\"" } else { "" };
                let _ = writeln!(out, "        {} [label={}{fill}];", id(column), quoted(&column.column));
            }
            out.push_str("    }\n");
        }
        for step in self.steps() {
            let to = match &step.to {
                Target::Column(to) => id(to),
                Target::Rows(relation) => rows(relation),
            };
            let style = if step.is_direct() { "" } else { ", style=dashed" };
            let (from, kind) = (id(&step.edge.from), step.edge.kind.as_str());
            let _ = writeln!(out, "    {from} -> {to} [label=\"{kind}\"{style}];");
        }
        out.push_str("}\n");
        out
    }
}

fn id(column: &ColumnRef) -> String {
    quoted(&column.to_string())
}

/// The rows of a relation as a place of their own, with a name that no column has.
fn rows(relation: &Relation) -> String {
    quoted(&format!("{relation} (rows)"))
}
