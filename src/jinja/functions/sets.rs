//! `set` and `set_strict`: each value once.

use minijinja::value::{Rest, Value};
use minijinja::{Environment, Error};

use crate::jinja::values::{self, Arguments};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function("set", |args: Rest<Value>| -> Result<Value, Error> {
        let arguments = Arguments::new("set", &args);
        let made = values::set(&arguments.needed(0, "value")?);
        Ok(made.unwrap_or_else(|_| arguments.given(1, "default").unwrap_or_else(|| Value::from(()))))
    });
    environment.add_function("set_strict", |items: Value| values::set(&items));
}
