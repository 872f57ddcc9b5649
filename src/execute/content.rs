//! What is in a table as one digest, whatever the order of its rows: two independent sums of the rows' hashes.

use std::sync::{Mutex, PoisonError};

use arrow::array::RecordBatch;
use datafusion::common::hash_utils::{RandomState, create_hashes};
use datafusion::error::Result;

use crate::reuse::Digest;

/// Seeds of the two hashes. Any will do, as long as they stay.
const SEEDS: [u64; 2] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344];

/// The rows seen so far.
#[derive(Debug, Default)]
pub(super) struct Content {
    sums: Mutex<[u64; 3]>,
}

impl Content {
    /// Adds rows.
    ///
    /// # Errors
    /// There are columns whose values can't be hashed.
    pub(super) fn add(&self, batch: &RecordBatch) -> Result<()> {
        let rows = batch.num_rows();
        let mut buffer = vec![0; rows];
        let mut new = [0, 0, rows as u64];
        for (seed, sum) in SEEDS.iter().zip(&mut new) {
            buffer.fill(0);
            let hashes = create_hashes(batch.columns(), &RandomState::with_seed(*seed), &mut buffer)?;
            *sum = hashes.iter().fold(0, |sum: u64, hash| sum.wrapping_add(mixed(*hash)));
        }
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        for (sum, new) in sums.iter_mut().zip(new) {
            *sum = sum.wrapping_add(new);
        }
        Ok(())
    }

    /// What they are together.
    pub(super) fn digest(&self) -> Digest {
        let sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let parts: Vec<String> = sums.iter().map(u64::to_string).collect();
        Digest::texts("content", parts.iter().map(String::as_str))
    }
}

/// The engine adds up the hashes of a row's values; sums of such sums would not tell which values stand in one row.
/// The finaliser of SplitMix64, <https://prng.di.unimi.it/splitmix64.c>.
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    fn digest(batches: &[&[(i64, &str)]]) -> Digest {
        let fields = vec![Field::new("n", DataType::Int64, true), Field::new("s", DataType::Utf8, true)];
        let schema = Arc::new(Schema::new(fields));
        let content = Content::default();
        for rows in batches {
            let numbers = Int64Array::from_iter_values(rows.iter().map(|it| it.0));
            let texts = StringArray::from_iter_values(rows.iter().map(|it| it.1));
            let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(numbers), Arc::new(texts)]);
            content.add(&batch.unwrap()).unwrap();
        }
        content.digest()
    }

    #[test]
    fn order_does_not_count_and_rows_do() {
        let all = digest(&[&[(1, "a"), (2, "b"), (2, "b")]]);
        assert_eq!(all, digest(&[&[(2, "b")], &[(2, "b"), (1, "a")]]));
        assert_ne!(all, digest(&[&[(1, "a"), (2, "b")]]));
        assert_ne!(all, digest(&[&[(1, "b"), (2, "a"), (2, "b")]]));
    }
}
