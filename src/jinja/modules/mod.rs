//! `modules`: the parts of Python's library that dbt gives to templates. Their clock is the invocation's.

mod datetime;
mod itertools;
mod pytz;
mod re;

pub(super) use datetime::{Moment, add, calendar_date, divide, multiply, subtract};

use minijinja::{Environment, Value};

/// Adds `modules`.
pub(super) fn register(environment: &mut Environment<'static>) {
    let modules = Value::from_pairs([
        ("datetime", datetime::module()),
        ("itertools", itertools::module()),
        ("pytz", pytz::module()),
        ("re", re::module()),
    ]);
    environment.add_global("modules", modules);
}
