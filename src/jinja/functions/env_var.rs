//! `env_var('NAME', default)`.

use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error, State};

use crate::diagnostics::{Code, closest};
use crate::jinja::problem::Problem;
use crate::jinja::scope::Scope;

/// What begins so never gets into SQL.
const SECRET: &str = "DBT_ENV_SECRET_";

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function(
        "env_var",
        |state: &mut State<'_, '_>, name: String, default: Option<Value>, named: Kwargs| -> Result<Value, Error> {
            let scope = Scope::of(state)?;
            let default = default.or(named.get::<Option<Value>>("default")?).filter(|it| !it.is_none());
            if name.starts_with(SECRET) && !scope.may_see_secrets {
                let message = format!("secret environment variable `{name}` is used outside of profiles.yml");
                let help = "dbt gives variables that begin with DBT_ENV_SECRET_ to profiles.yml and packages.yml alone";
                return Err(Problem::error(Code::MissingEnvVar, message, Some(help.to_owned())));
            }
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
