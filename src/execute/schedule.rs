//! Which node may start: a pure state machine that knows nothing of what starting one means.

use std::collections::{BTreeMap, BTreeSet};

use crate::execute::audits::Audits;
use crate::graph::Graph;
use crate::parse::{NodeId, NodeKind};

/// For each node of a run, the other nodes of the run that must come before it.
pub type Needs = BTreeMap<NodeId, BTreeSet<NodeId>>;

/// What the nodes of a run need of one another. As in `dbt build`, a test also stands before everything that reads all
/// that the test reads; a weaker rule would let nodes wait for one another in a circle.
///
/// What a test audits is published after it, and read by everybody else after that.
pub fn needs(graph: &Graph, chosen: &BTreeSet<NodeId>, audits: &Audits) -> Needs {
    let mut needs: Needs = BTreeMap::new();
    let mut ancestors: BTreeMap<&NodeId, BTreeSet<NodeId>> = BTreeMap::new();
    for id in chosen {
        let above = graph.ancestors(id, None);
        needs.insert(id.clone(), above.intersection(chosen).cloned().collect());
        ancestors.insert(id, above);
    }
    let is_test = |id: &NodeId| graph.get(id).is_some_and(|it| matches!(it.facts.kind, NodeKind::Test(_)));
    for test in chosen.iter().filter(|it| is_test(it)) {
        let tested = graph.parents(test);
        for (id, above) in ancestors.iter().filter(|(id, _)| !is_test(id)) {
            if !tested.is_empty() && tested.iter().all(|it| above.contains(it)) {
                needs.entry((*id).clone()).or_default().insert(test.clone());
            }
        }
    }
    for (id, above) in &ancestors {
        for audited in above.iter().filter(|it| chosen.contains(*it)) {
            let tests: BTreeSet<NodeId> = audits.tests(audited).cloned().collect();
            if !tests.contains(*id) {
                needs.entry((*id).clone()).or_default().extend(tests);
            }
        }
    }
    // A unit test needs nothing that is built, and its model waits for it.
    for id in chosen {
        let Some(node) = graph.get(id).filter(|it| matches!(it.facts.kind, NodeKind::UnitTest(_))) else { continue };
        needs.insert(id.clone(), BTreeSet::new());
        for model in node.inputs.iter().filter(|it| chosen.contains(*it)) {
            needs.entry(model.clone()).or_default().insert(id.clone());
        }
    }
    needs
}

/// The state of a run.
#[derive(Debug)]
pub struct Schedule {
    order: Vec<NodeId>,
    open: Needs,
    together: BTreeMap<NodeId, usize>,
    started: BTreeSet<NodeId>,
    ended: BTreeSet<NodeId>,
}

impl Schedule {
    /// A run over these nodes, `order` telling who goes first among those that may.
    pub fn new(order: Vec<NodeId>, needs: Needs) -> Schedule {
        let (started, ended) = (BTreeSet::new(), BTreeSet::new());
        Schedule { order, open: needs, together: BTreeMap::new(), started, ended }
    }

    /// The same run, in which nodes with the same number are one unit of work, as far as they may start together.
    pub fn with_groups(self, together: BTreeMap<NodeId, usize>) -> Schedule {
        Schedule { together, ..self }
    }

    /// The next unit of work that may start, in order; none where there is none. It counts as started from now on.
    pub fn start_next(&mut self) -> Vec<NodeId> {
        let may_start = |id: &&NodeId| !self.started.contains(*id) && self.open.get(*id).is_none_or(BTreeSet::is_empty);
        let mut ready = self.order.iter().filter(may_start);
        let Some(first) = ready.next() else { return Vec::new() };
        let mut unit = vec![first.clone()];
        if let Some(group) = self.together.get(first) {
            unit.extend(ready.filter(|it| self.together.get(*it) == Some(group)).cloned());
        }
        self.started.extend(unit.iter().cloned());
        unit
    }

    /// Notes that a node has ended well.
    pub fn succeed(&mut self, id: &NodeId) {
        self.ended.insert(id.clone());
        for open in self.open.values_mut() {
            open.remove(id);
        }
    }

    /// Notes that a node has ended badly. Everything that needs it, directly or not, ends too, unstarted.
    pub fn fail(&mut self, id: &NodeId) -> Vec<NodeId> {
        self.ended.insert(id.clone());
        let mut skipped = Vec::new();
        let mut edge = vec![id.clone()];
        while let Some(failed) = edge.pop() {
            let hit = |other: &&NodeId| {
                !self.started.contains(*other) && self.open.get(*other).is_some_and(|it| it.contains(&failed))
            };
            let further: Vec<NodeId> = self.order.iter().filter(hit).cloned().collect();
            for other in further {
                self.started.insert(other.clone());
                self.ended.insert(other.clone());
                edge.push(other.clone());
                skipped.push(other);
            }
        }
        skipped
    }

    /// Ends everything that has not started.
    pub fn cancel(&mut self) -> Vec<NodeId> {
        let left: Vec<NodeId> = self.order.iter().filter(|it| !self.started.contains(*it)).cloned().collect();
        self.started.extend(left.iter().cloned());
        self.ended.extend(left.iter().cloned());
        left
    }

    /// Whether every node has ended.
    pub fn is_done(&self) -> bool {
        self.ended.len() == self.order.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(order: &str, needs: &[(&str, &str)]) -> Schedule {
        let id = |it: &str| NodeId::new(it);
        let needs = needs.iter().map(|(node, of)| (id(node), of.split_whitespace().map(id).collect())).collect();
        Schedule::new(order.split_whitespace().map(id).collect(), needs)
    }

    fn names(ids: &[NodeId]) -> String {
        ids.iter().map(NodeId::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_needed_comes_first() {
        let mut it = schedule("a b c", &[("b", "a"), ("c", "a")]);
        let a = it.start_next().remove(0);
        assert_eq!(a.as_str(), "a");
        assert!(it.start_next().is_empty());
        it.succeed(&a);
        assert_eq!((names(&it.start_next()), names(&it.start_next())), ("b".into(), "c".into()));
        assert!(!it.is_done());
    }

    #[test]
    fn a_failure_takes_its_descendants_and_nobody_else() {
        let mut it = schedule("a b c d", &[("b", "a"), ("c", "b")]);
        let a = it.start_next().remove(0);
        assert_eq!(names(&it.fail(&a)), "b c");
        let d = it.start_next().remove(0);
        it.succeed(&d);
        assert!(it.is_done());
    }

    #[test]
    fn a_group_starts_as_far_as_it_may() {
        let groups = ["a", "c", "d", "e"].map(|it| (NodeId::new(it), usize::from(it == "e"))).into();
        let mut it = schedule("a b c d e", &[("d", "b")]).with_groups(groups);
        assert_eq!(names(&it.start_next()), "a c");
        assert_eq!(names(&it.start_next()), "b");
        assert_eq!(names(&it.start_next()), "e");
        assert!(it.start_next().is_empty());
        it.succeed(&NodeId::new("b"));
        assert_eq!(names(&it.start_next()), "d");
    }
}
