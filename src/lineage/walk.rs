//! From a column to all that it comes from, or to all that comes from it. Values are followed; what only decides about
//! them is told and not followed, because in the end everything decides about everything.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::lineage::{ColumnRef, Columns, Edge, Relation};

/// Which way to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the origins.
    Upstream,
    /// To what is made of it.
    Downstream,
}

/// One edge on the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// Where the edge ends: a column or, of what decides about rows, a relation as a whole.
    pub to: Target,
    /// Where it begins, and in what manner.
    pub edge: Edge,
}

/// What an edge leads to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// One column.
    Column(ColumnRef),
    /// All rows of a relation.
    Rows(Relation),
}

/// All edges that are met on the way from the starts, up to `depth` nodes far, the nearest first, each once.
pub fn walk(lineage: &Columns, starts: &[ColumnRef], direction: Direction, depth: Option<usize>) -> Vec<Step> {
    let edges = Edges::of(lineage, direction);
    let mut steps = Vec::new();
    let mut seen: BTreeSet<ColumnRef> = starts.iter().map(ColumnRef::folded).collect();
    let mut told = BTreeSet::new();
    let mut queue: VecDeque<(ColumnRef, usize)> = starts.iter().map(|it| (it.clone(), 0)).collect();
    while let Some((column, far)) = queue.pop_front() {
        if depth.is_some_and(|it| far >= it) {
            break;
        }
        for step in edges.next(&column) {
            let further = match (direction, &step.to) {
                (Direction::Upstream, _) => Some(&step.edge.from),
                (Direction::Downstream, Target::Column(to)) => Some(to),
                (Direction::Downstream, Target::Rows(_)) => None,
            };
            if let Some(further) = further.filter(|_| step.is_direct())
                && seen.insert(further.folded())
            {
                queue.push_back((further.clone(), far + 1));
            }
            if told.insert(step.clone()) {
                steps.push(step);
            }
        }
    }
    steps
}

/// The edges of a project in one direction.
pub(super) struct Edges<'a> {
    lineage: &'a Columns,
    /// By the column that they begin at, where that is the way to go.
    readers: Option<BTreeMap<ColumnRef, Vec<Step>>>,
}

impl<'a> Edges<'a> {
    pub(super) fn of(lineage: &'a Columns, direction: Direction) -> Edges<'a> {
        let readers = match direction {
            Direction::Upstream => None,
            Direction::Downstream => Some(readers(lineage)),
        };
        Edges { lineage, readers }
    }

    /// The edges from a column on.
    pub(super) fn next(&self, column: &ColumnRef) -> Vec<Step> {
        match &self.readers {
            None => origins(self.lineage, column),
            Some(readers) => readers.get(&column.folded()).cloned().unwrap_or_default(),
        }
    }
}

/// The edges of a column and of the rows that it is in.
fn origins(lineage: &Columns, column: &ColumnRef) -> Vec<Step> {
    let Relation::Node(id) = &column.relation else { return Vec::new() };
    let Some(node) = lineage.nodes.get(id) else { return Vec::new() };
    let own = node.column(&column.column);
    let to = || Target::Column(column.clone());
    let values = own.into_iter().flat_map(|it| &it.edges).map(|it| Step { to: to(), edge: it.clone() });
    let rows = node.rows.iter().map(|it| Step { to: Target::Rows(column.relation.clone()), edge: it.clone() });
    values.chain(rows).collect()
}

/// All edges of the project by the column that they begin at.
fn readers(lineage: &Columns) -> BTreeMap<ColumnRef, Vec<Step>> {
    let mut all: BTreeMap<ColumnRef, Vec<Step>> = BTreeMap::new();
    for (id, node) in &lineage.nodes {
        let relation = Relation::Node(id.clone());
        for column in &node.columns {
            let to = ColumnRef { relation: relation.clone(), column: column.name.clone() };
            for edge in &column.edges {
                let step = Step { to: Target::Column(to.clone()), edge: edge.clone() };
                all.entry(edge.from.folded()).or_default().push(step);
            }
        }
        for edge in &node.rows {
            let step = Step { to: Target::Rows(relation.clone()), edge: edge.clone() };
            all.entry(edge.from.folded()).or_default().push(step);
        }
    }
    all
}

impl Step {
    /// Whether values go this way.
    pub fn is_direct(&self) -> bool {
        self.edge.kind.is_direct()
    }
}
