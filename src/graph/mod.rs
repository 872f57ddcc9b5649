//! References resolved: which node needs which, in what order. Built from a parsed project; knows no SQL.
//! After `build`, a reference that leads nowhere can no longer be written down.

mod any_node;
mod access;
mod names;
mod order;
mod resolve;

pub use any_node::AnyNode;
pub use resolve::{Calls, build};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::jinja::RelationName;
use crate::parse::{NodeFacts, NodeId};

/// A node whose references are nodes.
#[derive(Debug, Clone)]
pub struct Node {
    /// What is known of it.
    pub facts: NodeFacts,
    /// What it needs, sorted, each once.
    pub inputs: Vec<NodeId>,
    /// What its template's calls mean.
    pub calls: Arc<Calls>,
    /// Macros it calls.
    pub macros: Vec<String>,
    /// For generic tests, the node that is tested.
    pub tested: Option<NodeId>,
}

/// All enabled nodes of a project in an order in which everything comes after what it needs.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: IndexMap<NodeId, Node>,
    children: BTreeMap<NodeId, Vec<NodeId>>,
}

impl Graph {
    /// A node by its id.
    pub fn get(&self, id: &NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// All nodes, inputs first.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values()
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What needs this node directly, sorted.
    pub fn children(&self, id: &NodeId) -> &[NodeId] {
        self.children.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// What this node needs directly, sorted.
    pub fn parents(&self, id: &NodeId) -> &[NodeId] {
        self.nodes.get(id).map(|it| it.inputs.as_slice()).unwrap_or_default()
    }

    /// Everything that the node needs, up to `depth` steps away, itself left out.
    pub fn ancestors(&self, id: &NodeId, depth: Option<usize>) -> BTreeSet<NodeId> {
        reach(id, depth, |it| self.parents(it))
    }

    /// Everything that needs the node, up to `depth` steps away, itself left out.
    pub fn descendants(&self, id: &NodeId, depth: Option<usize>) -> BTreeSet<NodeId> {
        reach(id, depth, |it| self.children(it))
    }

    /// The same graph, with these nodes read from other relations than their own.
    pub fn deferred(&self, moved: &BTreeMap<NodeId, RelationName>) -> Graph {
        let mut graph = self.clone();
        for node in graph.nodes.values_mut() {
            if let Some(relation) = moved.get(&node.facts.id) {
                node.facts.relation = relation.clone();
            }
            if node.inputs.iter().any(|it| moved.contains_key(it)) {
                node.calls = Arc::new(node.calls.deferred(moved));
            }
        }
        graph
    }

    pub(crate) fn from_sorted(nodes: IndexMap<NodeId, Node>) -> Graph {
        let mut children: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
        for node in nodes.values() {
            for input in &node.inputs {
                children.entry(input.clone()).or_default().push(node.facts.id.clone());
            }
        }
        for list in children.values_mut() {
            list.sort();
        }
        Graph { nodes, children }
    }
}

fn reach<'a>(start: &NodeId, depth: Option<usize>, next: impl Fn(&NodeId) -> &'a [NodeId]) -> BTreeSet<NodeId> {
    let mut seen = BTreeSet::new();
    let mut edge = vec![start.clone()];
    let mut steps = 0;
    while !edge.is_empty() && depth.is_none_or(|limit| steps < limit) {
        let mut further = Vec::new();
        for id in edge.iter().flat_map(&next) {
            if id != start && seen.insert(id.clone()) {
                further.push(id.clone());
            }
        }
        edge = further;
        steps += 1;
    }
    seen
}
