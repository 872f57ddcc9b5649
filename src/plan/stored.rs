//! The warehouse's data files as the engine's tables.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::plan_datafusion_err;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::Result;
use datafusion::logical_expr::SortExpr;
use datafusion::prelude::ident;
use object_store::path::Path;

use crate::jinja::RelationName;
use crate::plan::Session;
use crate::reuse::Identity;
use crate::warehouse::{DeltaError, Record, Warehouse, nullable};

/// How a table's file is sorted: columns with direction and place of nulls.
pub type SortOrder = Vec<SortColumn>;

/// One column of a sort order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortColumn {
    /// The column.
    pub name: String,
    /// Whether the greatest comes first.
    pub descending: bool,
    /// Whether nulls come first.
    pub nulls_first: bool,
}

impl SortColumn {
    /// As records write it.
    pub fn display(&self) -> String {
        let direction = if self.descending { " desc" } else { "" };
        let nulls = if self.nulls_first { " nulls first" } else { " nulls last" };
        format!("{}{direction}{nulls}", self.name)
    }

    /// As records have it.
    pub fn parse(text: &str) -> SortColumn {
        let (rest, nulls_first) = match text.strip_suffix(" nulls first") {
            Some(rest) => (rest, true),
            None => (text.strip_suffix(" nulls last").unwrap_or(text), false),
        };
        let (name, descending) = match rest.strip_suffix(" desc") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        SortColumn { name: name.to_owned(), descending, nulls_first }
    }
}

/// Opens a table whose columns are known.
///
/// # Errors
/// A path is none that the engine takes.
pub fn open_files(paths: &[Path], schema: SchemaRef, order: &SortOrder) -> Result<Arc<dyn TableProvider>> {
    let urls = paths.iter().map(url).collect::<Result<Vec<_>>>()?;
    let sort = |it: &SortColumn| SortExpr::new(ident(&it.name), !it.descending, it.nulls_first);
    let mut options =
        ListingOptions::new(Arc::new(ParquetFormat::default().with_force_view_types(false))).with_file_extension("");
    if !order.is_empty() {
        options = options.with_file_sort_order(vec![order.iter().map(sort).collect()]);
    }
    let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options).with_schema(schema);
    Ok(Arc::new(ListingTable::try_new(config)?))
}

fn url(path: &Path) -> Result<ListingTableUrl> {
    ListingTableUrl::parse(format!("file:///{path}"))
}

/// Opens a table that grows, and says what its rows are; `None` where there is none.
///
/// # Errors
/// There is one, and it can't be read.
pub async fn grown_table(
    session: &Session,
    warehouse: &Warehouse,
    relation: &RelationName,
) -> std::result::Result<Option<(Arc<dyn TableProvider>, Identity)>, DeltaError> {
    let Some(table) = warehouse.grown(relation).await? else { return Ok(None) };
    Ok(Some((table.provider(&session.shared_state()).await?, table.identity()?)))
}

/// Opens a table that an earlier run has made, its schema read from its files.
///
/// # Errors
/// The files can't be read.
pub async fn existing_table(
    session: &Session,
    warehouse: &Warehouse,
    relation: &RelationName,
    record: &Record,
) -> Result<Arc<dyn TableProvider>> {
    existing_files(session, &warehouse.data_files(relation, record), &record.sorted_by).await
}

/// The same of files at another place.
///
/// # Errors
/// The files can't be read.
pub async fn existing_files(session: &Session, paths: &[Path], sorted_by: &[String]) -> Result<Arc<dyn TableProvider>> {
    let options =
        ListingOptions::new(Arc::new(ParquetFormat::default().with_force_view_types(false))).with_file_extension("");
    // All files of a table have the same columns. Whether these may hold nulls, each says of itself.
    let first = paths.first().ok_or_else(|| plan_datafusion_err!("the table has no files"))?;
    let mut schema = options.infer_schema(session.state(), &url(first)?).await?;
    if paths.len() > 1 {
        schema = Arc::new(nullable(&schema));
    }
    let order: SortOrder = sorted_by.iter().map(|it| SortColumn::parse(it)).collect();
    open_files(paths, schema, &order)
}

#[cfg(test)]
mod tests {
    use super::SortColumn;

    #[test]
    fn sort_columns_survive_their_record() {
        for text in ["a nulls last", "b desc nulls first", "a name nulls first"] {
            assert_eq!(SortColumn::parse(text).display(), text);
        }
    }
}
