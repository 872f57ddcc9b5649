//! The classes of the module, which are called to make values and have methods of their own.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime};
use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use super::date::{self, Date};
use super::delta::Delta;
use super::moment::Moment;
use super::time::{self, Time};
use super::zone::Zone;
use super::{iso, out_of_range, strptime};
use crate::jinja::modules::pytz;
use crate::jinja::scope::Scope;
use crate::jinja::values::{Arguments, failed};

/// The module as a value.
pub(super) fn module() -> Value {
    Value::from_pairs([
        ("date", Value::from_object(Class::Date)),
        ("datetime", Value::from_object(Class::DateTime)),
        ("time", Value::from_object(Class::Time)),
        ("timedelta", Value::from_object(Class::Delta)),
        ("tzinfo", Value::from_object(Class::ZoneInfo)),
    ])
}

#[derive(Debug)]
enum Class {
    Date,
    DateTime,
    Time,
    Delta,
    ZoneInfo,
}

impl Class {
    fn name(&self) -> &'static str {
        match self {
            Class::Date => "date",
            Class::DateTime => "datetime",
            Class::Time => "time",
            Class::Delta => "timedelta",
            Class::ZoneInfo => "tzinfo",
        }
    }

    /// A point in time as this class has it.
    fn value(&self, moment: Moment) -> Value {
        match self {
            Class::Date => Value::from_object(Date(moment.local.date())),
            _ => Value::from_object(moment),
        }
    }
}

fn zone(arguments: &Arguments<'_>, at: usize, name: &str) -> Result<Option<Zone>, Error> {
    Ok(arguments.given(at, name).map(|it| pytz::zone(&it)).transpose()?.flatten())
}

/// The invocation's clock, in a zone, or as UTC without one.
fn now(state: &State<'_, '_>, zone: Option<&Zone>) -> Result<Moment, Error> {
    let utc = Moment::utc(Scope::of(state)?.invocation.started_at);
    Ok(match zone {
        Some(zone) => utc.moved(zone),
        None => Moment { zone: None, ..utc },
    })
}

fn combined(arguments: &Arguments<'_>) -> Result<Moment, Error> {
    let (day, clock) = (arguments.needed(0, "date")?, arguments.needed(1, "time")?);
    let day = match (day.downcast_object::<Date>(), day.downcast_object::<Moment>()) {
        (Some(day), _) => day.0,
        (None, Some(moment)) => moment.local.date(),
        (None, None) => return Err(arguments.wrong("date", "a date", &day)),
    };
    let time = clock.downcast_object::<Time>().ok_or_else(|| arguments.wrong("time", "a time", &clock))?;
    Ok(Moment { local: day.and_time(time.0), zone: zone(arguments, 2, "tzinfo")? })
}

fn from_timestamp(arguments: &Arguments<'_>, zone: Option<&Zone>) -> Result<Moment, Error> {
    let value = arguments.needed(0, "timestamp")?;
    let seconds = f64::try_from(value.clone()).map_err(|_| arguments.wrong("timestamp", "a number", &value))?;
    let microseconds = (seconds * 1e6).round_ties_even();
    let found = if microseconds.abs() < 1e18 { DateTime::from_timestamp_micros(microseconds as i64) } else { None };
    let utc = Moment::utc(found.ok_or_else(out_of_range)?);
    Ok(match zone {
        Some(zone) => utc.moved(zone),
        None => Moment { zone: None, ..utc },
    })
}

fn from_ordinal(arguments: &Arguments<'_>) -> Result<Moment, Error> {
    let ordinal = i32::try_from(arguments.whole(0, "ordinal")?).ok().filter(|it| (1..=3_652_059).contains(it));
    let day = ordinal.and_then(NaiveDate::from_num_days_from_ce_opt).ok_or_else(out_of_range)?;
    Ok(Moment { local: day.and_time(NaiveTime::MIN), zone: None })
}

