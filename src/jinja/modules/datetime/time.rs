//! `time`: a time of day.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime, Timelike};
use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use super::moment::Moment;
use super::strftime;
use crate::jinja::values::{Arguments, failed};

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(pub(super) NaiveTime);

/// The time of day that four arguments say, from a position on.
pub(super) fn replaced(of: NaiveTime, arguments: &Arguments<'_>, first: usize) -> Result<NaiveTime, Error> {
    let parts = [
        arguments.whole_or(first, "hour", i64::from(of.hour()))?,
        arguments.whole_or(first + 1, "minute", i64::from(of.minute()))?,
        arguments.whole_or(first + 2, "second", i64::from(of.second()))?,
        arguments.whole_or(first + 3, "microsecond", i64::from(of.nanosecond() / 1000))?,
    ];
    clock(parts)
}

/// Hour, minute, second and microsecond, where there is such a time.
pub(super) fn clock(parts: [i64; 4]) -> Result<NaiveTime, Error> {
    let [hour, minute, second, microsecond] = parts.map(|it| u32::try_from(it).unwrap_or(u32::MAX));
    let found = if second < 60 && microsecond < 1_000_000 {
        NaiveTime::from_hms_micro_opt(hour, minute, second, microsecond)
    } else {
        None
    };
    found.ok_or_else(|| failed("there is no such time: hour, minute, second or microsecond is out of range"))
}

/// What times and points in time have in common.
pub(super) fn attribute(of: NaiveTime, name: &str) -> Option<Value> {
    Some(match name {
        "hour" => Value::from(of.hour()),
        "minute" => Value::from(of.minute()),
        "second" => Value::from(of.second()),
        "microsecond" => Value::from(of.nanosecond() / 1000),
        "fold" => Value::from(0),
        _ => return None,
    })
}

/// The time as `isoformat` has it.
pub(super) fn iso(of: NaiveTime, timespec: &str) -> Result<String, Error> {
    let microseconds = of.nanosecond() / 1000;
    Ok(match timespec {
        "hours" => of.format("%H").to_string(),
        "minutes" => of.format("%H:%M").to_string(),
        "seconds" => of.format("%H:%M:%S").to_string(),
        "milliseconds" => format!("{}.{:03}", of.format("%H:%M:%S"), microseconds / 1000),
        "auto" if microseconds == 0 => of.format("%H:%M:%S").to_string(),
        "auto" | "microseconds" => format!("{}.{microseconds:06}", of.format("%H:%M:%S")),
        _ => return Err(failed(format!("unknown timespec `{timespec}`"))),
    })
}

impl Object for Time {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "tzinfo" => Some(Value::from(())),
            name => attribute(self.0, name),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.0.cmp(&other.downcast_ref::<Time>()?.0))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::new(name, args);
        match name {
            "isoformat" => {
                let timespec = arguments.text_or_none(0, "timespec")?;
                Ok(Value::from(iso(self.0, timespec.as_deref().unwrap_or("auto"))?))
            }
            "strftime" => {
                let day = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default();
                let moment = Moment { local: day.and_time(self.0), zone: None };
                Ok(Value::from(strftime::strftime(&moment, &arguments.text(0, "format")?)))
            }
            "replace" => Ok(Value::from_object(Time(replaced(self.0, &arguments, 0)?))),
            "utcoffset" | "dst" | "tzname" => Ok(Value::from(())),
            _ => Err(Error::new(ErrorKind::UnknownMethod, format!("a time has no method `{name}`"))),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&iso(self.0, "auto").unwrap_or_default())
    }
}
