//! What columns are marked with, and what that makes of the columns that their values reach. A mark is a tag of a column
//! or a key of its `meta` that is true; it follows direct edges until a column says of it that it is false.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::graph::Graph;
use crate::lineage::{ColumnRef, Columns, Direction, Kind, Relation, Target, walk::Edges};
use crate::parse::{Column, NodeFacts, NodeId};
use crate::project::Json;

/// The marks of all columns.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    /// For each column, in small letters, its marks, each with the column that it came from, if it is not its own.
    of: BTreeMap<ColumnRef, BTreeMap<String, Option<(ColumnRef, Kind)>>>,
}

/// Follows all marks.
pub fn marks(graph: &Graph, columns: &Columns) -> Marks {
    let edges = Edges::of(columns, Direction::Downstream);
    let mut marks = Marks::default();
    let mut open = VecDeque::new();
    for node in graph.nodes() {
        for column in &node.facts.columns {
            for mark in own(column) {
                let place = at(&node.facts.id, &column.name);
                marks.of.entry(place.clone()).or_default().insert(mark.to_owned(), None);
                open.push_back((place, mark.to_owned()));
            }
        }
    }
    while let Some((from, mark)) = open.pop_front() {
        for step in edges.next(&from).iter().filter(|it| it.is_direct()) {
            let Target::Column(to) = &step.to else { continue };
            let place = to.folded();
            let is_taken_off = described(graph, to).is_some_and(|it| it.meta.get(&mark) == Some(&Json::Bool(false)));
            let known = marks.of.entry(place.clone()).or_default();
            if is_taken_off || known.contains_key(&mark) {
                continue;
            }
            known.insert(mark.clone(), Some((step.edge.from.clone(), step.edge.kind)));
            open.push_back((place, mark.clone()));
        }
    }
    marks
}

impl Marks {
    /// The marks of a column, its own and those that came to it, sorted.
    pub fn of(&self, id: &NodeId, column: &str) -> BTreeSet<&str> {
        self.of.get(&at(id, column)).into_iter().flatten().map(|(mark, _)| mark.as_str()).collect()
    }

    /// The way of a mark to a column, from the one that is marked on, with the manner of each step.
    pub fn way(&self, id: &NodeId, column: &str, mark: &str) -> Vec<(ColumnRef, Option<Kind>)> {
        let mut way = vec![(at(id, column), None)];
        while let Some((last, _)) = way.last()
            && let Some(Some((from, kind))) = self.of.get(&last.folded()).and_then(|it| it.get(mark))
        {
            let step = (from.clone(), Some(*kind));
            way.push(step);
        }
        way.reverse();
        way
    }
}

/// The marks that a column is given.
fn own(column: &Column) -> BTreeSet<&str> {
    let keys = column.meta.as_object().into_iter().flatten().filter(|(_, value)| **value == Json::Bool(true));
    column.tags.iter().map(String::as_str).chain(keys.map(|(key, _)| key.as_str())).collect()
}

fn at(id: &NodeId, column: &str) -> ColumnRef {
    ColumnRef { relation: Relation::Node(id.clone()), column: column.to_lowercase() }
}

/// What properties files say of a column.
fn described<'a>(graph: &'a Graph, column: &ColumnRef) -> Option<&'a Column> {
    let Relation::Node(id) = &column.relation else { return None };
    find(&graph.get(id)?.facts, &column.column)
}

/// What properties files say of a column, in any case.
pub(super) fn find<'a>(facts: &'a NodeFacts, column: &str) -> Option<&'a Column> {
    facts.columns.iter().find(|it| it.name.trim_matches('"').eq_ignore_ascii_case(column))
}
