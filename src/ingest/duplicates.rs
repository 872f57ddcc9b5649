//! Keys that have been seen: the stored events' and those of this run. Sixteen bytes are kept of each, 128 bits of
//! BLAKE3, so that two keys are taken for one less often than a disk errs; they are counted in the run's memory pool.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};
use datafusion::error::Result as EngineResult;
use datafusion::execution::memory_pool::MemoryReservation;

/// What is kept of a key.
pub(crate) type KeyDigest = u128;

/// Bytes that a key may take: sixteen and one, in a table that is between seven sixteenths and seven eighths full.
const BYTES: usize = 40;

/// The digests of the keys of all rows. Values count, not how a file writes them.
///
/// # Errors
/// Columns of types that have no order.
pub(crate) fn key_digests(rows: &RecordBatch, key: &[usize]) -> Result<Vec<KeyDigest>, ArrowError> {
    if let [at] = key
        && rows.column(*at).data_type() == &DataType::Utf8
    {
        let texts = rows.column(*at).as_string::<i32>();
        return Ok((0..texts.len()).map(|row| digest(texts.value(row).as_bytes())).collect());
    }
    let fields = key.iter().map(|at| SortField::new(rows.column(*at).data_type().clone())).collect();
    let columns: Vec<_> = key.iter().map(|at| std::sync::Arc::clone(rows.column(*at))).collect();
    let keys = RowConverter::new(fields)?.convert_columns(&columns)?;
    Ok(keys.iter().map(|it| digest(it.as_ref())).collect())
}

fn digest(key: &[u8]) -> KeyDigest {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&blake3::hash(key).as_bytes()[..16]);
    u128::from_le_bytes(bytes)
}

/// Keys that have been seen.
pub(crate) struct SeenKeys {
    keys: HashSet<KeyDigest, BuildHasherDefault<AsItIs>>,
    memory: MemoryReservation,
}

impl SeenKeys {
    /// None yet.
    pub(crate) fn new(memory: MemoryReservation) -> SeenKeys {
        SeenKeys { keys: HashSet::default(), memory }
    }

    /// Notes that these will come.
    ///
    /// # Errors
    /// There is no memory for them.
    pub(crate) fn make_room(&mut self, more: usize) -> EngineResult<()> {
        self.memory.try_resize((self.keys.len() + more) * BYTES)?;
        self.keys.reserve(more);
        Ok(())
    }

    /// Takes note of a key; whether it is new.
    pub(crate) fn add(&mut self, key: KeyDigest) -> bool {
        self.keys.insert(key)
    }

    /// Whether a key has been seen.
    pub(crate) fn has(&self, key: KeyDigest) -> bool {
        self.keys.contains(&key)
    }

    /// Forgets a key: the row that it came with was not kept.
    pub(crate) fn forget(&mut self, key: KeyDigest) {
        self.keys.remove(&key);
    }
}

/// A digest is as good a hash as any: its first half is taken as it is.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut first = [0; 8];
        let length = bytes.len().min(8);
        first[..length].copy_from_slice(&bytes[..length]);
        self.0 = u64::from_le_bytes(first);
    }
}
