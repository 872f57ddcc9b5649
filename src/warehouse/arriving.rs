//! Rows on their way into a table that grows: files that nobody reads before they are committed. Encoding and packing rows
//! costs most of what taking them in costs, so that many rows go into two files at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::record_batch::RecordBatch;
use datafusion::common::runtime::SpawnedTask;
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::Add;
use deltalake_core::operations::write::writer::{DeltaWriter, WriterConfig};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::sync::mpsc;

use crate::jinja::RelationName;
use crate::warehouse::delta::failed;
use crate::warehouse::{DeltaError, Warehouse};

/// Files that are written at once.
const LANES: usize = 2;

/// Rows from which on there is a further file: fewer of them are read faster from one.
const FEW: usize = 512 * 1024;

/// Batches that wait for each file.
const WAITING: usize = 2;

/// Rows on their way into a table, in files that nobody reads before they are committed.
pub struct ArrivingRows {
    name: String,
    store: Arc<dyn ObjectStore>,
    config: WriterConfig,
    lanes: Vec<Lane>,
    rows: usize,
    turn: usize,
    /// Whether what is written is not wanted any more.
    is_unwanted: Arc<AtomicBool>,
}

/// One file after the other, written by a task of its own.
struct Lane {
    batches: mpsc::Sender<RecordBatch>,
    written: SpawnedTask<Result<Vec<Add>, DeltaTableError>>,
}

/// Files with rows that are not committed yet.
#[derive(Debug, Default)]
pub struct Arrived {
    pub(super) files: Vec<Add>,
}

impl ArrivingRows {
    pub(super) fn new(name: String, store: Arc<dyn ObjectStore>, config: WriterConfig) -> ArrivingRows {
        let is_unwanted = Arc::new(AtomicBool::new(false));
        ArrivingRows { name, store, config, lanes: Vec::new(), rows: 0, turn: 0, is_unwanted }
    }

    /// Writes some rows.
    ///
    /// # Errors
    /// They can't be written.
    pub async fn write(&mut self, rows: &RecordBatch) -> Result<(), DeltaError> {
        let wanted = if self.rows < FEW { 1 } else { LANES };
        self.rows += rows.num_rows();
        if self.lanes.len() < wanted {
            let lane = self.open();
            self.lanes.push(lane);
        }
        let lane = self.turn % self.lanes.len();
        self.turn += 1;
        if self.lanes[lane].batches.send(rows.clone()).await.is_ok() {
            return Ok(());
        }
        // It has ended, and says why.
        let ended = self.lanes.swap_remove(lane);
        ended.end(&self.name).await.map(drop)
    }

    fn open(&self) -> Lane {
        let (batches, mut arriving) = mpsc::channel::<RecordBatch>(WAITING);
        let mut writer = DeltaWriter::new(Arc::clone(&self.store), self.config.clone());
        let is_unwanted = Arc::clone(&self.is_unwanted);
        let written = SpawnedTask::spawn(async move {
            while let Some(batch) = arriving.recv().await {
                writer.write(&batch).await?;
            }
            match is_unwanted.load(Ordering::Relaxed) {
                true => writer.abort().await.map(|()| Vec::new()),
                false => writer.close().await,
            }
        });
        Lane { batches, written }
    }

    /// All rows are written.
    ///
    /// # Errors
    /// The last of them can't be.
    pub async fn finish(self) -> Result<Arrived, DeltaError> {
        let mut arrived = Arrived::default();
        for lane in self.lanes {
            arrived.files.extend(lane.end(&self.name).await?);
        }
        Ok(arrived)
    }

    /// The rows are not wanted any more.
    pub async fn discard(self) {
        self.is_unwanted.store(true, Ordering::Relaxed);
        for lane in self.lanes {
            // What is left behind is in no commit, and so in no table.
            let _ = lane.end(&self.name).await;
        }
    }
}

impl Lane {
    async fn end(self, name: &str) -> Result<Vec<Add>, DeltaError> {
        drop(self.batches);
        let written =
            self.written.join().await.unwrap_or_else(|error| Err(DeltaTableError::generic(error.to_string())));
        written.map_err(|source| failed("cannot write to", name, source))
    }
}

impl Arrived {
    /// Removes files that are not going to be committed.
    pub async fn discard(self, warehouse: &Warehouse, relation: &RelationName) {
        for file in self.files {
            let path = Path::from(format!("{}/{}", warehouse.folder_path(relation), file.path));
            // What is left behind is in no commit, and so in no table.
            let _ = warehouse.store().delete(&path).await;
        }
    }
}