impl Object for Class {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let day = |year: i64, month: i64, day: i64| date::day(year, month, day).ok();
        let end = || NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999);
        let moment = |local: chrono::NaiveDateTime| Value::from_object(Moment { local, zone: None });
        Some(match (&**self, key.as_str()?) {
            (Class::Date, "min") => Value::from_object(Date(day(1, 1, 1)?)),
            (Class::Date, "max") => Value::from_object(Date(day(9999, 12, 31)?)),
            (Class::DateTime, "min") => moment(day(1, 1, 1)?.and_time(NaiveTime::MIN)),
            (Class::DateTime, "max") => moment(day(9999, 12, 31)?.and_time(end()?)),
            (Class::Time, "min") => Value::from_object(Time(NaiveTime::MIN)),
            (Class::Time, "max") => Value::from_object(Time(end()?)),
            (_, "__name__") => Value::from(self.name()),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::new(self.name(), args);
        let day = || date::day(arguments.whole(0, "year")?, arguments.whole(1, "month")?, arguments.whole(2, "day")?);
        Ok(match **self {
            Class::Date => Value::from_object(Date(day()?)),
            Class::DateTime => {
                let local = day()?.and_time(time::replaced(NaiveTime::MIN, &arguments, 3)?);
                Value::from_object(Moment { local, zone: zone(&arguments, 7, "tzinfo")? })
            }
            Class::Time => Value::from_object(Time(time::replaced(NaiveTime::MIN, &arguments, 0)?)),
            Class::Delta => Delta::from_arguments(&arguments)?,
            Class::ZoneInfo => return Err(failed("tzinfo can't be made; use modules.pytz.timezone")),
        })
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::new(name, args);
        let wrong = |it: &str| failed(format!("invalid isoformat string: {it:?}"));
        Ok(match (&**self, name) {
            (Class::DateTime, "now") => Value::from_object(now(state, zone(&arguments, 0, "tz")?.as_ref())?),
            (Class::DateTime, "utcnow") | (Class::Date | Class::DateTime, "today") => self.value(now(state, None)?),
            (Class::DateTime, "strptime") => {
                let (text, format) = (arguments.text(0, "date_string")?, arguments.text(1, "format")?);
                Value::from_object(strptime::strptime(&text, &format)?)
            }
            (Class::DateTime, "combine") => Value::from_object(combined(&arguments)?),
            (Class::Date | Class::DateTime, "fromtimestamp") => {
                self.value(from_timestamp(&arguments, zone(&arguments, 1, "tz")?.as_ref())?)
            }
            (Class::DateTime, "utcfromtimestamp") => self.value(from_timestamp(&arguments, None)?),
            (Class::Date | Class::DateTime, "fromordinal") => self.value(from_ordinal(&arguments)?),
            (Class::Date, "fromisoformat") => {
                let text = arguments.text(0, "date_string")?;
                Value::from_object(Date(iso::day(&text).ok_or_else(|| wrong(&text))?))
            }
            (Class::DateTime, "fromisoformat") => {
                let text = arguments.text(0, "date_string")?;
                Value::from_object(iso::moment(&text).ok_or_else(|| wrong(&text))?)
            }
            (Class::Time, "fromisoformat") => {
                let text = arguments.text(0, "time_string")?;
                let (clock, _) = iso::clock(&text).ok_or_else(|| wrong(&text))?;
                Value::from_object(Time(clock))
            }
            (Class::Date | Class::DateTime, "fromisocalendar") => {
                let parts = [arguments.whole(0, "year")?, arguments.whole(1, "week")?, arguments.whole(2, "day")?];
                let text = format!("{:04}-W{:02}-{}", parts[0], parts[1], parts[2]);
                let day = iso::day(&text).ok_or_else(|| wrong(&text))?;
                self.value(Moment { local: day.and_time(NaiveTime::MIN), zone: None })
            }
            _ => {
                let message = format!("{} has no method `{name}`", self.name());
                return Err(Error::new(ErrorKind::UnknownMethod, message));
            }
        })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<class 'datetime.{}'>", self.name())
    }
}
