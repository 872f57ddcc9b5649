//! The record of a relation: what the warehouse knows beyond the data itself. JSON, one small file each.

use object_store::ObjectMeta;
use serde::{Deserialize, Serialize};

use crate::reuse::{Identity, MadeOf};
use crate::warehouse::{DataFile, DeltaFiles};

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
    /// Bytes of a table's file. Where `version` does not tell, the record is trusted only while they agree.
    pub bytes: Option<u64>,
    /// The columns that a table's file is sorted by, first to last, as `column [desc] [nulls first|last]`.
    pub sorted_by: Vec<String>,
    /// The files of a table that is a Delta table; all others have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<DeltaFiles>,
    /// The SQL of a view.
    pub sql: Option<String>,
    /// The run that made it.
    pub run_id: String,
    /// When that run began, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<String>,
    /// Its number among the tables that have stood in its place, from 1; 0 of a view, and where nobody has counted.
    #[serde(default)]
    pub number: u64,
    /// The number that it had before it was put back in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_from: Option<u64>,
    /// How many of those before it are kept.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub keep_versions: usize,
    /// The node that it is of.
    pub node: String,
    /// What the store calls this version of the file, or the log this version of the table: another one means that
    /// somebody touched it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it was made of, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_of: Option<MadeOf>,
    /// What its rows are, for what reads them, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
}

impl Record {
    /// The files of a Delta table.
    pub fn files(&self) -> &[DataFile] {
        self.delta.as_ref().map_or(&[], |it| it.files.as_slice())
    }

    /// Whether it was written for this very file.
    pub(super) fn is_of(&self, file: &ObjectMeta) -> bool {
        self.kind == RecordKind::Table && self.delta.is_none() && self.version.is_some() && self.version == file.e_tag
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}
