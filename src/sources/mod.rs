//! Sources: relations that others write, opened as the engine's tables. One file per kind of file.
//! To add a connector: a file with a `Connector`, and its line in `ALL`.

mod csv;
mod delta;
mod files;
mod inferred;
mod json;
mod parquet;
mod seeds;
mod stores;

pub use files::{OpenSource, RawFiles, SourceOptions, newest_file, raw_files};
pub use inferred::{Inferred, columns_as_text, columns_from};
pub use seeds::{SeedOptions, open_seed};
pub use stores::Stores;

use std::path::Path;
use std::sync::Arc;

use datafusion::catalog::Session;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

use crate::diagnostics::{Diagnostic, Diagnostics};

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

/// Opens a source. Everything that is wrong with it is reported.
pub async fn open(
    options: &SourceOptions,
    project: &Path,
    session: &dyn Session,
    found: &mut Diagnostics,
) -> Option<OpenSource> {
    use delta::NAME as DELTA;
    let opened = if options.text("format") == Some(DELTA) {
        delta::open(options, project, session, found).await
    } else {
        files::open(options, project, session, found).await
    };
    opened.map_err(|problem| found.push(problem)).ok()
}

/// All connectors of files, sorted.
static ALL: &[&dyn Connector] = &[&csv::Csv, &json::Json, &parquet::Parquet];
