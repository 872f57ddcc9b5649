//! One file, sifted: good rows go into files of the event table that nobody reads yet, bad ones into a quarantine that is
//! not in place yet. Blocks are taken apart and looked at side by side, and written in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use chrono::{DateTime, Utc};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use tokio::sync::mpsc;

use crate::ingest::IngestError;
use crate::ingest::contract::{Contract, INGESTED_AT, ROW_NUMBER, SOURCE_FILE};
use crate::ingest::duplicates::{KeyDigest, SeenKeys};
use crate::ingest::quarantine::Quarantine;
use crate::ingest::reading::{Block, Blocks, RawFile, Unreadable, cut_off};
use crate::ingest::validate::{Layout, Validated, validate};
use crate::warehouse::{Arrived, ArrivingRows};

/// Blocks that are read ahead of those that are looked at.
const AHEAD: usize = 2;

/// What was found in a file.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) read: u64,
    pub(crate) valid: u64,
    pub(crate) invalid: u64,
    pub(crate) duplicate: u64,
    pub(crate) by_rule: BTreeMap<String, u64>,
}

/// A file whose rows are all looked at.
pub(crate) struct Sifted {
    pub(crate) counts: Counts,
    /// Good rows, not committed.
    pub(crate) arrived: Arrived,
    /// Bad rows, not in place.
    pub(crate) quarantine: Quarantine,
    /// Keys that came with it.
    pub(crate) keys: Vec<Vec<KeyDigest>>,
    /// Columns that some rows have beyond those of the file.
    pub(crate) late: BTreeSet<String>,
}

/// What sifting needs to know of a file and of where it goes.
pub(crate) struct Sieve<'a> {
    pub(crate) contract: &'a Arc<Contract>,
    pub(crate) layout: Arc<Layout>,
    /// As its events and its audit call it.
    pub(crate) name: &'a str,
    pub(crate) ingested_at: DateTime<Utc>,
    /// The columns of the event table.
    pub(crate) schema: SchemaRef,
    /// Keys that have been seen, where the contract has a key.
    pub(crate) seen: Option<&'a mut SeenKeys>,
    /// Blocks that are looked at side by side.
    pub(crate) side_by_side: usize,
}

