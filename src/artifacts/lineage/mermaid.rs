//! The lineage as a Mermaid flowchart, for Markdown files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::artifacts::Lineage;

impl Lineage {
    /// A Mermaid flowchart, left to right. Nodes are numbered: ids would collide with Mermaid's keywords.
    pub fn to_mermaid(&self) -> String {
        let mut out = String::from("flowchart LR\n");
        let mut numbers = BTreeMap::new();
        for (number, node) in self.nodes.iter().enumerate() {
            numbers.insert(node.id.as_str(), number);
            let (open, close) = match node.resource_type {
                "source" => ("[(", ")]"),
                "seed" => ("[/", "/]"),
                "exposure" => ("([", "])"),
                _ => ("[", "]"),
            };
            let (name, kind) = (escaped(&node.name), node.resource_type);
            let _ = writeln!(out, "    n{number}{open}\"{name}\"{close}:::{kind}");
        }
        for edge in &self.edges {
            if let (Some(from), Some(to)) = (numbers.get(edge.from.as_str()), numbers.get(edge.to.as_str())) {
                let _ = writeln!(out, "    n{from} --> n{to}");
            }
        }
        for (kind, colours) in [
            ("source", "fill:#e3f1e4,stroke:#3b7d46,color:#173d1d"),
            ("seed", "fill:#f6ecd2,stroke:#93701a,color:#463509"),
            ("model", "fill:#e1ecf9,stroke:#2f6db5,color:#12304f"),
            ("exposure", "fill:#f3e4f3,stroke:#8d4a91,color:#42204a"),
        ] {
            if self.nodes.iter().any(|it| it.resource_type == kind) {
                let _ = writeln!(out, "    classDef {kind} {colours}");
            }
        }
        out
    }
}

/// Mermaid's own entity codes for what would end a label or be read as markup.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '#' => out.push_str("#35;"),
            '"' => out.push_str("#quot;"),
            '&' => out.push_str("#amp;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '`' => out.push_str("#96;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_small_project() {
        let (project, graph) = crate::artifacts::tests::project();
        let text = crate::artifacts::lineage(&project, &graph, &[], &crate::lineage::Columns::default()).to_mermaid();
        let expected = r##"flowchart LR
    n0(["weekly"]):::exposure
    n1["fct_orders"]:::model
    n2["stg_orders"]:::model
    n3[/"countries"/]:::seed
    n4[("raw.orders")]:::source
    n1 --> n0
    n2 --> n1
    n4 --> n2
"##;
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn names_cannot_break_out() {
        assert_eq!(escaped("a\"]<b>#1`\n"), "a#quot;]#lt;b#gt;#35;1#96; ");
    }
}
