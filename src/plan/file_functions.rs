//! Files that a query names itself: `read_csv('data/*.csv', header = true)`, `from 'data/users.parquet'`.
//! Paths are relative to the folder that Arrowmill runs in. A source does the same for a whole project, and is looked
//! after: its columns are known, tested and documented.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::plan_err;
use datafusion::datasource::provider_as_source;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, TableSource};

use crate::diagnostics::{Diagnostic, Diagnostics, SourceText, Span};
use crate::dialect;
use crate::plan::query::parse;
use crate::project::{Dialect, Json};
use crate::sources::{self, SourceOptions};

/// Files that were opened while one query is planned, which may be planned several times.
#[derive(Default)]
pub(super) struct OpenFiles {
    known: Mutex<BTreeMap<String, Arc<dyn TableSource>>>,
}

impl OpenFiles {
    /// The table of a call, or `None` where the function is another.
    ///
    /// # Errors
    /// Files that are not there or can't be read, and options that are not known.
    pub(super) fn open(
        &self,
        name: &str,
        arguments: &[Expr],
        state: &SessionState,
    ) -> Option<Result<Arc<dyn TableSource>>> {
        let format = format_of(name)?;
        let texts = arguments.iter().map(text).collect();
        Some(FileCall::read(name, format, texts).and_then(|call| self.open_one(name, call, state)))
    }

    fn open_one(&self, name: &str, call: FileCall, state: &SessionState) -> Result<Arc<dyn TableSource>> {
        let FileCall { location, options, texts } = call;
        let key = format!("{name} {}", texts.join("\u{1}"));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = known.get(&key) {
            return Ok(Arc::clone(table));
        }
        let source = SourceOptions {
            display: format!("`{name}('{location}')`"),
            location,
            place: Span::file(&SourceText::new("", "")),
            options,
            declared: Vec::new(),
        };
        let mut found = Diagnostics::default();
        // The engine asks for tables in a function that does not wait, and files are read by other threads.
        let table = futures::executor::block_on(sources::open(&source, Path::new(""), state, &mut found));
        let Some(table) = table else {
            return Err(DataFusionError::Plan(found.iter().map(one_line).collect::<Vec<_>>().join("; ")));
        };
        let table = provider_as_source(table.table);
        known.insert(key, Arc::clone(&table));
        Ok(table)
    }
}

/// The format that a function reads: any for one that goes by the files' names. `None` where it reads no files.
fn format_of(function: &str) -> Option<Option<&'static str>> {
    match function {
        "read_csv" | "read_csv_auto" => Some(Some("csv")),
        "read_parquet" | "parquet_scan" => Some(Some("parquet")),
        "read_json" | "read_json_auto" | "read_ndjson" | "read_ndjson_auto" => Some(Some("json")),
        "read_file" => Some(None),
        _ => None,
    }
}

/// What a call says of the files that it reads.
pub struct FileCall {
    /// Where they are.
    pub location: String,
    /// How they are read, as a source has it.
    pub options: serde_json::Map<String, Json>,
    texts: Vec<String>,
}

impl FileCall {
    /// The call that stands where a source's location is expected, as dbt-duckdb allows it:
    /// `read_csv('data/*.csv', header = true)`. `None` where there is a path.
    ///
    /// # Errors
    /// Options that are not known.
    pub fn of_location(location: &str) -> Option<Result<FileCall>> {
        let sql = || format!("select * from {location}");
        let query = location.contains('(').then(|| parse(&sql(), Dialect::DuckDb).ok())??;
        let (name, texts) = dialect::table_call(&query)?;
        Some(FileCall::read(&name, format_of(&name)?, texts))
    }

    fn read(function: &str, format: Option<&str>, texts: Vec<Option<String>>) -> Result<FileCall> {
        let Some(texts) = texts.into_iter().collect::<Option<Vec<_>>>() else {
            return plan_err!("`{function}` takes paths and options that are written out");
        };
        let Some((location, given)) = texts.split_first() else {
            return plan_err!("`{function}` takes a path");
        };
        let mut options = serde_json::Map::new();
        if let Some(format) = format {
            options.insert("format".to_owned(), Json::from(format));
        }
        for option in given {
            let (option, value) = option.split_once('=').unwrap_or((option, ""));
            if let Some((key, value)) = own_option(function, option, value)? {
                options.insert(key.to_owned(), value);
            }
        }
        Ok(FileCall { location: location.clone(), options, texts })
    }
}

fn one_line(problem: &Diagnostic) -> String {
    problem.message.clone()
}

/// DuckDB's option as a source has it; `None` for what is always done.
fn own_option(function: &str, name: &str, value: &str) -> Result<Option<(&'static str, Json)>> {
    Ok(match name {
        "header" => Some(("header", Json::Bool(value.eq_ignore_ascii_case("true") || value == "1"))),
        "delim" | "sep" | "delimiter" => Some(("delimiter", Json::from(value))),
        "quote" => Some(("quote", Json::from(value))),
        "escape" => Some(("escape", Json::from(value))),
        "nullstr" | "null" => Some(("null", Json::from(value))),
        "auto_detect" | "union_by_name" | "hive_partitioning" | "sample_size" | "parallel" => None,
        _ => {
            return plan_err!(
                "`{function}` does not take `{name}`; it takes header, delim, quote, escape and nullstr; cast or rename \
                 columns in the select"
            );
        }
    })
}

fn text(argument: &Expr) -> Option<String> {
    match argument {
        Expr::Literal(value, _) => value.try_as_str().flatten().map(str::to_owned),
        _ => None,
    }
}
