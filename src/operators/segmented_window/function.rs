//! The window functions that can be computed for many partitions in one pass.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, PrimitiveArray, RecordBatch, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Decimal128Type, Int64Type};
use datafusion::common::{ScalarValue, exec_datafusion_err};
use datafusion::error::Result;
use datafusion::logical_expr::{WindowFrame, WindowFrameBound, WindowFrameUnits};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Literal;
use datafusion::physical_expr::window::{PlainAggregateWindowExpr, StandardWindowExpr, WindowExpr};
use datafusion::physical_plan::windows::WindowUDFExpr;

/// One function of a window.
#[derive(Debug, Clone)]
pub(super) enum Function {
    /// `lag(x, n)`, and `lead(x, n)` with a negative distance.
    Shift { value: Arc<dyn PhysicalExpr>, rows_back: i64 },
    /// `row_number()`.
    RowNumber,
    /// `sum(x)` from the start of the partition to the current row.
    RunningSum { value: Arc<dyn PhysicalExpr>, data_type: DataType },
    /// `count(x)` from the start of the partition to the current row.
    RunningCount { value: Arc<dyn PhysicalExpr> },
}

impl Function {
    /// The function that an expression of the engine means; `None` where it is not among these.
    pub(super) fn of(expression: &dyn WindowExpr) -> Option<Function> {
        let expression = expression.as_any();
        if let Some(standard) = expression.downcast_ref::<StandardWindowExpr>() {
            return of_standard(standard);
        }
        of_aggregate(expression.downcast_ref::<PlainAggregateWindowExpr>()?)
    }

    /// The function's column for a chunk of whole partitions, whose rows `segments` tells.
    pub(super) fn evaluate(&self, chunk: &RecordBatch, segments: &[Range<usize>]) -> Result<ArrayRef> {
        let rows = chunk.num_rows();
        match self {
            Function::Shift { value, rows_back } => {
                let values = value.evaluate(chunk)?.into_array(rows)?;
                Ok(take(&values, &shifted(segments, *rows_back, rows), None)?)
            }
            Function::RowNumber => {
                let numbers = segments.iter().flat_map(|it| 1..=it.len() as u64);
                Ok(Arc::new(UInt64Array::from_iter_values(numbers)))
            }
            Function::RunningSum { value, data_type } => {
                let values = value.evaluate(chunk)?.into_array(rows)?;
                match data_type {
                    DataType::Int64 => Ok(Arc::new(running_sum::<Int64Type>(&values, segments, i64::wrapping_add)?)),
                    other => {
                        let sums = running_sum::<Decimal128Type>(&values, segments, i128::wrapping_add)?;
                        Ok(Arc::new(sums.with_data_type(other.clone())))
                    }
                }
            }
            Function::RunningCount { value } => {
                let values = value.evaluate(chunk)?.into_array(rows)?;
                Ok(Arc::new(running_count(&values, segments)))
            }
        }
    }
}

fn of_standard(expression: &StandardWindowExpr) -> Option<Function> {
    let function = expression.get_standard_func_expr().as_any().downcast_ref::<WindowUDFExpr>()?;
    // The engine may turn a window around to suit a sort, and says so nowhere else. A function that does not say that
    // it is as written is left alone.
    let described = format!("{function:?}");
    if !described.contains("is_reversed: false") || !described.contains("ignore_nulls: false") {
        return None;
    }
    match (function.fun().name(), function.args()) {
        ("row_number", []) => Some(Function::RowNumber),
        ("lag", [value, offset @ ..]) => shift(value, offset, 1),
        ("lead", [value, offset @ ..]) => shift(value, offset, -1),
        _ => None,
    }
}

/// A shift by a literal number of rows, without a default.
fn shift(value: &Arc<dyn PhysicalExpr>, offset: &[Arc<dyn PhysicalExpr>], direction: i64) -> Option<Function> {
    let distance = match offset {
        [] => 1,
        [literal] => match literal.downcast_ref::<Literal>()?.value() {
            ScalarValue::Int64(Some(rows)) => *rows,
            _ => return None,
        },
        _ => return None,
    };
    let rows_back = distance.checked_mul(direction)?;
    // A literal argument is evaluated by the engine in its own way.
    value.downcast_ref::<Literal>().is_none().then(|| Function::Shift { value: Arc::clone(value), rows_back })
}

fn of_aggregate(expression: &PlainAggregateWindowExpr) -> Option<Function> {
    // Whether there is a `filter (where …)` is told by the last field of the description, and by nothing else.
    let is_filtered = !format!("{expression:?}").ends_with("filter: None }");
    if !is_running(expression.get_window_frame()) || is_filtered {
        return None;
    }
    let aggregate = expression.get_aggregate_expr();
    if aggregate.is_distinct() || aggregate.is_reversed() || !aggregate.order_bys().is_empty() {
        return None;
    }
    let arguments = aggregate.expressions();
    let [value] = arguments.as_slice() else { return None };
    let data_type = aggregate.field().data_type().clone();
    match (aggregate.fun().name(), &data_type) {
        ("count", _) => Some(Function::RunningCount { value: Arc::clone(value) }),
        ("sum", DataType::Int64 | DataType::Decimal128(_, _)) => {
            Some(Function::RunningSum { value: Arc::clone(value), data_type })
        }
        _ => None,
    }
}

/// `rows between unbounded preceding and current row`.
fn is_running(frame: &WindowFrame) -> bool {
    let starts_first = matches!(&frame.start_bound, WindowFrameBound::Preceding(bound) if bound.is_null());
    frame.units == WindowFrameUnits::Rows && starts_first && frame.end_bound == WindowFrameBound::CurrentRow
}

/// For each row the one to take the value from; null where that would be outside of the partition.
fn shifted(segments: &[Range<usize>], rows_back: i64, rows: usize) -> UInt64Array {
    let mut indices = Vec::with_capacity(rows);
    for segment in segments {
        for row in segment.clone() {
            let from = i64::try_from(row).ok().and_then(|row| row.checked_sub(rows_back));
            let from = from.and_then(|it| usize::try_from(it).ok()).filter(|it| segment.contains(it));
            indices.push(from.map(|it| it as u64));
        }
    }
    UInt64Array::from(indices)
}

/// Nulls don't add; before the first value the sum is null.
fn running_sum<T: ArrowPrimitiveType>(
    values: &ArrayRef,
    segments: &[Range<usize>],
    add: fn(T::Native, T::Native) -> T::Native,
) -> Result<PrimitiveArray<T>> {
    let values = values.as_primitive_opt::<T>();
    let values = values.ok_or_else(|| exec_datafusion_err!("a running sum is over values of another type"))?;
    let mut sums = Vec::with_capacity(values.len());
    for segment in segments {
        let mut sum: Option<T::Native> = None;
        for row in segment.clone() {
            if values.is_valid(row) {
                let value = values.value(row);
                sum = Some(sum.map_or(value, |sum| add(sum, value)));
            }
            sums.push(sum);
        }
    }
    Ok(sums.into_iter().collect())
}

fn running_count(values: &ArrayRef, segments: &[Range<usize>]) -> Int64Array {
    let nulls = values.logical_nulls();
    let mut counts = Vec::with_capacity(values.len());
    for segment in segments {
        let mut count = 0;
        for row in segment.clone() {
            count += i64::from(nulls.as_ref().is_none_or(|it| it.is_valid(row)));
            counts.push(count);
        }
    }
    Int64Array::from(counts)
}
