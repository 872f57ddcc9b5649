//! Python's module `pytz`: time zones by name, and what `localize` and `normalize` do with them.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use chrono_tz::Tz;
use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use super::datetime::{Moment, Zone};
use crate::jinja::values::{Arguments, failed, repr};

/// The module as a value.
pub(super) fn module() -> Value {
    Value::from_object(Module)
}

/// A zone as a value.
pub(super) fn value(zone: Zone) -> Value {
    Value::from_object(ZoneInfo(zone))
}

/// A value as a zone; `none` is no zone.
pub(super) fn zone(value: &Value) -> Result<Option<Zone>, Error> {
    if value.is_none() {
        return Ok(None);
    }
    let zone = value.downcast_object_ref::<ZoneInfo>().map(|it| it.0.clone());
    zone.map(Some).ok_or_else(|| failed(format!("a time zone comes from modules.pytz, not {}", repr(value))))
}

#[derive(Debug)]
struct Module;

fn by_name(name: &str) -> Option<Tz> {
    name.parse::<Tz>()
        .ok()
        .or_else(|| chrono_tz::TZ_VARIANTS.iter().find(|it| it.name().eq_ignore_ascii_case(name)).copied())
}

impl Object for Module {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str()? {
            "utc" | "UTC" => value(Zone::utc()),
            "all_timezones" | "common_timezones" => {
                Value::from_iter(chrono_tz::TZ_VARIANTS.iter().map(|it| Value::from(it.name())))
            }
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::new(name, args);
        match name {
            "timezone" => {
                let name = arguments.text(0, "zone")?;
                let tz = by_name(&name).ok_or_else(|| failed(format!("there is no time zone `{name}`")))?;
                Ok(value(if tz == Tz::UTC { Zone::utc() } else { Zone::named(tz) }))
            }
            "FixedOffset" => {
                let minutes = arguments.whole(0, "offset")?;
                let seconds = i32::try_from(minutes).ok().filter(|it| it.abs() < 1440).map(|it| it * 60);
                seconds.map(|it| value(Zone::fixed(it))).ok_or_else(|| failed("an offset is less than a day"))
            }
            _ => Err(Error::new(ErrorKind::UnknownMethod, format!("pytz has no function `{name}`"))),
        }
    }
}

#[derive(Debug)]
struct ZoneInfo(Zone);

fn moment(arguments: &Arguments<'_>) -> Result<Arc<Moment>, Error> {
    let value = arguments.needed(0, "dt")?;
    value.downcast_object::<Moment>().ok_or_else(|| arguments.wrong("dt", "a datetime", &value))
}

impl Object for ZoneInfo {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        (key.as_str()? == "zone").then(|| Value::from(self.0.name()))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = &other.downcast_ref::<ZoneInfo>()?.0;
        Some((self.0.name(), self.0.offset).cmp(&(other.name(), other.offset)))
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::new(name, args);
        match name {
            "localize" => {
                let moment = moment(&arguments)?;
                if moment.zone.is_some() {
                    return Err(failed("not a naive datetime: it has a time zone already"));
                }
                let is_dst = arguments.given(1, "is_dst").is_some_and(|it| it.is_true());
                let zone = self.0.local(moment.local, is_dst);
                Ok(Value::from_object(Moment { local: moment.local, zone: Some(zone) }))
            }
            "normalize" | "fromutc" => {
                let moment = moment(&arguments)?;
                let utc = match name {
                    "fromutc" => Moment { local: moment.local, zone: Some(Zone::utc()) },
                    _ => (*moment).clone(),
                };
                Ok(Value::from_object(utc.moved(&self.0)))
            }
            "utcoffset" | "dst" | "tzname" => {
                let moment = moment(&arguments)?;
                let there = Moment { local: moment.local, zone: Some(self.0.local(moment.local, false)) };
                Object::call_method(&Arc::new(there), state, name, &[])
            }
            _ => Err(Error::new(ErrorKind::UnknownMethod, format!("a time zone has no method `{name}`"))),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}
