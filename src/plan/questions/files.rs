//! What the files behind a relation say of its rows before a row is read: smallest and greatest values, nulls and rows in
//! their footers, and all values of a column in its dictionaries. Where these leave no row for which a condition can
//! hold, there is none. The engine passes over row groups for the same reasons.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, UInt64Array};
use arrow::datatypes::SchemaRef;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema, ExprSchema, ScalarValue};
use datafusion::datasource::file_format::parquet::{ObjectStoreFetch, ParquetFormat};
use datafusion::datasource::listing::ListingTable;
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use futures::TryStreamExt;
use object_store::{ObjectMeta, ObjectStore};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::dictionaries;
use super::flow::{Flow, Origin, TESTED, flow, substitute};
use super::question::{Question, Wanted, tested_schema};
use crate::data_tests::Way;
use crate::plan::Session;

/// Bytes at the end of a file that mostly hold all of its footer.
const FOOTER: usize = 64 << 10;

/// With more files, reading them is no more work than looking at each.
const MOST_FILES: usize = 64;

/// The Parquet files that a relation is read from, and what it makes of their columns.
pub struct Files {
    store: Arc<dyn ObjectStore>,
    files: Vec<File>,
    /// The columns of the relation, and what holds of its rows, in terms of the files' columns.
    flow: Flow,
    /// The files' columns as the engine reads them.
    columns: SchemaRef,
    /// The first column that the rows are said to be sorted by.
    sorted_by: Option<String>,
}

/// One file and its footer.
pub(super) struct File {
    pub(super) meta: ObjectMeta,
    pub(super) footer: ParquetMetaData,
    /// The columns as the file has them.
    pub(super) columns: SchemaRef,
}

impl Files {
    /// Reads the footers of a bound relation's files; `None` where it has others than Parquet files, or where its rows are
    /// not rows of files.
    pub async fn of(relation: &LogicalPlan, session: &Session) -> Option<Files> {
        let flow = flow(relation).ok().filter(|it| it.limit.is_none() && !it.distinct)?;
        let Origin::Relation(scan) = &flow.origin else { return None };
        let columns = SchemaRef::clone(scan.projected_schema.inner());
        let provider = source_as_provider(&scan.source).ok()?;
        let table = provider.downcast_ref::<ListingTable>()?;
        let options = table.options();
        if !options.format.is::<ParquetFormat>() || !options.table_partition_cols.is_empty() {
            return None;
        }
        let [url] = table.table_paths().as_slice() else { return None };
        let state = session.state();
        let store = state.runtime_env().object_store(url).ok()?;
        let listed = url.list_all_files(state, store.as_ref(), &options.file_extension).await.ok()?;
        let metas: Vec<ObjectMeta> = listed.try_collect().await.ok()?;
        if metas.len() > MOST_FILES {
            return None;
        }
        let mut files = Vec::with_capacity(metas.len());
        // The engine passes over empty files.
        for meta in metas.into_iter().filter(|it| it.size > 0) {
            files.push(File::read(store.as_ref(), meta).await?);
        }
        let first = options.file_sort_order.first().and_then(|it| it.first()).map(|it| &it.expr);
        let sorted_by = first.and_then(|it| it.try_as_col()).map(|it| it.name.clone());
        Some(Files { store, files, flow, columns, sorted_by })
    }

    /// What rules out that there is a row that a question asks for; `None` where there may be one.
    pub async fn rule_out(&self, question: &Question, session: &Session) -> Option<Way> {
        let rows: i64 = self.files.iter().map(|it| it.footer.file_metadata().num_rows()).sum();
        let condition = match &question.wanted {
            Wanted::Rows { condition, .. } | Wanted::Orphans { condition, .. } if rows > 0 => condition,
            Wanted::Repeats { condition, .. } if rows > 1 => condition,
            Wanted::Rows { .. } | Wanted::Orphans { .. } | Wanted::Repeats { .. } => return Some(Way::Statistics),
            Wanted::Totals { .. } => return None,
        };
        let of_files = substitute(condition, &tested_schema(&question.scan)?, &self.flow.columns).ok()?;
        let condition = conjunction(self.flow.conditions.iter().cloned().chain([of_files]))?;
        let schema = DFSchema::try_from_qualified_schema(TESTED, &self.columns).ok()?;
        if !self.files.iter().all(|it| it.has_same_types(&condition, &schema)) {
            return None;
        }
        if self.holds_nowhere(&condition, &schema, session).unwrap_or(false) {
            return Some(Way::Statistics);
        }
        let left_out = dictionaries::leave_out(&self.files, self.store.as_ref(), &condition, &schema, session).await;
        left_out.filter(|it| *it).map(|_| Way::Dictionaries)
    }

