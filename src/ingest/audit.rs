//! What became of each file: one row for each in `arrowmill.pipeline_logs`, a table of the warehouse that models read as a
//! source. The same row goes into the commit that takes the file's events in, so that it can be written by the next run
//! where a run dies between the two.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::error::ArrowError;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ingest::reading::RawColumn;
use crate::jinja::RelationName;
use crate::project::Json;
use crate::warehouse::{LOGS, log_columns};

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileOutcome {
    /// Its good rows are events now.
    Taken,
    /// Nothing of it was taken: too many of its rows are bad.
    Refused,
    /// Nothing of it was taken: its columns are not what they should be.
    Drifted,
    /// Nothing of it was taken: it can't be read.
    Unreadable,
}

impl FileOutcome {
    /// The word in the audit.
    pub fn as_str(self) -> &'static str {
        match self {
            FileOutcome::Taken => "taken",
            FileOutcome::Refused => "refused",
            FileOutcome::Drifted => "drifted",
            FileOutcome::Unreadable => "unreadable",
        }
    }
}

/// What became of one file. `rows_read` is always the sum of valid, invalid and duplicate ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditRow {
    /// The run.
    pub run_id: String,
    /// `raw.events`.
    pub source: String,
    /// The file, as its location has it.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// What it holds: 128 bits of BLAKE3.
    pub digest: String,
    /// Its rows.
    pub rows_read: u64,
    /// Rows that meet the contract and are no duplicates.
    pub rows_valid: u64,
    /// Rows that don't.
    pub rows_invalid: u64,
    /// Rows whose key has been there before.
    pub rows_duplicate: u64,
    /// How many rows break each rule.
    pub invalid_by_rule: BTreeMap<String, u64>,
    /// Its columns, each with its type.
    pub columns: Vec<(String, String)>,
    /// How these are not what they should be.
    pub drift: Vec<String>,
    /// The file with its bad rows.
    pub quarantine: Option<String>,
    /// When the run began.
    pub ingested_at: DateTime<Utc>,
    /// How long it took.
    pub seconds: f64,
    /// What became of it.
    pub outcome: FileOutcome,
    /// Why, where it was not taken.
    pub message: Option<String>,
    /// Of a database's table: the greatest value of its cursor that was read.
    #[serde(default)]
    pub mark: Option<String>,
}

impl AuditRow {
    /// The share of bad rows.
    pub fn error_rate(&self) -> f64 {
        if self.rows_read == 0 { 0.0 } else { self.rows_invalid as f64 / self.rows_read as f64 }
    }

    /// As a commit keeps it.
    pub(crate) fn to_note(&self) -> serde_json::Map<String, Json> {
        let row = serde_json::to_value(self).unwrap_or_default();
        serde_json::Map::from_iter([(NOTE.to_owned(), row)])
    }

    /// What a commit has kept; `None` for commits of others.
    pub(crate) fn from_note(note: &serde_json::Map<String, Json>) -> Option<AuditRow> {
        serde_json::from_value(note.get(NOTE)?.clone()).ok()
    }
}

/// The key under which a commit keeps it.
const NOTE: &str = "arrowmill_ingest";

/// A file's columns as they are kept.
pub(crate) fn columns_of(columns: &[RawColumn]) -> Vec<(String, String)> {
    columns.iter().map(|it| (it.name.clone(), crate::plan::sql_type(&it.data_type))).collect()
}

/// The table's name.
pub(crate) fn log_relation(database: &str) -> RelationName {
    RelationName::new(database, LOGS.0, LOGS.1)
}

/// Rows of the table.
///
/// # Errors
/// None that is known.
pub(crate) fn as_batch(rows: &[AuditRow]) -> Result<RecordBatch, ArrowError> {
    let text =
        |of: &dyn Fn(&AuditRow) -> String| -> ArrayRef { Arc::new(StringArray::from_iter_values(rows.iter().map(of))) };
    let optional = |of: &dyn Fn(&AuditRow) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let whole = |of: &dyn Fn(&AuditRow) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|it| i64::try_from(of(it)).unwrap_or(i64::MAX))))
    };
    let number =
        |of: &dyn Fn(&AuditRow) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values(rows.iter().map(of))) };
    let times = rows.iter().map(|it| it.ingested_at.timestamp_micros());
    let columns = |it: &AuditRow| -> Json {
        it.columns.iter().map(|(name, kind)| serde_json::json!({"name": name, "type": kind})).collect()
    };
    let drift = |it: &AuditRow| (!it.drift.is_empty()).then(|| Json::from(it.drift.clone()).to_string());
    RecordBatch::try_new(
        log_columns(),
        vec![
            text(&|it| it.run_id.clone()),
            text(&|it| it.source.clone()),
            text(&|it| it.file.clone()),
            whole(&|it| it.bytes),
            text(&|it| it.digest.clone()),
            whole(&|it| it.rows_read),
            whole(&|it| it.rows_valid),
            whole(&|it| it.rows_invalid),
            whole(&|it| it.rows_duplicate),
            number(&AuditRow::error_rate),
            text(&|it| serde_json::to_string(&it.invalid_by_rule).unwrap_or_default()),
            text(&|it| columns(it).to_string()),
            optional(&drift),
            optional(&|it| it.quarantine.clone()),
            Arc::new(TimestampMicrosecondArray::from_iter_values(times)),
            number(&|it| it.seconds),
            text(&|it| it.outcome.as_str().to_owned()),
            optional(&|it| it.message.clone()),
            optional(&|it| it.mark.clone()),
        ],
    )
}
