//! Functions that no definition in SQL says: `kernel` computes over arrays, `overloaded` chooses by type.

mod avg;
mod calendar;
mod coalesce;
mod intervals;
mod json;
mod kernel;
mod mode;
mod overloaded;
mod parse_times;
mod regexes;
mod round_even;
mod similarity;
mod split;
mod strptime;
mod truncate;

use std::sync::Arc;

use arrow::datatypes::{DataType, IntervalUnit};
use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{AggregateUDF, Expr, ScalarUDF};

use crate::project::Dialect;
use intervals::Intervals;
use kernel::function;
pub(super) use parse_times::micros as timestamp_micros;

/// The engine's names, and DuckDB's, of functions that take any number of arguments.
const ALIASES: &[(&str, &[&str])] = &[("make_array", &["list_value", "list_pack"])];

/// Adds them.
pub(super) fn register(dialect: Dialect, registry: &mut dyn FunctionRegistry) -> Result<()> {
    if dialect != Dialect::DuckDb {
        return Ok(());
    }
    for (name, aliases) in ALIASES {
        let function = registry.udf(name)?;
        registry.register_udf(Arc::new(function.as_ref().clone().with_aliases(aliases.iter().copied())))?;
    }
    let mut kernels = vec![function(truncate::Truncate), function(round_even::RoundEven)];
    kernels.extend([Intervals::Times, Intervals::Between, Intervals::Micros, Intervals::Epoch].map(function));
    kernels.extend([json::Json::From, json::Json::Valid, json::Json::Type].map(function));
    kernels.extend([regexes::Regexes::ExtractAll, regexes::Regexes::Split].map(function));
    kernels.push(function(split::Split));
    kernels.extend(similarity::Similarity::ALL.map(function));
    kernels.extend([false, true].map(|lenient| function(strptime::Strptime { lenient })));
    for zoned in [false, true] {
        kernels.extend([false, true].map(|lenient| function(parse_times::ParseTime { zoned, lenient })));
    }
    for kernel in kernels {
        registry.register_udf(Arc::new(kernel))?;
    }
    for overloaded in overloaded::all() {
        registry.register_udf(Arc::new(ScalarUDF::from(overloaded)))?;
    }
    registry.register_udf(Arc::new(ScalarUDF::from(coalesce::Coalesce::default())))?;
    let avg = avg::Avg::new(registry.udaf("avg")?);
    registry.register_udaf(Arc::new(AggregateUDF::from(avg)))?;
    registry.register_udaf(Arc::new(AggregateUDF::from(mode::Mode::default())))?;
    Ok(())
}

/// A text as a point in time.
pub(super) fn parse_time(text: Expr, zoned: bool, lenient: bool) -> Expr {
    function(parse_times::ParseTime { zoned, lenient }).call(vec![text])
}

/// A number without its fraction, half to even.
pub(super) fn round_even(number: Expr) -> Expr {
    function(round_even::RoundEven).call(vec![number])
}

/// An interval, several times.
pub(super) fn interval_times(interval: Expr, count: Expr) -> Expr {
    function(Intervals::Times).call(vec![whole(interval), count])
}

/// What lies between two points in time.
pub(super) fn interval_between(end: Expr, start: Expr) -> Expr {
    function(Intervals::Between).call(vec![end, start])
}

/// An interval as files hold it.
pub(super) fn interval_stored(interval: Expr) -> Expr {
    function(Intervals::Stored).call(vec![interval])
}

/// How long an interval is.
pub(super) fn interval_micros(interval: Expr) -> Expr {
    function(Intervals::Micros).call(vec![whole(interval)])
}

/// Intervals of files have no months; the kernels take those that have.
fn whole(interval: Expr) -> Expr {
    datafusion::logical_expr::cast(interval, DataType::Interval(IntervalUnit::MonthDayNano))
}
