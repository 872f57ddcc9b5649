//! What a data file says of its columns in its footer: smallest and greatest values, nulls, rows. Where these leave no
//! row for which a condition can hold, no row has to be read.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::SchemaRef;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::datasource::file_format::parquet::ObjectStoreFetch;
use datafusion::logical_expr::{Expr, ExprSchemable, TableScan};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::question::{Question, Wanted, tested_schema};
use crate::plan::Session;

/// Bytes at the end of a file that mostly hold all of its footer.
const FOOTER: usize = 64 << 10;

/// The footer of a Parquet file.
pub struct FileStatistics {
    footer: ParquetMetaData,
}

impl FileStatistics {
    /// Reads the footer of a file with as many bytes; `None` where there is no such file, or it can't be read.
    pub async fn read(store: &Arc<dyn ObjectStore>, path: &Path, bytes: u64) -> Option<FileStatistics> {
        let file = store.head(path).await.ok().filter(|it| it.size == bytes)?;
        let fetch = ObjectStoreFetch::new(store.as_ref(), &file);
        let reader = ParquetMetaDataReader::new().with_prefetch_hint(Some(FOOTER));
        let footer = reader.load_and_finish(fetch, bytes).await.ok()?;
        Some(FileStatistics { footer })
    }

    /// Whether there can be no row that a question asks for.
    pub fn rules_out(&self, question: &Question, session: &Session) -> bool {
        let rows = self.footer.file_metadata().num_rows();
        let holds_nowhere = |condition: &Expr| self.holds_nowhere(condition, &question.scan, session).unwrap_or(false);
        match &question.wanted {
            Wanted::Rows { condition, .. } | Wanted::Orphans { condition, .. } => rows == 0 || holds_nowhere(condition),
            Wanted::Repeats { condition, .. } => rows < 2 || holds_nowhere(condition),
            Wanted::Totals { .. } => false,
        }
    }

    fn holds_nowhere(&self, condition: &Expr, scan: &TableScan, session: &Session) -> Option<bool> {
        let schema = tested_schema(scan)?;
        if may_be_about_nan(condition, &schema) {
            return None;
        }
        let physical = session.state().create_physical_expr(condition.clone(), &schema).ok()?;
        let columns = SchemaRef::clone(scan.projected_schema.inner());
        let predicate = PruningPredicateBuilder::new().with_file_schema(Arc::clone(&columns)).build(physical)?;
        let may_hold = predicate.prune(&RowGroups { footer: &self.footer, columns }).ok()?;
        Some(!may_hold.contains(&true))
    }
}

/// The smallest and the greatest number of a column pass over what is no number, which comparisons don't.
fn may_be_about_nan(condition: &Expr, schema: &DFSchema) -> bool {
    let is_float = |column: &Column| {
        let data_type = Expr::Column(column.clone()).get_type(schema);
        data_type.map_or(true, |it| it.is_floating() || it.is_nested())
    };
    let asks_for_null = |it: &Expr| matches!(it, Expr::IsNull(inner) | Expr::IsNotNull(inner) if matches!(inner.as_ref(), Expr::Column(_)));
    let mut conditions = datafusion::logical_expr::utils::split_conjunction(condition).into_iter();
    conditions.any(|it| !asks_for_null(it) && it.column_refs().into_iter().any(is_float))
}

/// The row groups of a file as the engine's pruning sees them. What a file does not say is unknown, not zero.
struct RowGroups<'a> {
    footer: &'a ParquetMetaData,
    columns: SchemaRef,
}

impl RowGroups<'_> {
    fn converter(&self, column: &Column) -> Option<StatisticsConverter<'_>> {
        let schema = self.footer.file_metadata().schema_descr();
        let converter = StatisticsConverter::try_new(column.name(), &self.columns, schema).ok()?;
        Some(converter.with_missing_null_counts_as_zero(false))
    }
}

impl PruningStatistics for RowGroups<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.converter(column)?.row_group_mins(self.footer.row_groups()).ok()
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.converter(column)?.row_group_maxes(self.footer.row_groups()).ok()
    }

    fn num_containers(&self) -> usize {
        self.footer.num_row_groups()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let counts = self.converter(column)?.row_group_null_counts(self.footer.row_groups()).ok()?;
        Some(Arc::new(counts))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        let rows = self.footer.row_groups().iter().map(|it| u64::try_from(it.num_rows()).ok());
        Some(Arc::new(rows.collect::<arrow::array::UInt64Array>()))
    }

    fn contained(&self, _: &Column, _: &std::collections::HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
