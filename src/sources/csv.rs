//! CSV files: RFC 4180, with the delimiter, quote, header and null text that the source declares.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::Result as EngineResult;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::functions::expr_fn::nullif;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, cast, lit};
use datafusion::prelude::ident;

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
            .with_schema_infer_max_rec(super::files::SAMPLE)
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

/// The schema to read a file with whose null text is not the empty one: all text, because the engine knows such a null
/// text only where it guesses types.
pub(super) fn as_text(schema: &Schema) -> SchemaRef {
    let text = |field: &arrow::datatypes::FieldRef| Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8));
    Arc::new(Schema::new(schema.fields().iter().map(text).collect::<Vec<_>>()))
}

/// A table of text as what it is: null where the null text stands, and with the types of `schema`.
///
/// # Errors
/// A type that text can't be cast to.
pub(super) fn with_null_text(
    table: Arc<dyn TableProvider>,
    schema: &Schema,
    null: &str,
) -> EngineResult<Arc<dyn TableProvider>> {
    let typed = |field: &arrow::datatypes::FieldRef| -> Expr {
        let column = ident(field.name());
        match schema.field_with_name(field.name()) {
            Ok(wanted) => cast(nullif(column, lit(null)), wanted.data_type().clone()).alias(field.name()),
            // A partition's value is part of the path, not of the text.
            Err(_) => column,
        }
    };
    let columns: Vec<Expr> = table.schema().fields().iter().map(typed).collect();
    let plan = LogicalPlanBuilder::scan("file", provider_as_source(table), None)?.project(columns)?.build()?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}
