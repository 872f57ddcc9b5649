//! `doc('name')`: a documentation block.

use minijinja::value::Rest;
use minijinja::{Environment, Error, State};

use crate::diagnostics::{Code, closest};
use crate::jinja::problem::Problem;
use crate::jinja::scope::Scope;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function("doc", |state: &mut State<'_, '_>, names: Rest<String>| -> Result<String, Error> {
        let scope = Scope::of(state)?;
        let name = names.last().cloned().unwrap_or_default();
        let docs = &scope.invocation.docs;
        docs.get(&name).cloned().ok_or_else(|| {
            let near = closest(&name, docs.keys().map(String::as_str)).map(|it| format!("did you mean `{it}`?"));
            Problem::error(Code::UnknownNode, format!("there is no documentation block `{name}`"), near)
        })
    });
}
