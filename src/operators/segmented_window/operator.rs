//! The operator: gathers whole partitions into chunks, and computes every function over each chunk.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{concat_batches, partition};
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};

use super::function::Function;

/// Rows after which a chunk is computed, if its last partition allows.
const CHUNK_ROWS: usize = 64 * 1024;

/// Stands in for an operator of the engine: what it requires and promises is asked of that one.
#[derive(Debug)]
pub(super) struct SegmentedWindowExec {
    replaced: Arc<dyn ExecutionPlan>,
    keys: Vec<Arc<dyn PhysicalExpr>>,
    functions: Vec<Function>,
}

impl SegmentedWindowExec {
    /// In place of `replaced`, whose input is sorted by `keys`.
    pub(super) fn new(
        replaced: Arc<dyn ExecutionPlan>,
        keys: Vec<Arc<dyn PhysicalExpr>>,
        functions: Vec<Function>,
    ) -> Self {
        SegmentedWindowExec { replaced, keys, functions }
    }
}

impl DisplayAs for SegmentedWindowExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SegmentedWindowExec: functions={}, keys={}", self.functions.len(), self.keys.len())
    }
}

impl ExecutionPlan for SegmentedWindowExec {
    fn name(&self) -> &'static str {
        "SegmentedWindowExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.replaced.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.replaced.children()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.replaced.apply_expressions(f)
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        self.replaced.maintains_input_order()
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let replaced = Arc::clone(&self.replaced).replace_children(children, options)?;
        Ok(Arc::new(SegmentedWindowExec::new(replaced, self.keys.clone(), self.functions.clone())))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.children()[0].execute(partition, Arc::clone(&context))?;
        let schema = self.schema();
        let memory = MemoryConsumer::new(format!("SegmentedWindowExec[{partition}]")).register(context.memory_pool());
        let gathering = Gathering {
            input_schema: input.schema(),
            schema: Arc::clone(&schema),
            keys: self.keys.clone(),
            functions: self.functions.clone(),
            batch_size: context.session_config().batch_size(),
            open: Vec::new(),
            open_rows: 0,
            enough: CHUNK_ROWS,
            memory,
        };
        let chunks = stream::try_unfold((gathering, input, false), |(mut gathering, mut input, ended)| async move {
            if ended {
                return Ok::<_, DataFusionError>(None);
            }
            loop {
                match input.next().await.transpose()? {
                    Some(batch) => {
                        if let Some(rows) = gathering.take(batch)? {
                            return Ok(Some((rows, (gathering, input, false))));
                        }
                    }
                    None => {
                        let rows = gathering.finish()?;
                        return Ok(Some((rows, (gathering, input, true))));
                    }
                }
            }
        });
        let batches = chunks.map_ok(|rows: Vec<RecordBatch>| stream::iter(rows.into_iter().map(Ok))).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

/// Rows of partitions that may not be complete yet.
struct Gathering {
    input_schema: SchemaRef,
    schema: SchemaRef,
    keys: Vec<Arc<dyn PhysicalExpr>>,
    functions: Vec<Function>,
    batch_size: usize,
    open: Vec<RecordBatch>,
    open_rows: usize,
    /// Rows at which to look for whole partitions.
    enough: usize,
    memory: MemoryReservation,
}

impl Gathering {
    /// Takes one batch more; gives rows when there are enough of them in whole partitions.
    fn take(&mut self, batch: RecordBatch) -> Result<Option<Vec<RecordBatch>>> {
        self.memory.try_grow(batch.get_array_memory_size())?;
        self.open_rows += batch.num_rows();
        self.open.push(batch);
        if self.open_rows < self.enough {
            return Ok(None);
        }
        let chunk = concat_batches(&self.input_schema, &self.open)?;
        let mut segments = self.segments(&chunk)?;
        // The last partition may go on in the next batch.
        let last = segments.pop().unwrap_or(0..0);
        let (rows, rest) = if segments.is_empty() {
            (None, chunk)
        } else {
            let rows = self.compute(&chunk.slice(0, last.start), &segments)?;
            // A copy: a slice would keep the whole chunk alive.
            let rest = chunk.slice(last.start, last.len());
            (Some(rows), concat_batches(&self.input_schema, [&rest])?)
        };
        // A partition of many chunks is concatenated at each doubling, not at each batch.
        self.enough = CHUNK_ROWS.max(rest.num_rows() * 2);
        self.open_rows = rest.num_rows();
        self.memory.free();
        self.memory.try_grow(rest.get_array_memory_size())?;
        self.open = vec![rest];
        Ok(rows)
    }

    /// Gives what is left.
    fn finish(&mut self) -> Result<Vec<RecordBatch>> {
        let chunk = concat_batches(&self.input_schema, &self.open)?;
        self.open.clear();
        let segments = self.segments(&chunk)?;
        let rows = self.compute(&chunk, &segments)?;
        self.memory.free();
        Ok(rows)
    }

    fn segments(&self, chunk: &RecordBatch) -> Result<Vec<Range<usize>>> {
        if chunk.num_rows() == 0 {
            return Ok(Vec::new());
        }
        let keys: Result<Vec<ArrayRef>> =
            self.keys.iter().map(|it| it.evaluate(chunk)?.into_array(chunk.num_rows())).collect();
        Ok(partition(&keys?)?.ranges())
    }

    fn compute(&self, chunk: &RecordBatch, segments: &[Range<usize>]) -> Result<Vec<RecordBatch>> {
        let mut columns = chunk.columns().to_vec();
        for function in &self.functions {
            columns.push(function.evaluate(chunk, segments)?);
        }
        let computed = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        let starts = (0..computed.num_rows()).step_by(self.batch_size);
        Ok(starts.map(|at| computed.slice(at, self.batch_size.min(computed.num_rows() - at))).collect())
    }
}
