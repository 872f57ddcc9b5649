//! CSV files: RFC 4180, with the delimiter, quote, header and null text that the source declares.

use std::sync::Arc;

use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

use super::{Connector, SourceOptions};
use crate::diagnostics::{Code, Diagnostic};

pub(super) struct Csv;

impl Connector for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["csv", "tsv"]
    }

    fn format(
        &self,
        options: &SourceOptions,
        compression: FileCompressionType,
    ) -> Result<Arc<dyn FileFormat>, Diagnostic> {
        let byte = |key: &str, default: u8| match options.text(key) {
            None => Ok(default),
            Some("\\t") => Ok(b'\t'),
            Some(text) => match text.as_bytes() {
                [byte] => Ok(*byte),
                _ => Err(options.problem(Diagnostic::error(
                    Code::WrongValue,
                    format!("`{key}` must be one ASCII character, but is `{text}`"),
                ))),
            },
        };
        let default_delimiter = if options.location.contains(".tsv") { b'\t' } else { b',' };
        let mut format = CsvFormat::default()
            .with_has_header(options.flag("header").unwrap_or(true))
            .with_delimiter(byte("delimiter", default_delimiter)?)
            .with_quote(byte("quote", b'"')?)
            .with_newlines_in_values(options.flag("newlines_in_values").unwrap_or(false))
            .with_file_compression_type(compression);
        if options.text("escape").is_some() {
            format = format.with_escape(Some(byte("escape", b'"')?));
        }
        // Empty text is null without being told.
        if let Some(null) = options.text("null") {
            format = format.with_null_regex(Some(format!("^({})?$", regex::escape(null))));
        }
        Ok(Arc::new(format))
    }
}
