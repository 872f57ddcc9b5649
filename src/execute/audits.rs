//! Which tests must pass before a relation is published: a pure state machine over the run's nodes.
//!
//! A test audits one relation, the last of those that it reads, in the graph's order. So whatever a publication waits for
//! comes before it in that order, and nothing waits for itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::Graph;
use crate::parse::{NodeId, NodeKind};

/// What is to be done with a relation whose audits have ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// All went well.
    Publish(NodeId),
    /// The named test did not.
    Refuse(NodeId, NodeId),
}

/// The audits of a run.
#[derive(Debug, Default)]
pub struct Audits {
    tests: BTreeMap<NodeId, BTreeSet<NodeId>>,
    open: BTreeMap<NodeId, BTreeSet<NodeId>>,
    failed: BTreeMap<NodeId, NodeId>,
}

impl Audits {
    /// Those of the chosen nodes.
    pub fn of(graph: &Graph, chosen: &BTreeSet<NodeId>) -> Audits {
        let place: BTreeMap<&NodeId, usize> = graph.nodes().enumerate().map(|(at, it)| (&it.facts.id, at)).collect();
        let is_made = |id: &&NodeId| {
            let kind = graph.get(id).map(|it| &it.facts.kind);
            chosen.contains(*id) && matches!(kind, Some(NodeKind::Model | NodeKind::Seed | NodeKind::Snapshot(_)))
        };
        let mut tests: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
        for test in chosen.iter().filter_map(|id| graph.get(id)) {
            if !matches!(test.facts.kind, NodeKind::Test(_)) {
                continue;
            }
            let id = &test.facts.id;
            if let Some(last) = graph.parents(id).iter().filter(is_made).max_by_key(|it| place.get(it)) {
                tests.entry(last.clone()).or_default().insert(id.clone());
            }
        }
        Audits { open: tests.clone(), tests, failed: BTreeMap::new() }
    }

    /// The tests that audit a relation.
    pub fn tests(&self, id: &NodeId) -> impl Iterator<Item = &NodeId> {
        self.tests.get(id).into_iter().flatten()
    }

    /// Whether a relation that is made is not published at once.
    pub fn holds(&self, id: &NodeId) -> bool {
        self.tests.contains_key(id)
    }

    /// Notes that a test has ended, and says what is due now.
    pub fn ended(&mut self, test: &NodeId, is_good: bool) -> Option<Due> {
        let (of, open) = self.open.iter_mut().find(|(_, open)| open.contains(test))?;
        open.remove(test);
        let of = of.clone();
        let is_done = open.is_empty();
        if !is_good {
            self.failed.entry(of.clone()).or_insert_with(|| test.clone());
        }
        match self.failed.get(&of) {
            _ if !is_done => None,
            Some(test) => Some(Due::Refuse(of, test.clone())),
            None => Some(Due::Publish(of)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relation_waits_for_all_of_its_audits() {
        let id = NodeId::new;
        let tests = BTreeMap::from([
            (id("orders"), BTreeSet::from([id("t1"), id("t2")])),
            (id("users"), BTreeSet::from([id("t3"), id("t4")])),
        ]);
        let mut audits = Audits { open: tests.clone(), tests, failed: BTreeMap::new() };
        assert!(audits.holds(&id("users")) && !audits.holds(&id("days")));
        assert_eq!(audits.ended(&id("t1"), true), None);
        assert_eq!(audits.ended(&id("t3"), false), None);
        assert_eq!(audits.ended(&id("t2"), true), Some(Due::Publish(id("orders"))));
        assert_eq!(audits.ended(&id("t4"), true), Some(Due::Refuse(id("users"), id("t3"))));
        assert_eq!(audits.ended(&id("t5"), true), None);
    }
}
