//! Python's values where the template engine's differ: lists and dicts that change, sets, what operators and methods
//! mean. Every list and dict that a template writes down or computes is one of these.

mod arguments;
mod dict;
mod format;
mod function;
mod list;
mod methods;
mod number;
mod operators;
mod range;
mod set;
mod text;
mod view;

pub(super) use arguments::Arguments;
pub(super) use dict::{Entries, dict};
pub(super) use function::function;
pub(super) use list::list;
pub(super) use number::float_text;
pub(super) use set::{Set, set};

use minijinja::value::{Serde, Tuple, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State, Value};

use crate::project::Json;

/// Adds what makes them, and what calculates with them.
pub(super) fn register(environment: &mut Environment<'static>) {
    environment
        .add_function("__list", |items: Value| -> Result<Value, Error> { Ok(list(items.try_iter()?.collect())) });
    environment.add_function("__dict", |items: Value| dict::from_arguments(Some(&items), None));
    let dict =
        |_: &mut State<'_, '_>, it: &Arguments<'_>| dict::from_arguments(it.positional.first(), it.named.as_ref());
    environment.add_global("dict", function("dict", dict));
    environment.add_global("__undefined", Value::UNDEFINED);
    operators::register(environment);
    range::register(environment);
    environment.set_unknown_method_callback(methods::method);
}

/// Prints a value into the rendered text.
pub(super) fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match f64::try_from(value.clone()) {
        Ok(floating) if value.is_number() && !value.is_integer() => {
            out.write_str(&float_text(floating)).map_err(Error::from)
        }
        _ => minijinja::escape_formatter(out, state, value),
    }
}

/// A tuple of some items.
pub(super) fn tuple(items: Vec<Value>) -> Value {
    Value::from(Tuple::from(items))
}

/// Whether a value is a list: neither a tuple nor a set.
pub(super) fn is_list(value: &Value) -> bool {
    value.kind() == ValueKind::Seq && !value.is_tuple() && value.downcast_object_ref::<Set>().is_none()
}

/// An error of a template that asked for something impossible.
pub(super) fn failed(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// A value as Python's `repr` prints it.
pub(super) fn repr(value: &Value) -> String {
    format!("{value:?}")
}

/// Whether a value, or something inside it, is the one that is looked for.
fn holds(value: &Value, is_it: &dyn Fn(&Value) -> bool) -> bool {
    if is_it(value) {
        return true;
    }
    match value.kind() {
        ValueKind::Seq => value.try_iter().is_ok_and(|mut it| it.any(|item| holds(&item, is_it))),
        ValueKind::Map => value
            .try_iter()
            .is_ok_and(|mut it| it.any(|key| value.get_item(&key).is_ok_and(|item| holds(&item, is_it)))),
        _ => false,
    }
}

/// A value of YAML or JSON, whose lists and dicts can change.
pub(super) fn from_json(json: &Json) -> Value {
    match json {
        Json::Array(items) => list(items.iter().map(from_json).collect()),
        Json::Object(entries) => {
            dict(entries.iter().map(|(key, value)| (Value::from(key.as_str()), from_json(value))).collect())
        }
        other => Value::from(Serde(other)),
    }
}
