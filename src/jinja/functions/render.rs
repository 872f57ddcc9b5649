//! `render('text')`: a text's own template. Variables that hold templates are rendered so as well.

use minijinja::{Environment, Error, State, Value};

use crate::jinja::rewriting;
use crate::jinja::scope::Scope;
use crate::jinja::translation::translate;

/// The name of the template text that makes all macros callable.
pub(in crate::jinja) const ALL_MACROS: &str = "__all_macros";

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function("render", |state: &mut State<'_, '_>, text: String| render(state, &text));
}

/// Renders a text with what the running template sees, but for the names that it has set.
pub(super) fn render(state: &State<'_, '_>, text: &str) -> Result<String, Error> {
    if !text.contains('{') {
        return Ok(text.to_owned());
    }
    let (template, _) = rewriting::apply(text, translate(text).changes);
    let context = state.lookup("context").unwrap_or_default();
    let rendered = state.env().render_str(&template, &context);
    // A macro that the text calls is not at hand; most texts call none.
    let scope = Scope::of(state).ok().filter(|it| rendered.is_err() && it.captured().needs_all_macros);
    match (scope, state.lookup(ALL_MACROS).as_ref().and_then(Value::as_str)) {
        (Some(scope), Some(imports)) => {
            scope.captured().needs_all_macros = false;
            state.env().render_str(&format!("{imports}{template}"), &context)
        }
        _ => rendered,
    }
}
