//! Making a view: its query is recorded.

use crate::parse::NodeId;
use crate::plan::ModelPlan;
use crate::warehouse::{Record, RecordKind};

/// The record of a view.
pub(in crate::execute) fn record(model: &ModelPlan, node: &NodeId, run_id: &str) -> Record {
    Record {
        kind: RecordKind::View,
        columns: super::columns(&model.schema),
        rows: None,
        bytes: None,
        sorted_by: Vec::new(),
        delta: None,
        sql: Some(model.sql.clone()),
        run_id: run_id.to_owned(),
        made_at: None,
        number: 0,
        restored_from: None,
        keep_versions: 0,
        node: node.to_string(),
        version: None,
        made_of: None,
        identity: None,
    }
}

/// The record of a table, before its file is in place.
pub(in crate::execute) fn table_record(
    model_schema: &arrow::datatypes::Schema,
    rows: u64,
    sorted_by: Vec<String>,
    node: &NodeId,
    run_id: &str,
) -> Record {
    Record {
        kind: RecordKind::Table,
        columns: super::columns(model_schema),
        rows: Some(rows),
        bytes: None,
        sorted_by,
        delta: None,
        sql: None,
        run_id: run_id.to_owned(),
        made_at: None,
        number: 0,
        restored_from: None,
        keep_versions: 0,
        node: node.to_string(),
        version: None,
        made_of: None,
        identity: None,
    }
}
