//! Which column comes from which, and how, for a whole project. Made by `plan::column_lineage` from the plans that run;
//! this is the result and what can be asked of it. Knows nodes and columns; knows no SQL, engine or files.

mod dead;
mod descriptions;
mod edge;
mod marks;
mod policy;
mod through;
mod walk;

pub use dead::dead_columns;
pub use descriptions::inherited_description;
pub use edge::{ColumnRef, Edge, Kind, Relation};
pub use marks::{Marks, marks};
pub use policy::{forbidden, has_policies};
pub use through::through;
pub use walk::{Direction, Step, Target, walk};

use std::collections::{BTreeMap, BTreeSet};

use crate::parse::NodeId;
use crate::reuse::Digest;

/// The columns of every relation that is planned, with where they come from.
///
/// Edges go from a node to the nodes that it reads and no further: what those read is theirs, and [`walk`] follows.
/// Sources and seeds have columns without edges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// By node.
    pub nodes: BTreeMap<NodeId, NodeColumns>,
}

/// The columns of one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeColumns {
    /// In the relation's order.
    pub columns: Vec<Column>,
    /// What decides which rows there are, or in what order: an influence on all columns alike.
    pub rows: BTreeSet<Edge>,
    /// How the rows come about: it changes when they may be others.
    pub rows_digest: Option<Digest>,
}

/// One column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Columns that its values come from, or that decide about its values alone.
    pub edges: BTreeSet<Edge>,
    /// Whether it is a value that is written out, in all rows or in those of one side of a union.
    pub is_literal: bool,
    /// Whether it is made without the value of any column: a count of rows, their number, a random or current value.
    pub is_generated: bool,
    /// How it is computed from columns of other nodes: it changes when its values may be others, and not with the names,
    /// the order or the layout of what is between.
    pub digest: Option<Digest>,
}

impl Column {
    /// A column that nothing is known to come before.
    pub fn root(name: impl Into<String>) -> Column {
        Column { name: name.into(), ..Column::default() }
    }
}

impl NodeColumns {
    /// The columns of a relation that others write.
    pub fn root<'a>(names: impl IntoIterator<Item = &'a str>) -> NodeColumns {
        NodeColumns { columns: names.into_iter().map(Column::root).collect(), ..NodeColumns::default() }
    }

    /// A column, in any case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|it| it.name.eq_ignore_ascii_case(name))
    }
}

impl Columns {
    /// A column of a node, in any case.
    pub fn column(&self, column: &ColumnRef) -> Option<&Column> {
        match &column.relation {
            Relation::Node(id) => self.nodes.get(id)?.column(&column.column),
            Relation::Outside(_) => None,
        }
    }
}
