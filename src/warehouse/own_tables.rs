//! Tables that Arrowmill keeps about its own work: their names and columns. Models and monitors read them as any others,
//! also before there are any rows.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::jinja::RelationName;
use crate::monitors::HISTORY;

/// Schema and name of the audit of files that were taken in.
pub const LOGS: (&str, &str) = ("arrowmill", "pipeline_logs");

const TIME: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// The columns of a relation, if it is one that is kept so.
pub fn own_columns(relation: &RelationName) -> Option<SchemaRef> {
    let is = |(schema, name): (&str, &str)| {
        relation.schema.eq_ignore_ascii_case(schema) && relation.identifier.eq_ignore_ascii_case(name)
    };
    match relation {
        _ if is(LOGS) => Some(log_columns()),
        _ if is(HISTORY) => Some(measure_columns()),
        _ => None,
    }
}

/// Of the audit of files that were taken in.
pub fn log_columns() -> SchemaRef {
    columns(&[
        ("run_id", DataType::Utf8),
        ("source", DataType::Utf8),
        ("file", DataType::Utf8),
        ("bytes", DataType::Int64),
        ("digest", DataType::Utf8),
        ("rows_read", DataType::Int64),
        ("rows_valid", DataType::Int64),
        ("rows_invalid", DataType::Int64),
        ("rows_duplicate", DataType::Int64),
        ("error_rate", DataType::Float64),
        ("invalid_by_rule", DataType::Utf8),
        ("columns", DataType::Utf8),
        ("drift", DataType::Utf8),
        ("quarantine", DataType::Utf8),
        ("ingested_at", TIME),
        ("seconds", DataType::Float64),
        ("outcome", DataType::Utf8),
        ("message", DataType::Utf8),
        ("mark", DataType::Utf8),
    ])
}

/// Of all measures that monitors have taken.
pub fn measure_columns() -> SchemaRef {
    columns(&[
        ("run_id", DataType::Utf8),
        ("measured_at", TIME),
        ("monitor", DataType::Utf8),
        ("kind", DataType::Utf8),
        ("severity", DataType::Utf8),
        ("subject", DataType::Utf8),
        ("status", DataType::Utf8),
        ("value", DataType::Float64),
        ("low", DataType::Float64),
        ("high", DataType::Float64),
        ("detail", DataType::Utf8),
    ])
}

fn columns(columns: &[(&str, DataType)]) -> SchemaRef {
    let field = |(name, data_type): &(&str, DataType)| Field::new(*name, data_type.clone(), true);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}
