//! `env_var('NAME', default)`.

use minijinja::value::Value;
use minijinja::{Environment, Error, State};

use crate::diagnostics::{Code, closest};
use crate::jinja::problem::Problem;
use crate::jinja::scope::Scope;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function(
        "env_var",
        |state: &mut State<'_, '_>, name: String, default: Option<Value>| -> Result<Value, Error> {
            let scope = Scope::of(state)?;
            let known = &scope.invocation.environment;
            known.get(&name).map(|it| Value::from(it.as_str())).or(default).ok_or_else(|| {
                let near = closest(&name, known.keys().map(String::as_str));
                let help = near.map_or_else(
                    || "set it, or give a default: `env_var('NAME', 'default')`".to_owned(),
                    |it| format!("did you mean `{it}`?"),
                );
                Problem::error(Code::MissingEnvVar, format!("environment variable `{name}` is not set"), Some(help))
            })
        },
    );
}
