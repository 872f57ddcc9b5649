//! Intervals: several of one, what lies between two points in time, and how long they are.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, IntervalDayTimeArray, IntervalMonthDayNanoArray};
use arrow::compute::{binary, unary};
use arrow::datatypes::{
    DataType, Int64Type, IntervalDayTime, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
    TimestampMicrosecondType,
};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};

use super::kernel::Kernel;

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
const MICROS_OF_DAY: i64 = 86_400_000_000;

/// What is done with intervals.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Intervals {
    /// `interval_times(interval, bigint)`.
    Times,
    /// `interval_between(timestamp, timestamp)`: the first minus the second, in days and less.
    Between,
    /// `interval_micros(interval)`: how long it is, for comparing; a month has 30 days.
    Micros,
    /// `interval_stored(interval)`: as files hold it, in days and milliseconds.
    Stored,
    /// `interval_epoch(interval)`: how many seconds it is; a year has 365.25 days.
    Epoch,
}

impl Kernel for Intervals {
    fn name(&self) -> &'static str {
        match self {
            Intervals::Times => "interval_times",
            Intervals::Between => "interval_between",
            Intervals::Micros => "interval_micros",
            Intervals::Stored => "interval_stored",
            Intervals::Epoch => "interval_epoch",
        }
    }

    fn signature(&self) -> Signature {
        let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
        let arguments = match self {
            Intervals::Times => vec![INTERVAL, DataType::Int64],
            Intervals::Between => vec![timestamp.clone(), timestamp],
            Intervals::Micros | Intervals::Stored | Intervals::Epoch => vec![INTERVAL],
        };
        Signature::exact(arguments, Volatility::Immutable)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self {
            Intervals::Times | Intervals::Between => INTERVAL,
            Intervals::Micros => DataType::Int64,
            Intervals::Stored => DataType::Interval(IntervalUnit::DayTime),
            Intervals::Epoch => DataType::Float64,
        })
    }

    fn compute(&self, arguments: &[ArrayRef]) -> Result<ArrayRef> {
        match (self, arguments) {
            (Intervals::Times, [intervals, counts]) => {
                let intervals = intervals.as_primitive::<IntervalMonthDayNanoType>();
                let product: IntervalMonthDayNanoArray =
                    arrow::compute::try_binary(intervals, counts.as_primitive::<Int64Type>(), times)?;
                Ok(Arc::new(product))
            }
            (Intervals::Between, [ends, starts]) => {
                let between: IntervalMonthDayNanoArray = binary(
                    ends.as_primitive::<TimestampMicrosecondType>(),
                    starts.as_primitive::<TimestampMicrosecondType>(),
                    |end, start| {
                        let micros = end.wrapping_sub(start);
                        let days = i32::try_from(micros / MICROS_OF_DAY).unwrap_or(i32::MAX);
                        IntervalMonthDayNano::new(0, days, micros % MICROS_OF_DAY * 1000)
                    },
                )?;
                Ok(Arc::new(between))
            }
            (Intervals::Micros, [intervals]) => {
                let micros: Int64Array = unary(intervals.as_primitive::<IntervalMonthDayNanoType>(), |it| {
                    let days = i64::from(it.months) * 30 + i64::from(it.days);
                    days.saturating_mul(MICROS_OF_DAY).saturating_add(it.nanoseconds / 1000)
                });
                Ok(Arc::new(micros))
            }
            (Intervals::Stored, [intervals]) => {
                let stored: IntervalDayTimeArray =
                    intervals.as_primitive::<IntervalMonthDayNanoType>().try_unary(stored)?;
                Ok(Arc::new(stored))
            }
            (Intervals::Epoch, [intervals]) => {
                let seconds: Float64Array = unary(intervals.as_primitive::<IntervalMonthDayNanoType>(), epoch);
                Ok(Arc::new(seconds))
            }
            _ => exec_err!("`{}` with {} arguments", self.name(), arguments.len()),
        }
    }
}

fn times(
    interval: IntervalMonthDayNano,
    count: i64,
) -> std::result::Result<IntervalMonthDayNano, arrow::error::ArrowError> {
    let part = |it: i32| i64::from(it).checked_mul(count).and_then(|it| i32::try_from(it).ok());
    match (part(interval.months), part(interval.days), interval.nanoseconds.checked_mul(count)) {
        (Some(months), Some(days), Some(nanos)) => Ok(IntervalMonthDayNano::new(months, days, nanos)),
        _ => Err(arrow::error::ArrowError::ComputeError(format!("{count} times this interval is too long"))),
    }
}

/// The engine writes no files with months beside days.
fn stored(it: IntervalMonthDayNano) -> std::result::Result<IntervalDayTime, arrow::error::ArrowError> {
    match i32::try_from(it.nanoseconds / 1_000_000) {
        Ok(milliseconds) if it.months == 0 => Ok(IntervalDayTime::new(it.days, milliseconds)),
        Ok(_) => Err(arrow::error::ArrowError::ComputeError(
            "an interval with months can't be stored; store the number of months".to_owned(),
        )),
        Err(_) => Err(arrow::error::ArrowError::ComputeError(
            "an interval of more than 24 days in hours can't be stored; store the number of seconds".to_owned(),
        )),
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds are a floating point number in DuckDB too")]
fn epoch(it: IntervalMonthDayNano) -> f64 {
    let (years, months) = (f64::from(it.months / 12), f64::from(it.months % 12));
    let days = years * 365.25 + months * 30.0 + f64::from(it.days);
    days * 86_400.0 + it.nanoseconds as f64 / 1e9
}
