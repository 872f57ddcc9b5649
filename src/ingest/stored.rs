//! The keys of events that are there already. As long as there is memory for all of them they are kept for the whole run,
//! and a duplicate is known when its row comes. Where there is not, a file's rows are written first, then the stored keys
//! are read past those of the file, and the file's rows are written once more without those that were found: what is kept
//! is no more than the keys of one file, whatever the size of the table.

use std::collections::HashSet;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::MemoryConsumer;
use futures::StreamExt;

use crate::ingest::IngestError;
use crate::ingest::contract::Contract;
use crate::ingest::duplicates::{KeyDigest, SeenKeys, key_digests};
use crate::ingest::file::Sifted;
use crate::ingest::log::scan;
use crate::plan::Session;
use crate::warehouse::{GrownTable, Warehouse};

/// What is known of stored keys.
pub(crate) enum StoredKeys {
    /// Nothing yet.
    Unread,
    /// All of them, and those that came in this run.
    Known(SeenKeys),
    /// They are too many.
    TooMany,
}

/// Room for keys, in the run's memory.
pub(crate) fn no_keys(session: &Session, contract: &Contract) -> SeenKeys {
    let pool = &session.state().runtime_env().memory_pool;
    SeenKeys::new(MemoryConsumer::new(format!("keys of {}", contract.source)).register(pool))
}

/// Reads the keys of all events, if there is memory for them.
///
/// # Errors
/// They can't be read.
pub(crate) async fn read(
    session: &Session,
    contract: &Contract,
    table: &GrownTable,
) -> Result<StoredKeys, IngestError> {
    let mut seen = no_keys(session, contract);
    let mut keys = Keys::of(session, contract, table).await?;
    while let Some(some) = keys.next().await? {
        match seen.make_room(some.len()) {
            Ok(()) => {}
            Err(error) if is_out_of_memory(&error) => return Ok(StoredKeys::TooMany),
            Err(error) => return Err(error.into()),
        }
        for key in some {
            seen.add(key);
        }
    }
    Ok(StoredKeys::Known(seen))
}

/// Whether there was no memory left.
pub(crate) fn is_out_of_memory(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::ResourcesExhausted(_))
}

/// A file's rows without those whose keys are stored.
///
/// # Errors
/// Stored keys can't be read, or rows not written.
pub(crate) async fn without_stored(
    session: &Session,
    warehouse: &Warehouse,
    contract: &Contract,
    table: &GrownTable,
    of_file: &SeenKeys,
    mut sifted: Sifted,
) -> Result<Sifted, IngestError> {
    let mut stored: HashSet<KeyDigest> = HashSet::new();
    let mut keys = Keys::of(session, contract, table).await?;
    while let Some(some) = keys.next().await? {
        stored.extend(some.into_iter().filter(|it| of_file.has(*it)));
    }
    if stored.is_empty() {
        return Ok(sifted);
    }
    let mut rows = table.read_arrived(&sifted.arrived);
    let mut writer = table.begin()?;
    let mut kept = 0;
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        let places: Result<Vec<usize>, _> =
            contract.key.iter().map(|at| batch.schema().index_of(&contract.columns[*at].name)).collect();
        let is_new: BooleanArray = key_digests(&batch, &places?)?.iter().map(|it| Some(!stored.contains(it))).collect();
        let new = filter_record_batch(&batch, &is_new)?;
        kept += new.num_rows() as u64;
        writer.write(&new).await?;
    }
    drop(rows);
    let arrived = writer.finish().await?;
    std::mem::replace(&mut sifted.arrived, arrived).discard(warehouse, &contract.relation).await;
    sifted.counts.duplicate += sifted.counts.valid - kept;
    sifted.counts.valid = kept;
    Ok(sifted)
}

/// The keys of all events, a batch at a time.
struct Keys {
    rows: datafusion::execution::SendableRecordBatchStream,
    columns: Vec<usize>,
}

impl Keys {
    async fn of(session: &Session, contract: &Contract, table: &GrownTable) -> Result<Keys, IngestError> {
        let provider = table.provider(&session.shared_state()).await?;
        let names: Vec<&str> = contract.key.iter().map(|at| contract.columns[*at].name.as_str()).collect();
        let rows = scan(session, &provider, &names).await?;
        Ok(Keys { rows, columns: (0..names.len()).collect() })
    }

    async fn next(&mut self) -> Result<Option<Vec<KeyDigest>>, IngestError> {
        match self.rows.next().await {
            Some(batch) => Ok(Some(key_digests(&batch?, &self.columns)?)),
            None => Ok(None),
        }
    }
}
