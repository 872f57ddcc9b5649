//! Asking a unit test: the rows that a model gives beside those that it should give.

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::{concat_batches, interleave_record_batch};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::row::{RowConverter, SortField};
use arrow::util::pretty::pretty_format_batches;
use datafusion::error::Result;
use datafusion::logical_expr::LogicalPlan;
use std::cmp::Ordering;
use std::sync::Arc;

use super::rows::fetch;
use crate::plan::Session;

/// What was found.
pub(in crate::execute) struct Compared {
    /// Rows that are missing, and rows that should not be there.
    pub(in crate::execute) different: usize,
    /// All rows, each with its mark: `-` is missing, `+` should not be there.
    pub(in crate::execute) drawn: String,
}

/// Compares the rows of two bound plans with the same columns. Their order makes no difference.
pub(in crate::execute) async fn compare(
    session: &Session,
    actual: &LogicalPlan,
    expected: &LogicalPlan,
) -> Result<Compared> {
    let (actual, expected) = (whole(session, actual).await?, whole(session, expected).await?);
    // Nullability may differ, values not.
    let expected = RecordBatch::try_new(actual.schema(), cast_like(&expected, &actual)?)?;
    let fields = actual.schema().fields().iter().map(|it| SortField::new(it.data_type().clone())).collect();
    let converter = RowConverter::new(fields)?;
    let (left, right) = (converter.convert_columns(expected.columns())?, converter.convert_columns(actual.columns())?);
    let sorted = |rows: &arrow::row::Rows| {
        let mut order: Vec<usize> = (0..rows.num_rows()).collect();
        order.sort_by(|a, b| rows.row(*a).cmp(&rows.row(*b)));
        order
    };
    let (expected_order, actual_order) = (sorted(&left), sorted(&right));
    let (mut at, mut other) = (0, 0);
    let (mut marks, mut picked) = (Vec::new(), Vec::new());
    while at < expected_order.len() || other < actual_order.len() {
        let order = match (expected_order.get(at), actual_order.get(other)) {
            (Some(a), Some(b)) => left.row(*a).cmp(&right.row(*b)),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        if order == Ordering::Greater {
            marks.push("+");
            picked.push((1, actual_order[other]));
        } else {
            marks.push(if order == Ordering::Equal { " " } else { "-" });
            picked.push((0, expected_order[at]));
        }
        at += usize::from(order != Ordering::Greater);
        other += usize::from(order != Ordering::Less);
    }
    let different = marks.iter().filter(|it| **it != " ").count();
    let drawn = if different == 0 { String::new() } else { draw(&[&expected, &actual], &marks, &picked)? };
    Ok(Compared { different, drawn })
}

async fn whole(session: &Session, plan: &LogicalPlan) -> Result<RecordBatch> {
    let rows = fetch(session, plan, None).await?;
    Ok(concat_batches(&rows.schema, &rows.batches)?)
}

fn cast_like(batch: &RecordBatch, like: &RecordBatch) -> Result<Vec<ArrayRef>> {
    let columns = batch.columns().iter().zip(like.columns());
    columns.map(|(column, like)| Ok(arrow::compute::cast(column, like.data_type())?)).collect()
}

fn draw(batches: &[&RecordBatch], marks: &[&str], picked: &[(usize, usize)]) -> Result<String> {
    let rows = interleave_record_batch(batches, picked)?;
    let mut fields = vec![Arc::new(Field::new("@@", DataType::Utf8, false))];
    fields.extend(rows.schema().fields().iter().map(|it| Arc::new(it.as_ref().clone().with_nullable(true))));
    let mut columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from(marks.to_vec()))];
    columns.extend(rows.columns().iter().cloned());
    let marked = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
    Ok(pretty_format_batches(&[marked])?.to_string())
}
