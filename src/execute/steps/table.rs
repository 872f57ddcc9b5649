//! Making a table: the query's rows into one staged Parquet file, and that into its place.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use datafusion::common::config::{ParquetColumnOptions, TableParquetOptions};
use datafusion::common::exec_datafusion_err;
use datafusion::datasource::file_format::parquet::ParquetSink;
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::datasource::physical_plan::{FileGroup, FileOutputMode, FileSinkConfig};
use datafusion::datasource::sink::DataSink;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, execute_stream};
use futures::StreamExt;

use crate::plan::{Session, SortColumn, SortOrder};
use crate::warehouse::Staged;

/// A staged file, and what is known of it.
pub(in crate::execute) struct Written {
    /// Rows in it.
    pub(in crate::execute) rows: u64,
    /// How they are sorted.
    pub(in crate::execute) order: SortOrder,
}

/// Sees the rows on their way; an error stops them.
pub(in crate::execute) type Watch = Arc<dyn Fn(&RecordBatch) -> Result<()> + Send + Sync>;

/// How and where to write.
pub(in crate::execute) struct Writing<'a> {
    pub(in crate::execute) session: &'a Session,
    pub(in crate::execute) staged: &'a Staged,
    /// Names and values for the file's footer.
    pub(in crate::execute) metadata: Vec<(String, String)>,
    pub(in crate::execute) watch: Watch,
}

/// Runs a bound plan into a staged file.
pub(in crate::execute) async fn write(plan: &LogicalPlan, writing: &Writing<'_>) -> Result<Written> {
    let (stream, order) = start(plan, writing.session).await?;
    let rows = write_stream(stream, writing).await?;
    Ok(Written { rows, order })
}

/// The rows of a bound plan as one stream, and how they are sorted.
pub(super) async fn start(plan: &LogicalPlan, session: &Session) -> Result<(SendableRecordBatchStream, SortOrder)> {
    let physical = session.state().create_physical_plan(plan).await?;
    let (physical, order) = to_one_stream(physical);
    let stream = execute_stream(physical, session.state().task_ctx())?;
    Ok((renamed(stream, Arc::new(plan.schema().as_arrow().clone())), order))
}

/// Writes rows into a staged file, and counts them.
pub(super) async fn write_stream(stream: SendableRecordBatchStream, writing: &Writing<'_>) -> Result<u64> {
    let Writing { session, staged, metadata, watch } = writing;
    let context = session.state().task_ctx();
    let schema = stream.schema();
    let stream = watched(stream, Arc::clone(watch));
    let url = ListingTableUrl::parse(format!("file:///{}", staged.path))?;
    let config = FileSinkConfig {
        original_url: url.to_string(),
        object_store_url: ObjectStoreUrl::local_filesystem(),
        file_group: FileGroup::default(),
        table_paths: vec![url],
        output_schema: Arc::clone(&schema),
        table_partition_cols: Vec::new(),
        insert_op: InsertOp::Append,
        keep_partition_by_columns: false,
        file_extension: "parquet".to_owned(),
        file_output_mode: FileOutputMode::SingleFile,
    };
    let mut options = TableParquetOptions {
        global: session.state().config_options().execution.parquet.clone(),
        ..Default::default()
    };
    options.key_value_metadata.extend(metadata.iter().cloned().map(|(name, value)| (name, Some(value))));
    // A smallest and a greatest number pass over what is no number, and readers would take them for the bounds of all.
    for field in schema.fields().iter().filter(|it| it.data_type().is_floating()) {
        let none = ParquetColumnOptions { statistics_enabled: Some("none".to_owned()), ..Default::default() };
        options.column_specific_options.insert(field.name().clone(), none);
    }
    let sink = ParquetSink::new(config, options);
    let rows = DataSink::write_all(&sink, stream, &context).await?;
    if sink.written().is_empty() {
        return Err(exec_datafusion_err!("no file was written"));
    }
    Ok(rows)
}

/// One stream out of several partitions; sorted ones are merged, so that the order is kept for those who read it.
fn to_one_stream(plan: Arc<dyn ExecutionPlan>) -> (Arc<dyn ExecutionPlan>, SortOrder) {
    let order = plan.output_ordering().map(|ordering| {
        let column = |it: &datafusion::physical_expr::PhysicalSortExpr| {
            let name = it.expr.downcast_ref::<Column>()?.name().to_owned();
            let SortOptions { descending, nulls_first } = it.options;
            Some(SortColumn { name, descending, nulls_first })
        };
        // What is sorted by an expression is sorted by the columns before it.
        (ordering.iter().map_while(column).collect::<SortOrder>(), ordering.clone())
    });
    let partitions = plan.output_partitioning().partition_count();
    match order {
        Some((order, ordering)) if !order.is_empty() => {
            if partitions > 1 {
                (Arc::new(SortPreservingMergeExec::new(ordering, plan)), order)
            } else {
                (plan, order)
            }
        }
        _ if partitions > 1 => (Arc::new(CoalescePartitionsExec::new(plan)), Vec::new()),
        _ => (plan, Vec::new()),
    }
}

/// The batches under the plan's own schema: physical plans may disagree on nullability.
fn renamed(stream: SendableRecordBatchStream, schema: SchemaRef) -> SendableRecordBatchStream {
    let to = Arc::clone(&schema);
    let batches = stream.map(move |batch| {
        let batch = batch?;
        RecordBatch::try_new(Arc::clone(&to), batch.columns().to_vec()).map_err(DataFusionError::from)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}

fn watched(stream: SendableRecordBatchStream, watch: Watch) -> SendableRecordBatchStream {
    let schema = stream.schema();
    let batches = stream.map(move |batch| {
        let batch = batch?;
        watch(&batch)?;
        Ok(batch)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}
