//! What is known of a value while a plan is traced: the columns of scanned tables that it comes from, and how.

use std::collections::BTreeSet;

use crate::lineage::Relation;

/// A column of a scanned table: its table's number and its own.
pub(super) type Leaf = (usize, usize);

/// How a leaf gets into a value. The direct ones first, the weakest of them first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Flow {
    Identity,
    Transform,
    Window,
    Aggregate,
    Condition,
    Filter,
    Group,
    Join,
    Over,
    Sort,
}

impl Flow {
    pub(super) fn is_direct(self) -> bool {
        self <= Flow::Aggregate
    }

    /// What becomes of an inner flow when its value goes on in this manner. What decides about a value decides about all
    /// that is made of it; of two ways of computing, the one with more rows counts.
    pub(super) fn after(self, inner: Flow) -> Flow {
        match (self.is_direct(), inner.is_direct()) {
            (true, true) => self.max(inner),
            (true, false) => inner,
            (false, _) => self,
        }
    }
}

/// The origins of one column of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) edges: BTreeSet<(Leaf, Flow)>,
    /// A value that is written out is among those that it may be.
    pub(super) literal: bool,
    /// A value that comes from no column is among those that it may be.
    pub(super) generated: bool,
}

impl Value {
    pub(super) fn leaf(leaf: Leaf) -> Value {
        Value { edges: BTreeSet::from([(leaf, Flow::Identity)]), ..Value::default() }
    }

    pub(super) fn generated() -> Value {
        Value { generated: true, ..Value::default() }
    }

    /// The value may be this one or the other one.
    pub(super) fn or(&mut self, other: &Value) {
        self.edges.extend(other.edges.iter().copied());
        self.literal |= other.literal;
        self.generated |= other.generated;
    }

    /// Takes in what `other` comes from, in this manner.
    pub(super) fn take(&mut self, flow: Flow, other: &Value) {
        self.edges.extend(other.edges.iter().map(|(leaf, inner)| (*leaf, flow.after(*inner))));
        if flow.is_direct() {
            self.literal |= other.literal;
            self.generated |= other.generated;
        }
    }

    pub(super) fn has_direct(&self) -> bool {
        self.edges.iter().any(|(_, flow)| flow.is_direct())
    }
}

/// The rows and columns of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Traced {
    pub(super) columns: Vec<Value>,
    /// What decides which rows there are.
    pub(super) rows: BTreeSet<(Leaf, Flow)>,
}

impl Traced {
    /// Everything that the value comes from decides about the rows in this manner.
    pub(super) fn decide(&mut self, flow: Flow, value: &Value) {
        self.rows.extend(value.edges.iter().map(|(leaf, _)| (*leaf, flow)));
    }
}

/// The tables that a plan scans, each once, with the names of their columns.
#[derive(Debug, Default)]
pub(super) struct Tables {
    known: Vec<(Relation, Vec<String>)>,
}

impl Tables {
    /// The number of a table. Calls of one function have one name, and columns of their own.
    pub(super) fn number(&mut self, table: Relation, columns: Vec<String>) -> usize {
        let known = self.known.iter().position(|(name, own)| *name == table && *own == columns);
        known.unwrap_or_else(|| {
            self.known.push((table, columns));
            self.known.len() - 1
        })
    }

    /// A leaf's table and column.
    pub(super) fn name(&self, leaf: Leaf) -> Option<(&Relation, &str)> {
        let (table, columns) = self.known.get(leaf.0)?;
        Some((table, columns.get(leaf.1)?))
    }
}
