//! Parquet files.

use std::sync::Arc;

use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::file_format::parquet::ParquetFormat;

use super::{Connector, SourceOptions};
use crate::diagnostics::Diagnostic;

pub(super) struct Parquet;

impl Connector for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["parquet", "pq"]
    }

    fn format(&self, _: &SourceOptions, _: FileCompressionType) -> Result<Arc<dyn FileFormat>, Diagnostic> {
        Ok(Arc::new(ParquetFormat::default().with_force_view_types(false)))
    }
}