    /// Whether a relation's rows come sorted by the one key that a question asks about.
    pub fn are_sorted(&self, question: &Question) -> bool {
        let Wanted::Repeats { key, .. } = &question.wanted else { return false };
        let ([Expr::Column(key)], Some(by)) = (key.as_slice(), &self.sorted_by) else { return false };
        let at = question.scan.projected_schema.fields().iter().position(|it| *it.name() == key.name);
        matches!(at.and_then(|at| self.flow.columns.get(at)), Some(Expr::Column(it)) if it.name == *by)
    }

    fn holds_nowhere(&self, condition: &Expr, schema: &DFSchema, session: &Session) -> Option<bool> {
        if may_be_about_nan(condition, schema) {
            return None;
        }
        let physical = session.state().create_physical_expr(condition.clone(), schema).ok()?;
        let predicate = PruningPredicateBuilder::new().with_file_schema(Arc::clone(&self.columns)).build(physical)?;
        for file in &self.files {
            if predicate.prune(&RowGroups(file)).ok()?.contains(&true) {
                return Some(false);
            }
        }
        Some(true)
    }
}

impl File {
    async fn read(store: &dyn ObjectStore, meta: ObjectMeta) -> Option<File> {
        let fetch = ObjectStoreFetch::new(store, &meta);
        let reader = ParquetMetaDataReader::new().with_prefetch_hint(Some(FOOTER));
        let footer = reader.load_and_finish(fetch, meta.size).await.ok()?;
        let about = footer.file_metadata();
        let columns = parquet_to_arrow_schema(about.schema_descr(), about.key_value_metadata()).ok()?;
        Some(File { meta, footer, columns: Arc::new(columns) })
    }

    /// Whether the columns of a condition are in the file as they are read: those of another type have other bounds.
    fn has_same_types(&self, condition: &Expr, schema: &DFSchema) -> bool {
        condition.column_refs().into_iter().all(|column| {
            let read = schema.field_from_column(column);
            let there = self.columns.field_with_name(&column.name);
            matches!((read, there), (Ok(read), Ok(there)) if read.data_type() == there.data_type())
        })
    }
}

/// The smallest and the greatest number of a column pass over what is no number, which comparisons don't.
fn may_be_about_nan(condition: &Expr, schema: &DFSchema) -> bool {
    let is_float = |column: &Column| {
        let data_type = Expr::Column(column.clone()).get_type(schema);
        data_type.map_or(true, |it| it.is_floating() || it.is_nested())
    };
    let asks_for_null = |it: &Expr| matches!(it, Expr::IsNull(inner) | Expr::IsNotNull(inner) if matches!(inner.as_ref(), Expr::Column(_)));
    let mut conditions = split_conjunction(condition).into_iter();
    conditions.any(|it| !asks_for_null(it) && it.column_refs().into_iter().any(is_float))
}

/// The row groups of a file as the engine's pruning sees them. What a file does not say is unknown, not zero.
struct RowGroups<'a>(&'a File);

impl RowGroups<'_> {
    fn converter(&self, column: &Column) -> Option<StatisticsConverter<'_>> {
        let schema = self.0.footer.file_metadata().schema_descr();
        let converter = StatisticsConverter::try_new(column.name(), &self.0.columns, schema).ok()?;
        Some(converter.with_missing_null_counts_as_zero(false))
    }
}

impl PruningStatistics for RowGroups<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.converter(column)?.row_group_mins(self.0.footer.row_groups()).ok()
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.converter(column)?.row_group_maxes(self.0.footer.row_groups()).ok()
    }

    fn num_containers(&self) -> usize {
        self.0.footer.num_row_groups()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let counts = self.converter(column)?.row_group_null_counts(self.0.footer.row_groups()).ok()?;
        Some(Arc::new(counts))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        let rows = self.0.footer.row_groups().iter().map(|it| u64::try_from(it.num_rows()).ok());
        Some(Arc::new(rows.collect::<UInt64Array>()))
    }

    fn contained(&self, _: &Column, _: &std::collections::HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
