//! A trace as a Mermaid flowchart: a box for each relation, its columns within, dotted lines for what only decides.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::artifacts::Trace;
use crate::artifacts::lineage::mermaid::escaped;
use crate::lineage::{ColumnRef, Relation, Target};

impl Trace {
    /// A Mermaid flowchart, left to right.
    pub fn to_mermaid(&self) -> String {
        let mut out = String::from("flowchart LR\n");
        let mut boxes: BTreeMap<&Relation, String> = BTreeMap::new();
        let mut columns: BTreeMap<&ColumnRef, String> = BTreeMap::new();
        for (number, (relation, own)) in self.boxes().into_iter().enumerate() {
            let _ = writeln!(out, "    subgraph r{number}[\"{}\"]", escaped(self.name(relation)));
            for (place, column) in own.into_iter().enumerate() {
                let id = format!("r{number}c{place}");
                let mark = if self.starts.contains(column) { ":::asked" } else { "" };
                let _ = writeln!(out, "        {id}[\"{}\"]{mark}", escaped(&column.column));
                columns.insert(column, id);
            }
            out.push_str("    end\n");
            boxes.insert(relation, format!("r{number}"));
        }
        for step in self.steps() {
            let to = match &step.to {
                Target::Column(to) => columns.get(to),
                Target::Rows(relation) => boxes.get(relation),
            };
            if let (Some(from), Some(to)) = (columns.get(&step.edge.from), to) {
                let arrow = if step.is_direct() { "-->" } else { "-.->" };
                let _ = writeln!(out, "    {from} {arrow}|{}| {to}", step.edge.kind.as_str());
            }
        }
        out.push_str("    classDef asked fill:#e1ecf9,stroke:#2f6db5,color:#12304f\n");
        out
    }
}
