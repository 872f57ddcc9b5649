//! JSON files: one object per line, or one list of objects.

use std::sync::Arc;

use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::file_format::json::JsonFormat;

use super::{Connector, SourceOptions};
use crate::diagnostics::Diagnostic;

/// The option that says of files that each is one list. It is found out, not given.
pub(super) const LIST: &str = "is_list";

pub(super) struct Json;

impl Connector for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["json", "jsonl", "ndjson"]
    }

    fn format(
        &self,
        options: &SourceOptions,
        compression: FileCompressionType,
    ) -> Result<Arc<dyn FileFormat>, Diagnostic> {
        let is_list = options.flag(LIST).unwrap_or(false);
        Ok(Arc::new(JsonFormat::default().with_newline_delimited(!is_list).with_file_compression_type(compression)))
    }
}
