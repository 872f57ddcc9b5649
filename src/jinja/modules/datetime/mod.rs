//! Python's module `datetime`: points in time, dates, times of day, durations, and what operators do with them.

mod classes;
mod date;
mod delta;
mod iso;
mod moment;
mod strftime;
mod strptime;
mod time;
mod zone;

pub(in crate::jinja) use moment::Moment;
pub(super) use zone::Zone;

use date::Date;
use delta::Delta;
use minijinja::{Error, Value};

use crate::jinja::values::failed;

/// The module, as dbt gives it.
pub(super) fn module() -> Value {
    classes::module()
}

/// A date as Python has it.
pub(in crate::jinja) fn calendar_date(date: chrono::NaiveDate) -> Value {
    Value::from_object(Date(date))
}

/// Python's own words.
fn out_of_range() -> Error {
    failed("date value out of range")
}

/// `a + b`; `None` where neither is of this module.
pub(in crate::jinja) fn add(a: &Value, b: &Value) -> Result<Option<Value>, Error> {
    let delta = |it: &Value| it.downcast_object::<Delta>();
    match (delta(a), delta(b)) {
        (Some(a), Some(b)) => Delta::value(a.0 + b.0).map(Some),
        (None, Some(delta)) => shifted(a, delta.0),
        (Some(delta), None) => shifted(b, delta.0),
        (None, None) => Ok(None),
    }
}

/// `a - b`; `None` where neither is of this module.
pub(in crate::jinja) fn subtract(a: &Value, b: &Value) -> Result<Option<Value>, Error> {
    if let (Some(a), Some(b)) = (a.downcast_object::<Moment>(), b.downcast_object::<Moment>()) {
        return Delta::value(a.since(&b)?).map(Some);
    }
    if let (Some(a), Some(b)) = (a.downcast_object::<Date>(), b.downcast_object::<Date>()) {
        let days = i128::from((a.0 - b.0).num_days());
        return Delta::value(days * delta::DAY).map(Some);
    }
    match (a.downcast_object::<Delta>(), b.downcast_object::<Delta>()) {
        (Some(a), Some(b)) => Delta::value(a.0 - b.0).map(Some),
        (None, Some(delta)) => shifted(a, -delta.0),
        _ => Ok(None),
    }
}

/// `a * b`; `None` where neither is of this module.
pub(in crate::jinja) fn multiply(a: &Value, b: &Value) -> Result<Option<Value>, Error> {
    match (a.downcast_object::<Delta>(), b.downcast_object::<Delta>()) {
        (Some(delta), None) => delta.times(b),
        (None, Some(delta)) => delta.times(a),
        _ => Ok(None),
    }
}

/// `a / b` or `a // b`; `None` where they are not of this module.
pub(in crate::jinja) fn divide(a: &Value, b: &Value, whole: bool) -> Result<Option<Value>, Error> {
    match a.downcast_object::<Delta>() {
        Some(delta) => delta.divided(b, whole),
        None => Ok(None),
    }
}

fn shifted(value: &Value, microseconds: i128) -> Result<Option<Value>, Error> {
    if let Some(moment) = value.downcast_object::<Moment>() {
        return moment.shifted(microseconds).map(|it| Some(Value::from_object(it)));
    }
    if let Some(date) = value.downcast_object::<Date>() {
        return date.shifted(microseconds.div_euclid(delta::DAY)).map(|it| Some(Value::from_object(it)));
    }
    Ok(None)
}
