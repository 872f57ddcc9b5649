//! The steps that a run is made of, one file each.

pub(super) mod ask;
pub(super) mod export;
pub(super) mod parts;
pub(super) mod rows;
pub(super) mod table;
pub(super) mod unit;
pub(super) mod verify;
pub(super) mod view;

use arrow::datatypes::Schema;

use crate::warehouse::ColumnRecord;

/// Columns for a relation's record.
fn columns(schema: &Schema) -> Vec<ColumnRecord> {
    let column = |field: &arrow::datatypes::FieldRef| ColumnRecord {
        name: field.name().clone(),
        data_type: field.data_type().to_string(),
        nullable: field.is_nullable(),
    };
    schema.fields().iter().map(column).collect()
}
