//! Whose mistakes they are: errors by the node that they are of, so that a run may go on with what they do not reach.

use std::collections::BTreeMap;

use crate::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::graph::Graph;
use crate::parse::NodeId;

/// Errors of nodes.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    by_node: BTreeMap<NodeId, Vec<Diagnostic>>,
}

impl Faults {
    /// Keeps the errors among what was found about a node, and gives the rest.
    pub(super) fn keep(&mut self, id: &NodeId, found: Diagnostics) -> Diagnostics {
        let (errors, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|it| it.severity == Severity::Error);
        if !errors.is_empty() {
            self.by_node.entry(id.clone()).or_default().extend(errors);
        }
        others.into_iter().collect()
    }

    /// All of them.
    pub fn all(&self) -> Diagnostics {
        self.by_node.values().flatten().cloned().collect()
    }

    /// The first error of a node.
    pub fn of(&self, id: &NodeId) -> Option<&Diagnostic> {
        self.by_node.get(id)?.first()
    }

    /// The same, where what reads a node that is at fault is so too, as far as it is planned in this run.
    pub fn with_readers(&self, graph: &Graph, is_planned: impl Fn(&NodeId) -> bool) -> Faults {
        let mut all = self.clone();
        if all.by_node.is_empty() {
            return all;
        }
        // Inputs come first in the graph's order.
        for node in graph.nodes().filter(|it| is_planned(&it.facts.id)) {
            let id = &node.facts.id;
            if all.by_node.contains_key(id) {
                continue;
            }
            if let Some(errors) = graph.parents(id).iter().find_map(|it| all.by_node.get(it)).cloned() {
                all.by_node.insert(id.clone(), errors);
            }
        }
        all
    }
}
