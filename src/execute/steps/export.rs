//! Writing a table that is in place to a place of its own, in a format of its own.

use std::collections::HashMap;
use std::path::Path as FilePath;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::{exec_datafusion_err, plan_datafusion_err};
use datafusion::datasource::file_format::csv::CsvFormatFactory;
use datafusion::datasource::file_format::json::JsonFormatFactory;
use datafusion::datasource::file_format::parquet::ParquetFormatFactory;
use datafusion::datasource::file_format::{FileFormatFactory, format_as_file_type};
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::logical_expr::LogicalPlanBuilder;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::rows::fetch;
use crate::materialize::{Export, ExportFormat};
use crate::plan::Session;

/// Writes a table. A single file takes its place when it is whole; of files in partition folders, the new ones come before
/// the old ones go.
pub(in crate::execute) async fn write(
    session: &Session,
    table: Arc<dyn TableProvider>,
    export: &Export,
    folder: &FilePath,
    store: &Arc<dyn ObjectStore>,
) -> Result<()> {
    let to = folder.join(export.location.trim_start_matches("./"));
    let outside = |error: object_store::Error| exec_datafusion_err!("cannot write to {}: {error}", export.location);
    let mut url = format!("file://{}", to.display());
    let mut old: Vec<Path> = Vec::new();
    if !export.partition_by.is_empty() {
        url.push('/');
        let prefix = Path::from_absolute_path(&to).map_err(|error| exec_datafusion_err!("{error}"))?;
        let listed: Vec<_> = store.list(Some(&prefix)).try_collect().await.map_err(outside)?;
        old.extend(listed.into_iter().map(|it| it.location));
    }
    let schema = table.schema();
    let known = |name: &&String| !schema.fields().iter().any(|it| it.name().eq_ignore_ascii_case(name));
    if let Some(unknown) = export.partition_by.iter().find(known) {
        return Err(plan_datafusion_err!("`partition_by` names `{unknown}`, which the table does not have"));
    }
    let rows = LogicalPlanBuilder::scan("exported", provider_as_source(table), None)?.build()?;
    let mut options: HashMap<String, String> = HashMap::new();
    let mut set = |key: &str, value: &str| drop(options.insert(format!("format.{key}"), value.to_owned()));
    let factory: Arc<dyn FileFormatFactory> = match export.format {
        ExportFormat::Csv => {
            set("has_header", if export.header { "true" } else { "false" });
            set("delimiter", &export.delimiter);
            // As DuckDB writes times.
            set("timestamp_format", "%Y-%m-%d %H:%M:%S%.f");
            Arc::new(CsvFormatFactory::new())
        }
        ExportFormat::Json => Arc::new(JsonFormatFactory::new()),
        ExportFormat::Parquet => Arc::new(ParquetFormatFactory::new()),
    };
    if let Some(compression) = export.compression {
        set("compression", compression);
    }
    let file_type = format_as_file_type(factory);
    let copy = LogicalPlanBuilder::copy_to(rows, url, file_type, options, export.partition_by.clone())?.build()?;
    fetch(session, &copy, None).await?;
    for path in old {
        store.delete(&path).await.map_err(outside)?;
    }
    Ok(())
}
