//! `config(…)`, `config.get`, `config.require`.

use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Serde, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use super::split;
use crate::diagnostics::Code;
use crate::jinja::problem::Problem;
use crate::jinja::scope::Scope;
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
        let (positional, named) = split(args);
        let key = positional.first().map(ToString::to_string).unwrap_or_default();
        let default = positional.get(1).cloned().or_else(|| named.and_then(|it| it.get("default").ok()));
        match method {
            "get" | "meta_get" => {
                let config = &scope.config;
                let value =
                    if method == "get" { config.get(&key) } else { config.get("meta").and_then(|it| it.get(&key)) };
                let captured = scope.captured().config.get(&key).cloned();
                Ok(value.or(captured.as_ref()).map(|it| Value::from(Serde(it))).or(default).unwrap_or(Value::from(())))
            }
            "require" => match scope.config.get(&key).cloned().or_else(|| scope.captured().config.get(&key).cloned()) {
                Some(value) => Ok(Value::from(Serde(value))),
                // Only at the second look is the configuration complete.
                None if !scope.executes() => Ok(Value::from("")),
                None => Err(Problem::error(Code::MissingKey, format!("the configuration has no `{key}`"), None)),
            },
            "set" => Ok(Value::from("")),
            "persist_relation_docs" | "persist_column_docs" => Ok(Value::from(false)),
            _ => Err(Error::new(ErrorKind::UnknownMethod, format!("config has no method `{method}`"))),
        }
    }
}

fn to_json(value: &Value) -> Result<Json, Error> {
    serde_json::to_value(value).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}
