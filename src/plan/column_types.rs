//! SQL type names as column types, where Arrowmill differs from the engine.
//! A `timestamp` has microseconds, as in DuckDB and PostgreSQL; the engine's nanoseconds end in the year 2262.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, TimeUnit};
use datafusion::common::Result;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::logical_expr::sqlparser::ast::{DataType as SqlType, ExactNumberInfo, TimezoneInfo};

use crate::project::Dialect;

/// Hooked into the engine's planner.
#[derive(Debug)]
pub(super) struct ColumnTypes {
    /// Whose names they are.
    pub(super) dialect: Dialect,
}

impl TypePlanner for ColumnTypes {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        let data_type = match sql_type {
            SqlType::Timestamp(None | Some(6), TimezoneInfo::None | TimezoneInfo::WithoutTimeZone)
            | SqlType::Datetime(None | Some(6)) => DataType::Timestamp(TimeUnit::Microsecond, None),
            SqlType::Timestamp(None | Some(6), TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => {
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
            }
            SqlType::CharacterVarying(_) | SqlType::CharVarying(_) | SqlType::Enum(_, _) => DataType::Utf8,
            // A text, of which the type says only what is in it.
            SqlType::JSON | SqlType::Uuid => DataType::Utf8,
            SqlType::Blob(_) => DataType::Binary,
            SqlType::Decimal(ExactNumberInfo::None)
            | SqlType::Numeric(ExactNumberInfo::None)
            | SqlType::Dec(ExactNumberInfo::None)
                if self.dialect == Dialect::DuckDb =>
            {
                DataType::Decimal128(18, 3)
            }
            // DuckDB's 128 bits hold one digit more.
            SqlType::HugeInt => DataType::Decimal128(38, 0),
            SqlType::UTinyInt => DataType::UInt8,
            SqlType::USmallInt => DataType::UInt16,
            SqlType::UBigInt => DataType::UInt64,
            SqlType::Custom(name, modifiers) if modifiers.is_empty() => {
                match name.to_string().to_lowercase().as_str() {
                    "short" => DataType::Int16,
                    "long" => DataType::Int64,
                    "uinteger" => DataType::UInt32,
                    "bpchar" => DataType::Utf8,
                    "timestamp_s" | "timestamp_ms" | "timestamp_us" | "timestamp_ns" => {
                        DataType::Timestamp(TimeUnit::Microsecond, None)
                    }
                    _ => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        Ok(Some(Arc::new(Field::new("", data_type, true))))
    }
}

/// The type that a column is stored with: plain strings, and no type that files don't have.
pub(super) fn stored(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::Dictionary(_, values) => stored(values),
        // Parquet has no seconds: other readers would see numbers.
        // DuckDB has no points in time of nanoseconds.
        DataType::Timestamp(TimeUnit::Nanosecond, zone @ Some(_)) => {
            DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
        }
        DataType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond, zone) => {
            DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
        }
        DataType::Interval(_) => DataType::Interval(IntervalUnit::DayTime),
        // As finely as points in time.
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        // DuckDB gives a column of nothing but nulls this type too.
        DataType::Null => DataType::Int32,
        other => other.clone(),
    }
}
