//! Values with a life of their own that templates handle: relations, columns, result tables.

mod cell;
mod column;
mod relation;
mod table;

pub(super) use column::{Column, ColumnClass};
pub(super) use relation::Relation;
pub(super) use table::Table;
