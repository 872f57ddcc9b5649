//! The audit as a table of the warehouse: read for what is known of files, written as files are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::catalog::TableProvider;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;

use crate::ingest::IngestError;
use crate::ingest::audit::{AuditRow, FileOutcome, as_batch, log_relation};
use crate::plan::Session;
use crate::warehouse::{CommitNote, GrownTable, Warehouse, log_columns};

/// The audit.
pub(crate) struct Log {
    table: GrownTable,
    /// What is known of files, by source.
    pub(crate) known: BTreeMap<String, Known>,
}

/// What the audit knows of a source's files.
#[derive(Default)]
pub(crate) struct Known {
    /// Digests of files that were taken.
    pub(crate) taken: BTreeSet<String>,
    /// The columns of the last of them.
    pub(crate) columns: Option<Vec<(String, String)>>,
    /// The mark of the last of them.
    pub(crate) mark: Option<String>,
    /// Quarantine files, each with the digest of the file whose bad rows it has.
    pub(crate) quarantined: BTreeMap<String, String>,
}

impl Log {
    /// Opens it, or makes it where there is none.
    ///
    /// # Errors
    /// It can't be read or made.
    pub(crate) async fn open(session: &Session, warehouse: &Warehouse, database: &str) -> Result<Log, IngestError> {
        let relation = log_relation(database);
        let table = match warehouse.grown(&relation).await? {
            Some(table) => table,
            None => warehouse.make_grown(&relation, &log_columns()).await?,
        };
        let known = read_log(session, &table).await?;
        Ok(Log { table, known })
    }

    /// Writes rows, and knows of them from now on.
    ///
    /// # Errors
    /// They can't be written.
    pub(crate) async fn add(&mut self, rows: &[AuditRow]) -> Result<(), IngestError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut writer = self.table.begin()?;
        writer.write(&as_batch(rows)?).await?;
        let arrived = writer.finish().await?;
        let names: Vec<&str> = rows.iter().map(|it| it.digest.as_str()).collect();
        let taken = format!("audit:{}:{}:{}", rows[0].run_id, rows[0].source, names.join(","));
        self.table.commit(arrived, CommitNote { taken, info: serde_json::Map::new() }).await?;
        for row in rows {
            let known = self.known.entry(row.source.clone()).or_default();
            if let Some(path) = &row.quarantine {
                known.quarantined.insert(path.clone(), row.digest.clone());
            }
            if row.outcome == FileOutcome::Taken {
                known.taken.insert(row.digest.clone());
                known.columns = Some(row.columns.clone());
                known.mark.clone_from(&row.mark);
            }
        }
        Ok(())
    }
}

/// What the audit says of files, by source.
///
/// # Errors
/// It can't be read.
pub(crate) async fn read_log(session: &Session, table: &GrownTable) -> Result<BTreeMap<String, Known>, IngestError> {
    let provider = table.provider(&session.shared_state()).await?;
    let columns = ["source", "digest", "outcome", "columns", "quarantine", "ingested_at", "file", "mark"];
    let mut rows = scan(session, &provider, &columns).await?;
    let mut known = BTreeMap::new();
    let mut latest: BTreeMap<String, (i64, Option<String>)> = BTreeMap::new();
    while let Some(batch) = rows.next().await {
        learn(&batch?, &mut known, &mut latest);
    }
    Ok(known)
}

fn learn(batch: &RecordBatch, all: &mut BTreeMap<String, Known>, latest: &mut BTreeMap<String, (i64, Option<String>)>) {
    let text = |at: usize, row: usize| {
        let column = batch.column(at).as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let times = batch.column(5).as_primitive::<TimestampMicrosecondType>();
    for row in 0..batch.num_rows() {
        let (Some(source), Some(digest)) = (text(0, row), text(1, row)) else { continue };
        let known = all.entry(source.clone()).or_default();
        if let Some(path) = text(4, row) {
            known.quarantined.insert(path, digest.clone());
        }
        if text(2, row).as_deref() != Some(FileOutcome::Taken.as_str()) {
            continue;
        }
        known.taken.insert(digest);
        // Files of one run have one time, and are taken in the order of their names.
        let time = (times.value(row), text(6, row));
        if latest.get(&source).is_none_or(|it| *it <= time) {
            latest.insert(source, time);
            known.columns = text(3, row).map(|it| columns_from(&it));
            known.mark = text(7, row);
        }
    }
}

fn columns_from(text: &str) -> Vec<(String, String)> {
    let columns: Vec<BTreeMap<String, String>> = serde_json::from_str(text).unwrap_or_default();
    let text = |of: &BTreeMap<String, String>, key: &str| of.get(key).cloned().unwrap_or_default();
    columns.iter().map(|it| (text(it, "name"), text(it, "type"))).collect()
}

/// Some columns of all rows of a table.
///
/// # Errors
/// It can't be read, or has no such columns.
pub(crate) async fn scan(
    session: &Session,
    table: &Arc<dyn TableProvider>,
    columns: &[&str],
) -> Result<SendableRecordBatchStream, IngestError> {
    let schema = table.schema();
    let projection = columns.iter().map(|it| schema.index_of(it)).collect::<Result<Vec<_>, _>>()?;
    let state = session.state();
    let plan = table.scan(state, Some(&projection), &[], None).await?;
    Ok(execute_stream(plan, state.task_ctx())?)
}
