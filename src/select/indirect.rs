//! Tests that nobody named, but whose nodes are selected. The rules are those of dbt's `expand_selection` and
//! `incorporate_indirect_nodes` (`dbt/graph/selector.py`, dbt-core 1.11).

use std::collections::BTreeSet;

use crate::graph::{Graph, Node};
use crate::parse::{NodeId, NodeKind};
use crate::select::expression::Depth;
use crate::select::relatives;

/// Which tests come along with the nodes that they test.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IndirectSelection {
    /// A test comes along with any of its nodes.
    #[default]
    Eager,
    /// A test comes along when all its nodes are selected.
    Cautious,
    /// A test comes along when all its nodes are selected or needed by what is.
    Buildable,
    /// No test comes along.
    Empty,
}

impl IndirectSelection {
    /// All of them.
    pub const ALL: [IndirectSelection; 4] =
        [IndirectSelection::Eager, IndirectSelection::Cautious, IndirectSelection::Buildable, IndirectSelection::Empty];

    /// dbt's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            IndirectSelection::Eager => "eager",
            IndirectSelection::Cautious => "cautious",
            IndirectSelection::Buildable => "buildable",
            IndirectSelection::Empty => "empty",
        }
    }
}

/// What fits so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Fit {
    /// What fits, tests that come along included.
    pub(super) nodes: BTreeSet<NodeId>,
    /// The same, and tests that wait: some of their nodes may be selected by another part of the selector.
    pub(super) possible: BTreeSet<NodeId>,
}

/// Adds the tests that hang directly on these nodes.
pub(super) fn add_tests(nodes: BTreeSet<NodeId>, mode: IndirectSelection, graph: &Graph) -> Fit {
    if mode == IndirectSelection::Empty {
        return Fit { possible: nodes.clone(), nodes };
    }
    let mut near = nodes.clone();
    if mode == IndirectSelection::Buildable {
        near.extend(relatives::ancestors(&nodes, Depth::All, graph));
        near.extend(graph.nodes().filter(|it| is_source(it)).map(|it| it.facts.id.clone()));
    }
    let mut fit = Fit { nodes: nodes.clone(), possible: nodes.clone() };
    for test in nodes.iter().flat_map(|it| graph.children(it)).filter_map(|it| graph.get(it)).filter(|it| is_test(it)) {
        let comes_along = match mode {
            IndirectSelection::Eager => true,
            IndirectSelection::Cautious | IndirectSelection::Buildable => needs_only(test, &near),
            IndirectSelection::Empty => false,
        };
        if comes_along {
            fit.nodes.insert(test.facts.id.clone());
        }
        fit.possible.insert(test.facts.id.clone());
    }
    fit
}

/// Adds the waiting tests whose nodes have all come together by now.
pub(super) fn add_waiting(mut fit: Fit, mode: IndirectSelection, graph: &Graph) -> Fit {
    let near = match mode {
        IndirectSelection::Eager | IndirectSelection::Empty => return fit,
        IndirectSelection::Cautious => fit.nodes.clone(),
        IndirectSelection::Buildable => {
            let mut near = relatives::ancestors(&fit.nodes, Depth::All, graph);
            near.extend(fit.nodes.iter().cloned());
            near
        }
    };
    let waiting = fit.possible.iter().filter_map(|it| graph.get(it)).filter(|it| is_test(it) && needs_only(it, &near));
    fit.nodes.extend(waiting.map(|it| it.facts.id.clone()));
    fit
}

fn needs_only(test: &Node, nodes: &BTreeSet<NodeId>) -> bool {
    test.inputs.iter().all(|it| nodes.contains(it))
}

fn is_test(node: &Node) -> bool {
    matches!(node.facts.kind, NodeKind::Test(_) | NodeKind::UnitTest(_))
}

fn is_source(node: &Node) -> bool {
    matches!(node.facts.kind, NodeKind::Source(_))
}
