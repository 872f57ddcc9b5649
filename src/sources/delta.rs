//! Delta tables: a folder with a log, as other engines write it. Partitions and deleted rows are the library's business.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as EngineResult;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlanBuilder, cast};
use datafusion::prelude::ident;
use object_store::path::Path as StorePath;

use super::files::{OpenSource, SourceOptions, settle_schema};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::warehouse::GrownTable;

/// The name in a source's `format`.
pub(super) const NAME: &str = "delta";

/// Opens a Delta table as it is now.
///
/// # Errors
/// There is none at the location, or it can't be read.
pub(super) async fn open(
    options: &SourceOptions,
    project: &Path,
    session: &dyn Session,
    found: &mut Diagnostics,
) -> Result<OpenSource, Diagnostic> {
    let location = options.location.trim_end_matches('/');
    let missing = || {
        let words = format!("there is no Delta table for {} at `{location}`", options.display);
        Diagnostic::error(Code::MissingFile, words)
            .at(options.place.clone())
            .help("check the path, which is relative to the project's folder; a Delta table has a folder `_delta_log`")
    };
    let unreadable = |words: String| {
        let problem = format!("the Delta table of {} can't be read", options.display);
        Diagnostic::error(Code::UnreadableSource, problem).at(options.place.clone()).note(words)
    };
    let folder = project.join(location.trim_start_matches("file://").trim_start_matches("./"));
    let folder = StorePath::from_absolute_path(&folder).map_err(|_| missing())?;
    let state = session.as_any().downcast_ref::<SessionState>();
    let state = Arc::new(state.ok_or_else(|| unreadable("the engine has no state".to_owned()))?.clone());
    let table = GrownTable::open(&options.display, &folder).await.map_err(|error| unreadable(error.to_string()))?;
    let table = table.ok_or_else(missing)?;
    let identity = table.digest().map_err(|error| unreadable(error.to_string()))?;
    let provider = table.provider(&state).await.map_err(|error| unreadable(error.to_string()))?;
    let there = provider.schema();
    let wanted = settle_schema(options, &there, &[], found);
    let table = if wanted == there {
        provider
    } else {
        typed(provider, &wanted).map_err(|error| unreadable(error.strip_backtrace()))?
    };
    Ok(OpenSource { table, identity })
}

/// A table with the types that are declared.
fn typed(table: Arc<dyn TableProvider>, wanted: &Schema) -> EngineResult<Arc<dyn TableProvider>> {
    let column = |it: &arrow::datatypes::FieldRef| cast(ident(it.name()), it.data_type().clone()).alias(it.name());
    let columns: Vec<_> = wanted.fields().iter().map(column).collect();
    let plan = LogicalPlanBuilder::scan("table", provider_as_source(table), None)?.project(columns)?.build()?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}
