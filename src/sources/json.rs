//! Newline-delimited JSON files: one object per line.

use std::sync::Arc;

use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::file_format::json::JsonFormat;

use super::{Connector, SourceOptions};
use crate::diagnostics::Diagnostic;

pub(super) struct Json;

impl Connector for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["json", "jsonl", "ndjson"]
    }

    fn format(&self, _: &SourceOptions, compression: FileCompressionType) -> Result<Arc<dyn FileFormat>, Diagnostic> {
        Ok(Arc::new(JsonFormat::default().with_file_compression_type(compression)))
    }
}
