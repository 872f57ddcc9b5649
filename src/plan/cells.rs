//! Rows of the engine as values for templates.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, Schema, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, NaiveDate};
use datafusion::error::Result;

use crate::dialect::type_name;
use crate::jinja::{Cell, ColumnType, Rows};

/// The columns of a schema.
pub(super) fn columns(schema: &Schema) -> Vec<ColumnType> {
    let column =
        |it: &arrow::datatypes::FieldRef| ColumnType { name: it.name().clone(), data_type: type_name(it.data_type()) };
    schema.fields().iter().map(column).collect()
}

/// All rows of some batches.
///
/// # Errors
/// Values of a type that has no text.
pub fn rows(schema: &Schema, batches: &[RecordBatch]) -> Result<Rows> {
    let mut rows = Vec::new();
    for batch in batches {
        let columns = batch.columns().iter().map(cells).collect::<Result<Vec<_>>>()?;
        rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|it| it[row].clone()).collect::<Vec<_>>()));
    }
    Ok(Rows { columns: columns(schema), rows })
}

fn cells(array: &ArrayRef) -> Result<Vec<Cell>> {
    let to = |data_type: &DataType| arrow::compute::cast(array, data_type);
    let all = |cell: &dyn Fn(usize) -> Cell| {
        (0..array.len()).map(|row| if array.is_null(row) { Cell::Null } else { cell(row) }).collect()
    };
    Ok(match array.data_type() {
        DataType::Null => vec![Cell::Null; array.len()],
        DataType::Boolean => {
            let values = array.as_boolean();
            all(&|row| Cell::Boolean(values.value(row)))
        }
        it if it.is_integer() && *it != DataType::UInt64 => {
            let values = to(&DataType::Int64)?;
            let values = values.as_primitive::<Int64Type>();
            all(&|row| Cell::Integer(values.value(row)))
        }
        DataType::Decimal128(_, 0) | DataType::UInt64 => {
            let texts = texts(array)?;
            let number = |row: usize| match texts[row].parse() {
                Ok(whole) => Cell::Integer(whole),
                Err(_) => Cell::Number(texts[row].parse().unwrap_or(f64::NAN)),
            };
            all(&number)
        }
        it if it.is_numeric() => {
            let values = to(&DataType::Float64)?;
            let values = values.as_primitive::<Float64Type>();
            all(&|row| Cell::Number(values.value(row)))
        }
        DataType::Date32 => {
            let values = array.as_primitive::<Date32Type>();
            let date = |days: i32| NaiveDate::from_epoch_days(days);
            all(&|row| date(values.value(row)).map_or(Cell::Null, Cell::Date))
        }
        DataType::Timestamp(_, zone) => {
            let values = to(&DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
            let values = values.as_primitive::<TimestampMicrosecondType>();
            let moment = |row: usize| match DateTime::from_timestamp_micros(values.value(row)) {
                Some(it) if zone.is_some() => Cell::Instant(it),
                Some(it) => Cell::Timestamp(it.naive_utc()),
                None => Cell::Null,
            };
            all(&moment)
        }
        DataType::List(_) => {
            let lists = array.as_list::<i32>();
            let mut out = Vec::with_capacity(array.len());
            for row in 0..array.len() {
                out.push(if array.is_null(row) { Cell::Null } else { Cell::List(cells(&lists.value(row))?) });
            }
            out
        }
        _ => {
            let texts = texts(array)?;
            all(&|row| Cell::Text(texts[row].clone()))
        }
    })
}

fn texts(array: &ArrayRef) -> Result<Vec<String>> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array.as_ref(), &options)?;
    Ok((0..array.len()).map(|row| formatter.value(row).to_string()).collect())
}
