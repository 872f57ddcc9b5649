//! Filters whose result is a list that can change.

use minijinja::value::Kwargs;
use minijinja::{Environment, Error, State, Value, filters};

use crate::jinja::values::{failed, list};

/// More parts than anybody asks for.
const LARGEST: usize = 100_000;

pub(super) fn register(environment: &mut Environment<'static>) {
    let sized = |count: usize| if count > LARGEST { Err(failed("that many columns fit no memory")) } else { Ok(count) };
    environment.add_filter("batch", move |state: &State<'_, '_>, value: Value, count: usize, fill: Option<Value>| {
        filters::batch(state, value, sized(count)?, fill)
    });
    environment.add_filter("slice", move |state: &State<'_, '_>, value: Value, count: usize, fill: Option<Value>| {
        filters::slice(state, value, sized(count)?, fill)
    });
    // As in Jinja2, what is not there is empty.
    let length = |value: &Value| if value.is_undefined() { Ok(0) } else { filters::length(value) };
    environment.add_filter("length", length);
    environment.add_filter("count", length);
    environment.add_filter("list", |state: &State<'_, '_>, value: Value| changeable(&filters::list(state, value)?));
    environment.add_filter("sort", |state: &State<'_, '_>, value: Value, reverse: Option<bool>, named: Kwargs| {
        let sorted = match reverse {
            Some(reverse) => filters::sort(state, value, Kwargs::from_iter([("reverse", Value::from(reverse))]))?,
            None => filters::sort(state, value, named)?,
        };
        changeable(&sorted)
    });
    environment.add_filter(
        "dictsort",
        |value: Value, case_sensitive: Option<bool>, by: Option<String>, named: Kwargs| {
            let sorted = match (case_sensitive, by) {
                (None, None) => filters::dictsort(&value, named)?,
                (case_sensitive, by) => {
                    let case = ("case_sensitive", Value::from(case_sensitive.unwrap_or(false)));
                    let by = ("by", Value::from(by.unwrap_or_else(|| "key".to_owned())));
                    filters::dictsort(&value, Kwargs::from_iter([case, by]))?
                }
            };
            changeable(&sorted)
        },
    );
}

fn changeable(value: &Value) -> Result<Value, Error> {
    Ok(list(value.try_iter()?.collect()))
}
