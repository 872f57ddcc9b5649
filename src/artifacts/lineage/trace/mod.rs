//! An answer to "where does this column come from, and where does it go": the edges that were met, as a table, as JSON
//! and as drawings.

mod dot;
mod mermaid;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::graph::Graph;
use crate::lineage::{ColumnRef, Columns, Direction, Relation, Step, Target, walk};
use crate::parse::{NodeId, NodeKind};
use crate::project::Json;

/// The edges around some columns.
#[derive(Debug, Clone)]
pub struct Trace {
    /// What was asked about.
    starts: Vec<ColumnRef>,
    /// The edges of each way that was asked for, the nearest first.
    ways: Vec<(Direction, Vec<Step>)>,
    /// What the starts hold that comes from no column.
    made: BTreeMap<ColumnRef, Vec<&'static str>>,
    /// Nodes as people call them.
    names: BTreeMap<NodeId, String>,
}

/// Follows columns in some directions, up to `depth` nodes far.
pub fn trace(
    graph: &Graph,
    columns: &Columns,
    starts: Vec<ColumnRef>,
    directions: &[Direction],
    depth: Option<usize>,
) -> Trace {
    let ways = directions.iter().map(|it| (*it, walk(columns, &starts, *it, depth))).collect();
    let made = |start: &ColumnRef| {
        let column = columns.column(start)?;
        let made = [(column.is_literal, "literal"), (column.is_generated, "generated")];
        let made: Vec<&str> = made.into_iter().filter(|(is, _)| *is).map(|(_, it)| it).collect();
        (!made.is_empty()).then(|| (start.clone(), made))
    };
    let name = |it: &crate::graph::Node| {
        let name = match &it.facts.kind {
            NodeKind::Source(source) => format!("{}.{}", source.source, it.facts.name),
            _ => it.facts.full_name(),
        };
        (it.facts.id.clone(), name)
    };
    let made = starts.iter().filter_map(made).collect();
    Trace { starts, ways, made, names: graph.nodes().map(name).collect() }
}

impl Trace {
    /// All edges, with the ids of nodes.
    pub fn to_json(&self) -> Json {
        let column = |it: &ColumnRef| {
            let mut of = relation(&it.relation);
            of["column"] = it.column.clone().into();
            of
        };
        let start = |it: &ColumnRef| {
            let mut start = column(it);
            start["made"] = self.made.get(it).cloned().unwrap_or_default().into();
            start
        };
        let step = |it: &Step| {
            let to = match &it.to {
                Target::Column(to) => column(to),
                Target::Rows(to) => relation(to),
            };
            json!({"from": column(&it.edge.from), "to": to, "kind": it.edge.kind.as_str(), "direct": it.is_direct()})
        };
        let mut all = json!({"columns": self.starts.iter().map(start).collect::<Vec<_>>()});
        for (direction, steps) in &self.ways {
            let key = match direction {
                Direction::Upstream => "upstream",
                Direction::Downstream => "downstream",
            };
            all[key] = steps.iter().map(step).collect();
        }
        all
    }

    /// A relation as people call it.
    fn name<'a>(&'a self, relation: &'a Relation) -> &'a str {
        match relation {
            Relation::Node(id) => self.names.get(id).map_or(id.as_str(), String::as_str),
            Relation::Outside(name) => name,
        }
    }

    fn column_name(&self, column: &ColumnRef) -> String {
        format!("{}.{}", self.name(&column.relation), column.column)
    }

    /// All edges, each once.
    fn steps(&self) -> impl Iterator<Item = &Step> {
        let mut seen = BTreeSet::new();
        self.ways.iter().flat_map(|(_, steps)| steps).filter(move |it| seen.insert(*it))
    }

    /// What a drawing shows: relations with their columns, in order of their names.
    fn boxes(&self) -> BTreeMap<&Relation, Vec<&ColumnRef>> {
        let mut all: BTreeMap<&Relation, BTreeSet<&ColumnRef>> = BTreeMap::new();
        let ends = self.steps().flat_map(|it| {
            let to = match &it.to {
                Target::Column(to) => Some(to),
                Target::Rows(_) => None,
            };
            [Some(&it.edge.from), to]
        });
        for column in self.starts.iter().chain(ends.flatten()) {
            all.entry(&column.relation).or_default().insert(column);
        }
        all.into_iter().map(|(relation, columns)| (relation, columns.into_iter().collect())).collect()
    }
}

fn relation(relation: &Relation) -> Json {
    match relation {
        Relation::Node(id) => json!({"node": id.as_str()}),
        Relation::Outside(name) => json!({"relation": name}),
    }
}
