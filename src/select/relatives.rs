//! Graph operators: who else comes along with the nodes that fit. Tests are nodes like any other here.

use std::collections::BTreeSet;

use crate::graph::Graph;
use crate::parse::NodeId;
use crate::select::expression::{Depth, Relatives};

/// The relatives of these nodes; may hold some of the nodes themselves.
pub(super) fn of(nodes: &BTreeSet<NodeId>, relatives: Relatives, graph: &Graph) -> BTreeSet<NodeId> {
    let mut all = BTreeSet::new();
    if relatives.whole_family {
        let mut below = descendants(nodes, Depth::All, graph);
        below.extend(nodes.iter().cloned());
        all.extend(ancestors(&below, Depth::All, graph));
        all.extend(below);
    }
    if let Some(depth) = relatives.ancestors {
        all.extend(ancestors(nodes, depth, graph));
    }
    if let Some(depth) = relatives.descendants {
        all.extend(descendants(nodes, depth, graph));
    }
    all
}

/// What any of these nodes needs.
pub(super) fn ancestors(nodes: &BTreeSet<NodeId>, depth: Depth, graph: &Graph) -> BTreeSet<NodeId> {
    reach(nodes, depth, |id| graph.parents(id))
}

fn descendants(nodes: &BTreeSet<NodeId>, depth: Depth, graph: &Graph) -> BTreeSet<NodeId> {
    reach(nodes, depth, |id| graph.children(id))
}

/// All nodes at once, so that a wide selection costs one walk and not one for each of its nodes.
fn reach<'a>(nodes: &BTreeSet<NodeId>, depth: Depth, next: impl Fn(&NodeId) -> &'a [NodeId]) -> BTreeSet<NodeId> {
    let mut reached = BTreeSet::new();
    let mut edge: Vec<NodeId> = nodes.iter().cloned().collect();
    let mut steps = 0;
    while !edge.is_empty() && depth != Depth::Steps(steps) {
        let further = edge.iter().flat_map(&next).filter(|it| reached.insert((*it).clone()));
        edge = further.cloned().collect();
        steps += 1;
    }
    reached
}
