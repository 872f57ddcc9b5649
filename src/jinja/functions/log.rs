//! `log(text, info=true)` and `print(text)`.

use minijinja::value::{Kwargs, Rest, Value};
use minijinja::{Environment, Error, State};

use crate::jinja::scope::{LogLine, Scope};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function(
        "log",
        |state: &mut State<'_, '_>, text: Value, rest: Rest<Value>, named: Kwargs| -> Result<&'static str, Error> {
            let info = rest.first().cloned().or_else(|| named.get::<Option<Value>>("info").ok().flatten());
            let visible = info.is_some_and(|it| it.is_true());
            note(state, visible, &text)
        },
    );
    environment.add_function("print", |state: &mut State<'_, '_>, text: Value| note(state, true, &text));
}

fn note(state: &mut State<'_, '_>, visible: bool, text: &Value) -> Result<&'static str, Error> {
    let scope = Scope::of(state)?;
    // The first look at a template must leave no trace; the second one speaks.
    if scope.executes() {
        scope.captured().lines.push(LogLine { visible, text: text.to_string() });
    }
    Ok("")
}
