//! `var('name', default)` and `var.has_var('name')`.

use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use super::split;
use crate::diagnostics::{Code, closest};
use crate::jinja::problem::Problem;
use crate::jinja::scope::Scope;
use crate::jinja::values;
use crate::project::Json;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_global("var", Value::from_object(Var));
}

#[derive(Debug)]
struct Var;

impl Object for Var {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let scope = Scope::of(state)?;
        let (positional, named) = split(args);
        let name = positional.first().and_then(Value::as_str);
        let name = name.ok_or_else(|| Error::new(ErrorKind::MissingArgument, "var takes a name"))?;
        let default = positional.get(1).cloned().or_else(|| named.and_then(|it| it.get("default").ok()));
        if let Some(value) = find(&scope, name) {
            return match value.as_str() {
                // A variable may hold a template of its own.
                Some(text) => super::render::render(state, text).map(Value::from),
                None => Ok(values::from_json(value)),
            };
        }
        default.ok_or_else(|| {
            let known = scope.invocation.project_vars.keys().chain(scope.invocation.cli_vars.keys());
            let help = closest(name, known.map(String::as_str)).map_or_else(
                || format!("set it under `vars:` in dbt_project.yml or with `--vars '{{{name}: …}}'`"),
                |it| format!("did you mean `{it}`?"),
            );
            Problem::error(Code::MissingVar, format!("variable `{name}` is not set"), Some(help))
        })
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        match (method, args.first().and_then(Value::as_str)) {
            ("has_var", Some(name)) => Ok(Value::from(find(&*Scope::of(state)?, name).is_some())),
            _ => Err(Error::new(ErrorKind::UnknownMethod, format!("var has no method `{method}`"))),
        }
    }
}

/// The command line wins, then the root project, then the package that the template is of; in each of these, what is
/// meant for the package wins over what is meant for all.
fn find<'a>(scope: &'a Scope, name: &str) -> Option<&'a Json> {
    let invocation = &scope.invocation;
    let among = |vars: &'a serde_json::Map<String, Json>| {
        vars.get(&scope.package).and_then(|it| it.get(name)).or_else(|| vars.get(name))
    };
    let own = || invocation.package_vars.get(&scope.package).and_then(among);
    invocation.cli_vars.get(name).or_else(|| among(&invocation.project_vars)).or_else(own)
}
