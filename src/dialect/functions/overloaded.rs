//! Functions that mean another function for each type: which one is decided when plans are simplified.

use std::sync::Arc;

use arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::functions::expr_fn::{character_length, contains, octet_length, to_char, to_local_time};
use datafusion::functions_nested::expr_fn::{array_has, array_length, array_sum};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility, binary_expr, cast, lit,
};

use super::intervals::Intervals;
use super::kernel::function;
use super::strptime::translated;
use crate::dialect::type_name;

/// A function of several meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Meaning {
    Contains,
    Epoch,
    EpochMs,
    Len,
    Length,
    ListSum,
    MakeTimestamp,
    Strftime,
    Timezone,
    ToTimestamp,
    Typeof,
}

const ALL: [Meaning; 11] = [
    Meaning::Contains,
    Meaning::Epoch,
    Meaning::EpochMs,
    Meaning::Len,
    Meaning::Length,
    Meaning::ListSum,
    Meaning::MakeTimestamp,
    Meaning::Strftime,
    Meaning::Timezone,
    Meaning::ToTimestamp,
    Meaning::Typeof,
];

/// All of them.
pub(super) fn all() -> impl Iterator<Item = impl ScalarUDFImpl + 'static> {
    ALL.into_iter().map(|meaning| {
        let arguments = match meaning {
            Meaning::Contains | Meaning::Strftime | Meaning::Timezone => 2,
            _ => 1,
        };
        Overloaded { meaning, signature: Signature::any(arguments, Volatility::Immutable) }
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Overloaded {
    meaning: Meaning,
    signature: Signature,
}

impl ScalarUDFImpl for Overloaded {
    fn name(&self) -> &str {
        match self.meaning {
            Meaning::Contains => "contains",
            Meaning::Epoch => "epoch",
            Meaning::EpochMs => "epoch_ms",
            Meaning::Len => "len",
            Meaning::Length => "length",
            Meaning::ListSum => "list_sum",
            Meaning::MakeTimestamp => "make_timestamp",
            Meaning::Strftime => "strftime",
            Meaning::Timezone => "timezone",
            Meaning::ToTimestamp => "to_timestamp",
            Meaning::Typeof => "typeof",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let data_type = match (self.meaning, arguments) {
            (Meaning::Contains, [_, _]) => Some(DataType::Boolean),
            (Meaning::Epoch, [it]) if is_moment(it) || is_interval(it) => Some(DataType::Float64),
            (Meaning::EpochMs, [it]) if it.is_integer() => Some(naive()),
            (Meaning::EpochMs, [it]) if is_moment(it) => Some(DataType::Int64),
            (Meaning::Len | Meaning::Length, [it]) if has_length(it) => Some(DataType::Int64),
            (Meaning::ListSum, [it]) if is_list(it) => {
                Some(if item_of(it).is_some_and(DataType::is_integer) { DataType::Int64 } else { DataType::Float64 })
            }
            (Meaning::MakeTimestamp, [it]) if it.is_integer() => Some(naive()),
            (Meaning::Strftime, [a, b]) if (is_moment(a) && is_text(b)) || (is_text(a) && is_moment(b)) => {
                Some(DataType::Utf8)
            }
            (Meaning::Timezone, [zone, DataType::Timestamp(_, Some(_))]) if is_text(zone) => Some(naive()),
            (Meaning::Timezone, [zone, it]) if is_text(zone) && is_moment(it) => Some(utc()),
            (Meaning::ToTimestamp, [it]) if it.is_numeric() || it.is_null() => Some(utc()),
            (Meaning::Typeof, [_]) => Some(DataType::Utf8),
            _ => None,
        };
        match data_type {
            Some(data_type) => Ok(data_type),
            None => {
                let given = arguments.iter().find(|it| !is_text(it)).or(arguments.first());
                let given = given.map(DataType::to_string).unwrap_or_default();
                plan_err!("Function '{}' failed to match any signature, errors: (DataType: {given})", self.name())
            }
        }
    }

    fn simplify(&self, arguments: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let types = arguments.iter().map(|it| info.get_data_type(it)).collect::<Result<Vec<_>>>()?;
        Ok(ExprSimplifyResult::Simplified(self.meaning.of(arguments, &types)?))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        plan_err!("`{}` has not been simplified", self.name())
    }
}

impl Meaning {
    fn of(self, mut arguments: Vec<Expr>, types: &[DataType]) -> Result<Expr> {
        let second = if arguments.len() > 1 { arguments.pop() } else { None };
        let (Some(first), Some(of_first)) = (arguments.pop(), types.first()) else {
            return plan_err!("a function without arguments");
        };
        let second = second.unwrap_or_else(|| first.clone());
        let of_second = types.get(1).unwrap_or(of_first);
        let number = |it: Expr| cast(it, DataType::Int64);
        Ok(match self {
            Meaning::Contains if is_list(of_first) => array_has(first, cast_to_item(second, of_first)),
            Meaning::Contains => contains(cast(first, DataType::Utf8), cast(second, DataType::Utf8)),
            Meaning::Epoch if is_interval(of_first) => function(Intervals::Epoch).call(vec![interval(first)]),
            Meaning::Epoch => divide(cast(micros(first), DataType::Float64), lit(1_000_000_f64)),
            Meaning::EpochMs if of_first.is_integer() => {
                cast(binary_expr(number(first), Operator::Multiply, lit(1000_i64)), naive())
            }
            Meaning::EpochMs => divide(micros(first), lit(1000_i64)),
            Meaning::Len | Meaning::Length if is_list(of_first) => number(array_length(first)),
            Meaning::Len | Meaning::Length if is_binary(of_first) => number(octet_length(first)),
            Meaning::Len | Meaning::Length => number(character_length(cast(first, DataType::Utf8))),
            Meaning::ListSum if item_of(of_first).is_some_and(DataType::is_integer) => number(sum_of(first)),
            Meaning::ListSum => sum_of(first),
            Meaning::MakeTimestamp => cast(number(first), naive()),
            Meaning::Strftime => {
                let (time, format) =
                    if is_text(of_first) && is_moment(of_second) { (second, first) } else { (first, second) };
                match written(&format) {
                    Some(format) => to_char(cast(time, naive()), lit(translated(&format, false))),
                    None => return plan_err!("`strftime` takes a format that is written out, such as '%Y-%m-%d'"),
                }
            }
            Meaning::Timezone => {
                let Some(zone) = written(&first) else {
                    return plan_err!("a time zone must be written out, as in `at time zone 'Europe/Berlin'`");
                };
                let there = DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from(zone.as_str())));
                match of_second {
                    DataType::Timestamp(_, Some(_)) => cast(to_local_time(vec![cast(second, there)]), naive()),
                    _ => cast(cast(cast(second, naive()), there), utc()),
                }
            }
            Meaning::ToTimestamp => {
                let micros = binary_expr(cast(first, DataType::Float64), Operator::Multiply, lit(1e6));
                cast(cast(micros, DataType::Int64), utc())
            }
            Meaning::Typeof if of_first.is_null() => lit("\"NULL\""),
            Meaning::Typeof => lit(type_name(of_first)),
        })
    }
}

/// The text that an argument is, once it has been simplified.
fn written(argument: &Expr) -> Option<String> {
    match argument {
        Expr::Literal(value, _) => value.try_as_str().flatten().map(str::to_owned),
        Expr::Cast(inner) => written(&inner.expr),
        _ => None,
    }
}

fn divide(left: Expr, right: Expr) -> Expr {
    binary_expr(left, Operator::Divide, right)
}

fn micros(time: Expr) -> Expr {
    cast(cast(time, naive()), DataType::Int64)
}

fn interval(it: Expr) -> Expr {
    cast(it, DataType::Interval(IntervalUnit::MonthDayNano))
}

fn item_of(list: &DataType) -> Option<&DataType> {
    match list {
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            Some(field.data_type())
        }
        _ => None,
    }
}

fn cast_to_item(item: Expr, list: &DataType) -> Expr {
    match item_of(list) {
        Some(data_type) => cast(item, data_type.clone()),
        None => item,
    }
}

/// The engine sums floating point numbers.
fn sum_of(list: Expr) -> Expr {
    array_sum(cast(list, DataType::new_list(DataType::Float64, true)))
}

fn naive() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn is_moment(it: &DataType) -> bool {
    matches!(it, DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) | DataType::Null)
}

fn is_interval(it: &DataType) -> bool {
    matches!(it, DataType::Interval(_) | DataType::Duration(_))
}

fn is_list(it: &DataType) -> bool {
    matches!(it, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _))
}

fn is_binary(it: &DataType) -> bool {
    matches!(it, DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
}

fn is_text(it: &DataType) -> bool {
    it.is_string() || it.is_null()
}

fn has_length(it: &DataType) -> bool {
    is_list(it) || is_binary(it) || is_text(it)
}