/// What a file holds: 128 bits of BLAKE3 over its bytes, packed as they are.
///
/// # Errors
/// It can't be read.
pub(crate) async fn content_digest(file: &RawFile) -> Result<String, Unreadable> {
    let mut stream = file.packed().await?;
    let mut hasher = blake3::Hasher::new();
    while let Some(bytes) = stream.try_next().await.map_err(|_| cut_off())? {
        hasher.update(&bytes);
    }
    Ok(hasher.finalize().as_bytes()[..16].iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Why a file could not be sifted.
pub(crate) enum NotSifted {
    /// The file's own fault.
    Unreadable(Unreadable),
    /// The world's.
    Failed(IngestError),
}

impl<E: Into<IngestError>> From<E> for NotSifted {
    fn from(error: E) -> NotSifted {
        NotSifted::Failed(error.into())
    }
}

/// Looks at all rows of a file.
///
/// # Errors
/// The file can't be read to its end, or what comes of it can't be written. Nothing is left in place then.
pub(crate) async fn sift(
    sieve: Sieve<'_>,
    blocks: Blocks,
    mut writer: ArrivingRows,
    mut quarantine: Quarantine,
) -> Result<Sifted, NotSifted> {
    let mut sifting = Sifting { sieve, counts: Counts::default(), keys: Vec::new(), late: BTreeSet::new() };
    let mut validated = side_by_side(&sifting.sieve, blocks);
    while let Some(looked) = validated.next().await {
        let written = match looked {
            Ok(looked) => sifting.take(looked, &mut writer, &mut quarantine).await,
            Err(problem) => Err(problem),
        };
        if let Err(problem) = written {
            writer.discard().await;
            sifting.forget_keys();
            return Err(problem);
        }
    }
    let Sifting { counts, keys, late, .. } = sifting;
    Ok(Sifted { counts, arrived: writer.finish().await?, quarantine, keys, late })
}

/// Blocks taken apart and looked at on other threads, in their order.
fn side_by_side(sieve: &Sieve<'_>, mut blocks: Blocks) -> BoxStream<'static, Result<Validated, NotSifted>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    // Reading and unpacking go on while rows are looked at.
    tokio::spawn(async move {
        while let Some(block) = blocks.next().await {
            let is_last = block.is_err();
            if sender.send(block).await.is_err() || is_last {
                break;
            }
        }
    });
    let (contract, layout) = (Arc::clone(sieve.contract), Arc::clone(&sieve.layout));
    let blocks = stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
    let look = move |block: Result<Box<dyn Block>, Unreadable>| {
        let (contract, layout) = (Arc::clone(&contract), Arc::clone(&layout));
        async move {
            let block = block.map_err(NotSifted::Unreadable)?;
            let looked = tokio::task::spawn_blocking(move || {
                let piece = block.split().map_err(NotSifted::Unreadable)?;
                Ok::<_, NotSifted>(validate(&contract, &layout, piece)?)
            });
            looked.await.map_err(|error| IngestError::Other(error.to_string()))?
        }
    };
    // Twice as many as there are threads: while rows are sorted out here, nobody waits for that.
    blocks.map(look).buffered(sieve.side_by_side * 2).boxed()
}

struct Sifting<'a> {
    sieve: Sieve<'a>,
    counts: Counts,
    keys: Vec<Vec<KeyDigest>>,
    late: BTreeSet<String>,
}

impl Sifting<'_> {
    /// Takes rows that were looked at to where they belong.
    async fn take(
        &mut self,
        looked: Validated,
        writer: &mut ArrivingRows,
        quarantine: &mut Quarantine,
    ) -> Result<(), NotSifted> {
        let before = self.counts.read;
        for row in &looked.invalid {
            quarantine.add(before + u64::from(row.position) + 1, row)?;
            for reason in &row.reasons {
                *self.counts.by_rule.entry(reason.rule.to_string()).or_default() += 1;
            }
        }
        self.late.extend(looked.late);
        let is_new = self.new_rows(looked.keys, looked.valid.num_rows())?;
        let positions = looked.positions.iter().zip(is_new.iter());
        let numbers = positions.filter(|(_, is_new)| *is_new == Some(true)).map(|(it, _)| before + u64::from(*it) + 1);
        let numbers: Int64Array = numbers.map(|it| i64::try_from(it).unwrap_or(i64::MAX)).collect();
        let new = if is_new.true_count() == looked.valid.num_rows() {
            looked.valid
        } else {
            filter_record_batch(&looked.valid, &is_new)?
        };
        self.counts.read += looked.rows as u64;
        self.counts.invalid += looked.invalid.len() as u64;
        self.counts.valid += new.num_rows() as u64;
        self.counts.duplicate += (looked.positions.len() - new.num_rows()) as u64;
        if new.num_rows() > 0 {
            writer.write(&self.events(&new, numbers)?).await?;
        }
        Ok(())
    }

    /// Which of the good rows have keys that were not there before. Without a key all of them are new.
    fn new_rows(&mut self, keys: Vec<KeyDigest>, count: usize) -> Result<BooleanArray, NotSifted> {
        let Some(seen) = &mut self.sieve.seen else { return Ok(BooleanArray::from(vec![true; count])) };
        seen.make_room(keys.len())?;
        let is_new: Vec<bool> = keys.iter().map(|it| seen.add(*it)).collect();
        let added = keys.into_iter().zip(&is_new).filter(|(_, is_new)| **is_new).map(|(key, _)| key);
        self.keys.push(added.collect());
        Ok(BooleanArray::from(is_new))
    }

    fn forget_keys(&mut self) {
        if let Some(seen) = &mut self.sieve.seen {
            self.keys.drain(..).flatten().for_each(|it| seen.forget(it));
        }
    }

    /// Rows as the event table has them.
    fn events(&self, rows: &RecordBatch, numbers: Int64Array) -> Result<RecordBatch, ArrowError> {
        let count = rows.num_rows();
        let numbers: ArrayRef = Arc::new(numbers);
        let column = |name: &str| -> Option<ArrayRef> {
            Some(match name {
                INGESTED_AT => {
                    let time = self.sieve.ingested_at.timestamp_micros();
                    Arc::new(TimestampMicrosecondArray::from_value(time, count))
                }
                SOURCE_FILE => Arc::new(StringArray::from_iter_values(std::iter::repeat_n(self.sieve.name, count))),
                ROW_NUMBER => Arc::clone(&numbers),
                other => Arc::clone(rows.column_by_name(other)?),
            })
        };
        // A column that the contract had once is null now.
        let fields = self.sieve.schema.fields().iter();
        let columns = fields.map(|it| column(it.name()).unwrap_or_else(|| new_null_array(it.data_type(), count)));
        RecordBatch::try_new(Arc::clone(&self.sieve.schema), columns.collect())
    }
}
