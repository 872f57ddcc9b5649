//! `date`: a day.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate, NaiveTime};
use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use super::moment::Moment;
use super::{out_of_range, strftime};
use crate::jinja::values::{Arguments, failed, tuple};

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date(pub(super) NaiveDate);

/// A day that exists, within Python's years 1 to 9999.
pub(super) fn day(year: i64, month: i64, day: i64) -> Result<NaiveDate, Error> {
    let part = |it: i64| u32::try_from(it).ok();
    let year = i32::try_from(year).ok().filter(|it| (1..=9999).contains(it));
    let found = year.zip(part(month)).zip(part(day)).and_then(|((y, m), d)| NaiveDate::from_ymd_opt(y, m, d));
    found.ok_or_else(|| failed("there is no such day: year, month or day is out of range"))
}

/// Year, month and day of `replace`, where they are given.
pub(super) fn replaced(of: NaiveDate, arguments: &Arguments<'_>) -> Result<NaiveDate, Error> {
    day(
        arguments.whole_or(0, "year", i64::from(of.year()))?,
        arguments.whole_or(1, "month", i64::from(of.month()))?,
        arguments.whole_or(2, "day", i64::from(of.day()))?,
    )
}

/// What days and points in time have in common.
pub(super) fn attribute(of: NaiveDate, name: &str) -> Option<Value> {
    Some(match name {
        "year" => Value::from(of.year()),
        "month" => Value::from(of.month()),
        "day" => Value::from(of.day()),
        _ => return None,
    })
}

/// What days and points in time have in common.
pub(super) fn method(of: NaiveDate, name: &str) -> Option<Value> {
    Some(match name {
        "weekday" => Value::from(of.weekday().num_days_from_monday()),
        "isoweekday" => Value::from(of.weekday().number_from_monday()),
        "toordinal" => Value::from(of.num_days_from_ce()),
        "isocalendar" => {
            let week = of.iso_week();
            let parts = [i64::from(week.year()), i64::from(week.week()), i64::from(of.weekday().number_from_monday())];
            Value::from_object(IsoCalendar(parts))
        }
        _ => return None,
    })
}

impl Date {
    /// So many days later.
    pub(super) fn shifted(self, days: i128) -> Result<Date, Error> {
        let days = i64::try_from(days).ok().and_then(chrono::TimeDelta::try_days);
        let found = days.and_then(|it| self.0.checked_add_signed(it)).filter(|it| (1..=9999).contains(&it.year()));
        found.map(Date).ok_or_else(out_of_range)
    }
}

impl Object for Date {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        attribute(self.0, key.as_str()?)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.0.cmp(&other.downcast_ref::<Date>()?.0))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::new(name, args);
        match name {
            "isoformat" => Ok(Value::from(self.0.format("%Y-%m-%d").to_string())),
            "strftime" | "__format__" => {
                let moment = Moment { local: self.0.and_time(NaiveTime::MIN), zone: None };
                Ok(Value::from(strftime::strftime(&moment, &arguments.text(0, "format")?)))
            }
            "ctime" => {
                let moment = Moment { local: self.0.and_time(NaiveTime::MIN), zone: None };
                Ok(Value::from(strftime::strftime(&moment, "%c")))
            }
            "replace" => Ok(Value::from_object(Date(replaced(self.0, &arguments)?))),
            "timetuple" => Ok(tuple(["year", "month", "day"].iter().filter_map(|it| attribute(self.0, it)).collect())),
            _ => method(self.0, name)
                .ok_or_else(|| Error::new(ErrorKind::UnknownMethod, format!("a date has no method `{name}`"))),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

/// Year, week and weekday of the ISO calendar: a tuple whose parts have names.
#[derive(Debug)]
struct IsoCalendar([i64; 3]);

impl Object for IsoCalendar {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let at = match key.as_str() {
            Some("year") => 0,
            Some("week") => 1,
            Some("weekday") => 2,
            Some(_) => return None,
            None => key.as_usize()?,
        };
        self.0.get(at).map(|it| Value::from(*it))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(3)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, week, weekday] = self.0;
        write!(f, "datetime.IsoCalendarDate(year={year}, week={week}, weekday={weekday})")
    }
}
