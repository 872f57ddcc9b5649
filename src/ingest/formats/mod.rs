//! Kinds of raw files, one file each: from bytes to pieces of rows. Knows nothing of contracts.
//! To add a kind: a file with a `Format`, and its line in `ALL`.

mod csv;
mod json;
mod ndjson;
mod parquet;

pub(crate) use ndjson::begin_lines;

use async_trait::async_trait;

use crate::ingest::reading::{RawFile, Reading, Unreadable};

/// A kind of raw files.
#[async_trait]
pub(crate) trait Format: Sync {
    /// The name under `format`.
    fn name(&self) -> &'static str;

    /// Endings of file names, without the dot and without those of compression.
    fn endings(&self) -> &'static [&'static str];

    /// Begins to read a file.
    ///
    /// # Errors
    /// It is no such file.
    async fn begin(&self, file: RawFile) -> Result<Reading, Unreadable>;
}

/// All formats, sorted.
static ALL: &[&dyn Format] = &[&csv::Csv, &json::Json, &ndjson::Ndjson, &parquet::Parquet];

/// The format of this name or ending.
pub(crate) fn named(name: &str) -> Option<&'static dyn Format> {
    ALL.iter().find(|it| it.name() == name || it.endings().contains(&name)).copied()
}

/// The names of all formats.
pub(crate) fn names() -> Vec<&'static str> {
    ALL.iter().map(|it| it.name()).collect()
}
