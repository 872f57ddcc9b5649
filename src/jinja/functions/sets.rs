//! `set` and `set_strict`: each value once.

use minijinja::Environment;
use minijinja::value::Value;

use crate::jinja::values::{self, function};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_global(
        "set",
        function("set", |_, arguments| {
            let made = values::set(&arguments.needed(0, "value")?);
            Ok(made.unwrap_or_else(|_| arguments.given(1, "default").unwrap_or_else(|| Value::from(()))))
        }),
    );
    environment.add_function("set_strict", |items: Value| values::set(&items));
}
