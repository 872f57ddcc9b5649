//! Sources: relations that others write, opened as the engine's tables. One file per kind of file.
//! To add a connector: a file with a `Connector`, and its line in `ALL`.

mod csv;
mod files;
mod inferred;
mod json;
mod parquet;
mod seeds;

pub use files::{OpenSource, SourceOptions, newest_file, open};
pub use inferred::Inferred;
pub use seeds::{SeedOptions, open_seed};

use std::sync::Arc;

use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

use crate::diagnostics::Diagnostic;

/// A kind of file that can be read.
pub(crate) trait Connector: Sync {
    /// The name in a source's `format`.
    fn name(&self) -> &'static str;

    /// Endings of file names, without the dot and without those of compression.
    fn endings(&self) -> &'static [&'static str];

    /// The engine's reader.
    ///
    /// # Errors
    /// Options that don't fit this kind of file.
    fn format(
        &self,
        options: &SourceOptions,
        compression: FileCompressionType,
    ) -> Result<Arc<dyn FileFormat>, Diagnostic>;
}

/// All connectors, sorted.
static ALL: &[&dyn Connector] = &[&csv::Csv, &json::Json, &parquet::Parquet];
