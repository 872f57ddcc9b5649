//! `datetime`: a point in time, with a zone or without.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Utc};
use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use super::date::{self, Date};
use super::delta::{Delta, SECOND};
use super::time::{self, Time};
use super::zone::{Zone, clock};
use super::{out_of_range, strftime};
use crate::jinja::modules::pytz;
use crate::jinja::values::{Arguments, failed, tuple};

/// A point in time: `run_started_at`, `modules.datetime.datetime.now()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::jinja) struct Moment {
    pub(in crate::jinja::modules) local: NaiveDateTime,
    pub(in crate::jinja::modules) zone: Option<Zone>,
}

impl Moment {
    /// A point in time with zone UTC.
    pub(in crate::jinja) fn utc(at: DateTime<Utc>) -> Moment {
        Moment { local: at.naive_utc(), zone: Some(Zone::utc()) }
    }

    /// The point in time as UTC; one without zone is taken to be that.
    /// A point in time without a zone.
    pub(in crate::jinja) fn naive(at: NaiveDateTime) -> Moment {
        Moment { local: at, zone: None }
    }

    pub(in crate::jinja::modules) fn as_utc(&self) -> NaiveDateTime {
        let offset = TimeDelta::seconds(self.zone.as_ref().map_or(0, |it| i64::from(it.offset)));
        self.local.checked_sub_signed(offset).unwrap_or(self.local)
    }

    /// The same point in time elsewhere.
    pub(in crate::jinja::modules) fn moved(&self, zone: &Zone) -> Moment {
        let utc = self.as_utc();
        let zone = zone.moved(utc);
        let local = utc.checked_add_signed(TimeDelta::seconds(i64::from(zone.offset))).unwrap_or(utc);
        Moment { local, zone: Some(zone) }
    }

    /// Microseconds between two points in time.
    pub(super) fn since(&self, other: &Moment) -> Result<i128, Error> {
        if self.zone.is_some() != other.zone.is_some() {
            return Err(failed("can't subtract a datetime without time zone and one that has one"));
        }
        let difference = self.as_utc() - other.as_utc();
        Ok(i128::from(difference.num_seconds()) * SECOND + i128::from(difference.subsec_nanos() / 1000))
    }

    /// So many microseconds later, on the same clock.
    pub(super) fn shifted(&self, microseconds: i128) -> Result<Moment, Error> {
        let delta = i64::try_from(microseconds).map(TimeDelta::microseconds).map_err(|_| out_of_range())?;
        let local = self.local.checked_add_signed(delta).filter(|it| (1..=9999).contains(&it.year()));
        Ok(Moment { local: local.ok_or_else(out_of_range)?, zone: self.zone.clone() })
    }

    fn iso(&self, separator: &str, timespec: &str) -> Result<String, Error> {
        let offset = self.zone.as_ref().map_or_else(String::new, |it| clock(it.offset, true));
        Ok(format!("{}{separator}{}{offset}", self.local.format("%Y-%m-%d"), time::iso(self.local.time(), timespec)?))
    }

    fn replaced(&self, arguments: &Arguments<'_>) -> Result<Moment, Error> {
        let day = date::replaced(self.local.date(), arguments)?;
        let local = day.and_time(time::replaced(self.local.time(), arguments, 3)?);
        let zone = match arguments.given(7, "tzinfo") {
            Some(zone) => pytz::zone(&zone)?,
            None => self.zone.clone(),
        };
        Ok(Moment { local, zone })
    }
}

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "tzinfo" => Some(self.zone.clone().map_or_else(|| Value::from(()), pytz::value)),
            name => date::attribute(self.local.date(), name).or_else(|| time::attribute(self.local.time(), name)),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = other.downcast_ref::<Moment>()?;
        Some(self.as_utc().cmp(&other.as_utc()).then(self.zone.is_some().cmp(&other.zone.is_some())))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::new(name, args);
        Ok(match name {
            "strftime" | "__format__" => Value::from(strftime::strftime(self, &arguments.text(0, "format")?)),
            "isoformat" => {
                let separator = arguments.text_or_none(0, "sep")?;
                let timespec = arguments.text_or_none(1, "timespec")?;
                Value::from(self.iso(separator.as_deref().unwrap_or("T"), timespec.as_deref().unwrap_or("auto"))?)
            }
            "ctime" => Value::from(strftime::strftime(self, "%c")),
            "date" => Value::from_object(Date(self.local.date())),
            "time" | "timetz" => Value::from_object(Time(self.local.time())),
            "timestamp" => Value::from(self.as_utc().and_utc().timestamp_micros() as f64 / 1e6),
            "replace" => Value::from_object(self.replaced(&arguments)?),
            "astimezone" => {
                let zone = arguments.given(0, "tz").map(|it| pytz::zone(&it)).transpose()?.flatten();
                Value::from_object(self.moved(&zone.unwrap_or_else(Zone::utc)))
            }
            "utcoffset" | "dst" => match &self.zone {
                Some(it) => Delta::value(i128::from(if name == "dst" { it.dst } else { it.offset }) * SECOND)?,
                None => Value::from(()),
            },
            "tzname" => self.zone.as_ref().map_or_else(|| Value::from(()), |it| Value::from(it.abbreviation.as_str())),
            "timetuple" | "utctimetuple" => {
                let names = ["year", "month", "day", "hour", "minute", "second"];
                let part = |it: &&str| {
                    date::attribute(self.local.date(), it).or_else(|| time::attribute(self.local.time(), it))
                };
                tuple(names.iter().filter_map(part).collect())
            }
            _ => date::method(self.local.date(), name)
                .ok_or_else(|| Error::new(ErrorKind::UnknownMethod, format!("a datetime has no method `{name}`")))?,
        })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso(" ", "auto").unwrap_or_default())
    }
}
