//! Making a Delta table: the query's rows into staged files of a bearable size, each with what is known of its rows.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};
use tokio::sync::Mutex;

use super::table::{Watch, Writing, start, write_stream};
use crate::execute::content::Content;
use crate::execute::run::outside;
use crate::jinja::RelationName;
use crate::plan::Session;
use crate::reuse::Digest;
use crate::warehouse::{DataFile, StagedFile, Warehouse};

/// Rows of a file. More of them would be read and written again where one of them is replaced, and fewer are read slower.
const MOST_ROWS: usize = 2 << 20;

/// How and where to write.
#[derive(Clone)]
pub(in crate::execute) struct WritingParts<'a> {
    pub(in crate::execute) session: &'a Session,
    pub(in crate::execute) warehouse: &'a Warehouse,
    pub(in crate::execute) relation: &'a RelationName,
    /// What tells these files from all others of the relation.
    pub(in crate::execute) label: String,
    /// Names and values for the files' footers.
    pub(in crate::execute) metadata: Vec<(String, String)>,
    pub(in crate::execute) watch: Watch,
}

/// Runs a bound plan into staged files; into one, where there are no rows.
pub(in crate::execute) async fn write(plan: &LogicalPlan, writing: &WritingParts<'_>) -> Result<Vec<StagedFile>> {
    let WritingParts { session, warehouse, relation, label, metadata, watch } = writing;
    let (rows, _) = start(plan, session).await?;
    let rows = Arc::new(Mutex::new(rows));
    let mut files = Vec::new();
    loop {
        let first = rows.lock().await.next().await.transpose()?;
        if first.is_none() && !files.is_empty() {
            return Ok(files);
        }
        let name = format!("part-{:05}-{}.parquet", files.len(), Digest::texts("part", [label.as_str()]));
        let staged = warehouse.stage_part(relation, &name);
        let content = Arc::new(Content::default());
        let writing = Writing { session, staged: &staged, metadata: metadata.clone(), watch: both(watch, &content) };
        let count = write_stream(some_of(first, Arc::clone(&rows)).await, &writing).await?;
        let (bytes, tag) = warehouse.look_at(&staged).await.map_err(outside)?;
        let file = DataFile { name, rows: count, bytes, tag, content: content.digest().to_string() };
        files.push(StagedFile { path: staged.path.to_string(), file });
    }
}

fn both(watch: &Watch, content: &Arc<Content>) -> Watch {
    let (watch, content) = (Arc::clone(watch), Arc::clone(content));
    Arc::new(move |batch: &RecordBatch| {
        watch(batch)?;
        content.add(batch)
    })
}

/// As many rows as one file takes.
async fn some_of(first: Option<RecordBatch>, rest: Arc<Mutex<SendableRecordBatchStream>>) -> SendableRecordBatchStream {
    let schema = rest.lock().await.schema();
    let batches = stream::try_unfold((first, rest, 0), |(first, rest, rows)| async move {
        let batch = match first {
            Some(batch) => Some(batch),
            None if rows == 0 || rows >= MOST_ROWS => None,
            None => rest.lock().await.next().await.transpose()?,
        };
        Ok(batch.map(|batch| {
            let rows = rows + batch.num_rows().max(1);
            (batch, (None, rest, rows))
        }))
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}
