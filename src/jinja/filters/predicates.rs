//! `is callable`, `is iterable` and `is sequence`.

use minijinja::value::ValueKind;
use minijinja::{Environment, Value};

use crate::jinja::values::Set;

pub(super) fn register(environment: &mut Environment<'static>) {
    // Whether an object can be called is known only by calling it; objects that are no data are taken to be callable.
    environment.add_test("callable", |value: Value| value.kind() == ValueKind::Plain);
    // As in Jinja2, what has a length and positions or keys: texts and dicts too.
    environment.add_test("sequence", |value: Value| {
        matches!(value.kind(), ValueKind::String | ValueKind::Seq | ValueKind::Map)
            && value.downcast_object_ref::<Set>().is_none()
    });
    environment.add_test("iterable", |value: Value| !value.is_none() && value.try_iter().is_ok());
}
