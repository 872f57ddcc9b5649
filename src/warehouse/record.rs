//! The record of a relation: what the warehouse knows beyond the data itself. JSON, one small file each.

use serde::{Deserialize, Serialize};

use crate::reuse::{Identity, MadeOf};

/// What kind of relation a record is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// A data file.
    Table,
    /// A query.
    View,
}

/// A column, for catalogs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnRecord {
    /// Its name.
    pub name: String,
    /// Its type, as Arrow names it.
    pub data_type: String,
    /// Whether it may hold nulls.
    pub nullable: bool,
}

/// What is known of a relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its kind.
    pub kind: RecordKind,
    /// Its columns, in order.
    pub columns: Vec<ColumnRecord>,
    /// Rows of a table.
    pub rows: Option<u64>,
    /// Bytes of a table's file. The record is trusted only while they agree.
    pub bytes: Option<u64>,
    /// The columns that a table's file is sorted by, first to last, as `column [desc] [nulls first|last]`.
    pub sorted_by: Vec<String>,
    /// The SQL of a view.
    pub sql: Option<String>,
    /// The run that made it.
    pub run_id: String,
    /// The node that it is of.
    pub node: String,
    /// What the store calls this version of the file: another one means that somebody touched it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it was made of, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_of: Option<MadeOf>,
    /// What its rows are, for what reads them, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
}
