//! `config(…)`, `config.get`, `config.require` and what goes with them.

use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use super::split;
use crate::diagnostics::Code;
use crate::jinja::members;
use crate::jinja::problem::Problem;
use crate::jinja::scope::Scope;
use crate::jinja::values::{self, Arguments};
use crate::project::Json;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_global("config", Value::from_object(ConfigCall));
}

#[derive(Debug)]
struct ConfigCall;

impl Object for ConfigCall {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let scope = Scope::of(state)?;
        if scope.executes() {
            return Ok(Value::from(""));
        }
        let (positional, named) = split(args);
        let mut captured = scope.captured();
        for mapping in positional {
            for (one, other) in [("pre_hook", "pre-hook"), ("post_hook", "post-hook")] {
                let has = |key: &str| mapping.get_attr(key).is_ok_and(|it| !it.is_undefined());
                if has(one) && has(other) {
                    let words = format!("`config()` has both `{one}` and `{other}`, which are one key");
                    return Err(Problem::error(Code::DuplicateName, words, Some("put both into one list".to_owned())));
                }
            }
        }
        if let Some(named) = named {
            for key in named.args() {
                let value: Value = named.get(key)?;
                captured.config.set(key, to_json(&value)?, None);
            }
        }
        for mapping in positional {
            for key in mapping.try_iter()? {
                let value = mapping.get_item(&key)?;
                captured.config.set(&key.to_string(), to_json(&value)?, None);
            }
        }
        Ok(Value::from(""))
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let scope = Scope::of(state)?;
        let arguments = Arguments::new(method, args);
        match method {
            "get" | "meta_get" => {
                let name = arguments.text(0, "name")?;
                let default = arguments.given(1, "default").unwrap_or_else(|| Value::from(()));
                let value = find(&scope, &name, method == "meta_get").unwrap_or_else(|| default.clone());
                // As in dbt: without a default there is nothing to hold a missing value against.
                if !default.is_none() {
                    validate(state, &scope, &arguments, &value)?;
                }
                Ok(value)
            }
            "require" | "meta_require" => {
                let name = arguments.text(0, "name")?;
                let Some(value) = find(&scope, &name, method == "meta_require") else {
                    // Only at the second look is the configuration complete.
                    return if scope.executes() {
                        Err(Problem::error(Code::MissingKey, format!("the configuration has no `{name}`"), None))
                    } else {
                        Ok(Value::from(""))
                    };
                };
                validate(state, &scope, &arguments, &value)?;
                Ok(value)
            }
            "set" => {
                let (name, value) = (arguments.needed(0, "name")?, arguments.needed(1, "value")?);
                self.call(state, &[values::dict([(name, value)].into_iter().collect())])
            }
            "persist_relation_docs" | "persist_column_docs" => {
                let part = if method == "persist_relation_docs" { "relation" } else { "columns" };
                let wanted = scope.config.get("persist_docs").and_then(|it| it.get(part)).and_then(Json::as_bool);
                Ok(Value::from(scope.executes() && wanted.unwrap_or(false)))
            }
            _ => Err(Error::new(ErrorKind::UnknownMethod, format!("config has no method `{method}`"))),
        }
    }
}

/// What the node's configuration has under a name, or its `meta`.
fn find(scope: &Scope, name: &str, in_meta: bool) -> Option<Value> {
    let captured = scope.captured();
    let in_one = |config: &crate::project::Config| {
        let found = if in_meta { config.get("meta").and_then(|it| it.get(name)) } else { config.get(name) };
        found.map(values::from_json)
    };
    let found = in_one(&scope.config).or_else(|| in_one(&captured.config));
    // While parsing the configuration is not complete, so that a default may still be replaced.
    found.or_else(|| if in_meta || !scope.executes() { None } else { members::default_setting(scope, name) })
}

fn validate(state: &mut State<'_, '_>, scope: &Scope, arguments: &Arguments<'_>, value: &Value) -> Result<(), Error> {
    let at = if arguments.of.ends_with("get") { 2 } else { 1 };
    match arguments.given(at, "validator").filter(|it| !it.is_none() && !it.is_undefined()) {
        Some(validator) if scope.executes() => validator.call(state, std::slice::from_ref(value)).map(|_| ()),
        _ => Ok(()),
    }
}

fn to_json(value: &Value) -> Result<Json, Error> {
    serde_json::to_value(value).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}
