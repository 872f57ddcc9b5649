//! `exceptions`: how templates complain.

use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use crate::diagnostics::Code;
use crate::jinja::problem::Problem;
use crate::jinja::scope::{LogLine, Scope};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_global("exceptions", Value::from_object(Exceptions));
}

#[derive(Debug)]
struct Exceptions;

impl Object for Exceptions {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let message = args.first().map(ToString::to_string).unwrap_or_default();
        match method {
            "warn" => {
                Scope::of(state)?.captured().lines.push(LogLine { visible: true, text: format!("warning: {message}") });
                Ok(Value::from(""))
            }
            "raise_compiler_error" | "raise_parsing_error" | "raise_not_implemented" | "raise_contract_error" => {
                Err(Problem::error(Code::BadJinja, message, None))
            }
            _ => Err(Error::new(ErrorKind::UnknownMethod, format!("exceptions has no method `{method}`"))),
        }
    }
}
