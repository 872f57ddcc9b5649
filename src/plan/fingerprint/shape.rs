//! What a step of a plan gives.

use std::collections::BTreeSet;

use crate::reuse::Digest;

/// Rows and columns, as digests.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// The rows before they are filtered.
    of: Digest,
    /// The conditions that they meet; it does not matter in which order, or in how many steps.
    filters: BTreeSet<Digest>,
    /// How they are sorted, where the query says so.
    pub(super) order: Option<Digest>,
    /// The columns, as the step's schema has them.
    pub(super) columns: Vec<Digest>,
}

impl Shape {
    pub(super) fn new(of: Digest, columns: Vec<Digest>) -> Shape {
        Shape { of, filters: BTreeSet::new(), order: None, columns }
    }

    pub(super) fn sorted(self, order: Option<Digest>) -> Shape {
        Shape { order, ..self }
    }

    /// The same rows with other columns.
    pub(super) fn with_columns(self, columns: Vec<Digest>) -> Shape {
        Shape { columns, ..self }
    }

    /// Those that meet all these conditions too.
    pub(super) fn filtered(mut self, conditions: impl IntoIterator<Item = Digest>) -> Shape {
        self.filters.extend(conditions);
        self
    }

    /// Which rows there are.
    pub(super) fn rows(&self) -> Digest {
        match self.filters.is_empty() {
            true => self.of.clone(),
            false => Digest::of("filtered", std::iter::once(&self.of).chain(&self.filters)),
        }
    }

    /// Which rows there are and in which order they come, for what depends on it.
    pub(super) fn rows_in_order(&self) -> Digest {
        let rows = self.rows();
        match &self.order {
            Some(order) => Digest::of("in order", [&rows, order]),
            None => rows,
        }
    }

    /// Everything about it.
    pub(super) fn all(&self) -> Digest {
        let rows = self.rows_in_order();
        Digest::of("all", std::iter::once(&rows).chain(&self.columns))
    }
}
