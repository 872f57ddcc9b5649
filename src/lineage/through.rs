//! Lineage for those who know only some of the nodes: edges that end at one of the others are led on to what that one
//! comes from.

use std::collections::{BTreeMap, BTreeSet};

use crate::lineage::{Column, Columns, Edge, Kind, NodeColumns, Relation};
use crate::parse::NodeId;

/// The columns of a node, with its edges led through those nodes that `passes` names.
pub fn through(lineage: &Columns, id: &NodeId, passes: &dyn Fn(&NodeId) -> bool) -> NodeColumns {
    let mut known = BTreeMap::new();
    led(lineage, id, passes, &mut known)
}

fn led(
    lineage: &Columns,
    id: &NodeId,
    passes: &dyn Fn(&NodeId) -> bool,
    known: &mut BTreeMap<NodeId, NodeColumns>,
) -> NodeColumns {
    let Some(node) = lineage.nodes.get(id) else { return NodeColumns::default() };
    let mut before: BTreeMap<NodeId, NodeColumns> = BTreeMap::new();
    let edges = node.columns.iter().flat_map(|it| &it.edges).chain(&node.rows);
    for edge in edges {
        if let Relation::Node(origin) = &edge.from.relation
            && origin != id
            && passes(origin)
            && !before.contains_key(origin)
        {
            let led = match known.get(origin) {
                Some(led) => led.clone(),
                None => led(lineage, origin, passes, known),
            };
            known.insert(origin.clone(), led.clone());
            before.insert(origin.clone(), led);
        }
    }
    // What decides about the rows of a node that is passed decides about those of its reader.
    let mut rows: BTreeSet<Edge> = before.values().flat_map(|it| it.rows.clone()).collect();
    rows.extend(node.rows.iter().flat_map(|it| lead(it, "", &before)));
    let column = |it: &Column| Column {
        edges: it.edges.iter().flat_map(|edge| lead(edge, &it.name, &before)).collect(),
        ..it.clone()
    };
    NodeColumns { columns: node.columns.iter().map(column).collect(), rows, rows_digest: node.rows_digest.clone() }
}

/// The edges that one becomes.
fn lead(edge: &Edge, to: &str, before: &BTreeMap<NodeId, NodeColumns>) -> Vec<Edge> {
    let passed = match &edge.from.relation {
        Relation::Node(id) => before.get(id),
        Relation::Outside(_) => None,
    };
    let Some(passed) = passed else { return vec![edge.clone()] };
    let inner = passed.column(&edge.from.column);
    let lead = |inner: &Edge| {
        let kind = match edge.kind.after(inner.kind) {
            kind if !kind.keeps_values() => kind,
            _ if inner.from.column.eq_ignore_ascii_case(to) => Kind::Copy,
            _ => Kind::Rename,
        };
        Edge { from: inner.from.clone(), kind }
    };
    inner.into_iter().flat_map(|it| &it.edges).map(lead).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::ColumnRef;

    fn edge(kind: Kind, node: &str, column: &str) -> Edge {
        Edge { from: ColumnRef { relation: Relation::Node(NodeId::new(node)), column: column.to_owned() }, kind }
    }

    #[test]
    fn edges_are_led_through() {
        let column =
            |name: &str, edges: &[Edge]| Column { edges: edges.iter().cloned().collect(), ..Column::root(name) };
        let passed = NodeColumns {
            columns: vec![
                column("a", &[edge(Kind::Rename, "source", "x")]),
                column("b", &[edge(Kind::Aggregate, "source", "y"), edge(Kind::Condition, "source", "z")]),
            ],
            rows: BTreeSet::from([edge(Kind::Filter, "source", "z")]),
            ..NodeColumns::default()
        };
        let reader = NodeColumns {
            columns: vec![
                column("x", &[edge(Kind::Rename, "passed", "a")]),
                column("sum", &[edge(Kind::Transform, "passed", "b")]),
            ],
            rows: BTreeSet::from([edge(Kind::Sort, "passed", "a")]),
            ..NodeColumns::default()
        };
        let nodes = [("passed", passed), ("reader", reader), ("source", NodeColumns::root(["x", "y", "z"]))];
        let lineage = Columns { nodes: nodes.into_iter().map(|(id, it)| (NodeId::new(id), it)).collect() };
        let led = through(&lineage, &NodeId::new("reader"), &|id| id.as_str() == "passed");
        assert_eq!(led.columns[0].edges, BTreeSet::from([edge(Kind::Copy, "source", "x")]));
        let sum = [edge(Kind::Aggregate, "source", "y"), edge(Kind::Condition, "source", "z")];
        assert_eq!(led.columns[1].edges, BTreeSet::from(sum));
        assert_eq!(led.rows, BTreeSet::from([edge(Kind::Sort, "source", "x"), edge(Kind::Filter, "source", "z")]));
    }
}
