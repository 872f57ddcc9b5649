//! `date_trunc`: the engine computes in nanoseconds, which end in 2262, and leaves a date a date.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::common::{exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};

use super::calendar::{civil_from_days, days_from_civil};
use super::kernel::Kernel;
use crate::dialect::macros::part_named;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// `date_trunc(part, timestamp)`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Truncate;

impl Kernel for Truncate {
    fn name(&self) -> &'static str {
        "date_trunc"
    }

    fn signature(&self) -> Signature {
        Signature::user_defined(Volatility::Immutable)
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(timestamp(arguments.get(1)))
    }

    fn coerce(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match arguments {
            [_, DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) | DataType::Utf8 | DataType::Null] => {
                Ok(vec![DataType::Utf8, timestamp(arguments.get(1))])
            }
            [_, other] => plan_err!(
                "Function 'date_trunc' failed to match any signature, errors: date_trunc requires Timestamp, but received String (DataType: {other})."
            ),
            _ => plan_err!(
                "Function 'date_trunc' expects 2 arguments but received {} No function matches",
                arguments.len()
            ),
        }
    }

    fn compute(&self, arguments: &[ArrayRef]) -> Result<ArrayRef> {
        let [parts, times] = arguments else { return exec_err!("`date_trunc` takes two arguments") };
        let parts = parts.as_string::<i32>();
        let times = times.as_primitive::<TimestampMicrosecondType>();
        let zone = times.timezone().map(Arc::from);
        let same = parts.null_count() == 0 && (1..parts.len()).all(|at| parts.value(at) == parts.value(0));
        let truncated: PrimitiveArray<TimestampMicrosecondType> = if parts.is_empty() {
            times.clone()
        } else if same {
            let part = Part::named(parts.value(0))?;
            times.unary(|it| part.start(it))
        } else {
            let one = |at: usize| match (parts.is_valid(at) && times.is_valid(at)).then(|| Part::named(parts.value(at)))
            {
                Some(part) => part.map(|it| Some(it.start(times.value(at)))),
                None => Ok(None),
            };
            (0..times.len()).map(one).collect::<Result<_>>()?
        };
        Ok(Arc::new(truncated.with_timezone_opt(zone)))
    }

    fn keeps_order_of(&self) -> Option<usize> {
        Some(1)
    }
}

fn timestamp(argument: Option<&DataType>) -> DataType {
    let zone = match argument {
        Some(DataType::Timestamp(_, zone)) => zone.clone(),
        _ => None,
    };
    DataType::Timestamp(TimeUnit::Microsecond, zone)
}

#[derive(Clone, Copy)]
enum Part {
    /// So many microseconds.
    Micros(i64),
    Week,
    /// So many months.
    Months(i64),
    /// So many years.
    Years(i64),
}

impl Part {
    fn named(name: &str) -> Result<Part> {
        Ok(match part_named(name) {
            Some("microsecond") => Part::Micros(1),
            Some("millisecond") => Part::Micros(1000),
            Some("second") => Part::Micros(SECOND),
            Some("minute") => Part::Micros(60 * SECOND),
            Some("hour") => Part::Micros(3600 * SECOND),
            Some("day") => Part::Micros(DAY),
            Some("week") => Part::Week,
            Some("month") => Part::Months(1),
            Some("quarter") => Part::Months(3),
            Some("year") => Part::Years(1),
            Some("decade") => Part::Years(10),
            Some("century") => Part::Years(100),
            Some("millennium") => Part::Years(1000),
            _ => return exec_err!("`date_trunc` knows no part `{name}`"),
        })
    }

    /// Where the part begins that a point in time lies in. Every step is far from overflow but at the ends of time.
    fn start(self, micros: i64) -> i64 {
        let days = micros.div_euclid(DAY);
        match self {
            Part::Micros(length) => micros.div_euclid(length).saturating_mul(length),
            // 1970-01-01 was a Thursday.
            Part::Week => (days - (days + 3).rem_euclid(7)).saturating_mul(DAY),
            Part::Months(length) => {
                let (year, month, _) = civil_from_days(days);
                days_from_civil(year, (month - 1) / length * length + 1, 1).saturating_mul(DAY)
            }
            Part::Years(length) => {
                let (year, _, _) = civil_from_days(days);
                days_from_civil(year.div_euclid(length) * length, 1, 1).saturating_mul(DAY)
            }
        }
    }
}
