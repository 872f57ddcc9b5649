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
use crate::project::Json;
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
        let format = match name {
            "read_csv" | "read_csv_auto" => Some("csv"),
            "read_parquet" | "parquet_scan" => Some("parquet"),
            "read_json" | "read_json_auto" | "read_ndjson" | "read_ndjson_auto" => Some("json"),
            "read_file" => None,
            _ => return None,
        };
        Some(self.open_one(name, format, arguments, state))
    }

    fn open_one(
        &self,
        name: &str,
        format: Option<&str>,
        arguments: &[Expr],
        state: &SessionState,
    ) -> Result<Arc<dyn TableSource>> {
        let texts = arguments.iter().map(|it| text(it).ok_or(it)).collect::<std::result::Result<Vec<_>, _>>();
        let Ok(texts) = texts else {
            return plan_err!("`{name}` takes paths and options that are written out");
        };
        let Some((location, given)) = texts.split_first() else {
            return plan_err!("`{name}` takes a path");
        };
        let key = format!("{name} {}", texts.join("\u{1}"));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = known.get(&key) {
            return Ok(Arc::clone(table));
        }
        let mut options = serde_json::Map::new();
        if let Some(format) = format {
            options.insert("format".to_owned(), Json::from(format));
        }
        for option in given {
            let (option, value) = option.split_once('=').unwrap_or((option, ""));
            if let Some((key, value)) = own_option(name, option, value)? {
                options.insert(key.to_owned(), value);
            }
        }
        let source = SourceOptions {
            display: format!("`{name}('{location}')`"),
            location: location.clone(),
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
