//! Descriptions of columns that have none: a column whose values are another one's is described as that one is.

use crate::graph::Graph;
use crate::lineage::marks::find;
use crate::lineage::{ColumnRef, Columns, Relation};
use crate::parse::NodeId;

/// The description of a column and the column that it was written for: the nearest one on the way along copies and
/// renames. `None` where there is no such way, or several that end at different descriptions.
pub fn inherited_description<'a>(
    graph: &'a Graph,
    columns: &Columns,
    id: &NodeId,
    column: &str,
) -> Option<(&'a str, ColumnRef)> {
    let mut place = ColumnRef { relation: Relation::Node(id.clone()), column: column.to_owned() };
    // No way is longer than there are nodes; one that is goes in a circle.
    for _ in 0..columns.nodes.len() {
        let direct: Vec<_> = columns.column(&place)?.edges.iter().filter(|it| it.kind.is_direct()).collect();
        let [edge] = direct.as_slice() else { return None };
        if !edge.kind.keeps_values() {
            return None;
        }
        let Relation::Node(origin) = &edge.from.relation else { return None };
        let described = find(&graph.get(origin)?.facts, &edge.from.column);
        if let Some(described) = described.filter(|it| !it.description.trim().is_empty()) {
            return Some((&described.description, edge.from.clone()));
        }
        place = edge.from.clone();
    }
    None
}
