//! `render('text')`: a text's own template. Variables that hold templates are rendered so as well.

use minijinja::{Environment, Error, State};

use crate::jinja::rewriting;
use crate::jinja::translation::translate;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function("render", |state: &mut State<'_, '_>, text: String| render(state, &text));
}

/// Renders a text with what the running template sees, but for the names that it has set.
pub(super) fn render(state: &State<'_, '_>, text: &str) -> Result<String, Error> {
    if !text.contains('{') {
        return Ok(text.to_owned());
    }
    let (template, _) = rewriting::apply(text, translate(text).changes);
    state.env().render_str(&template, state.lookup("context").unwrap_or_default())
}
