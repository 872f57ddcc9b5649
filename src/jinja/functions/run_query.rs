//! `run_query` and `statement`: queries while templates render.

use minijinja::value::{Rest, Value};
use minijinja::{Environment, Error, State};

use crate::diagnostics::Code;
use crate::jinja::problem::Problem;
use crate::jinja::scope::Scope;

pub(super) fn register(environment: &mut Environment<'static>) {
    for name in ["run_query", "statement", "load_result"] {
        environment.add_function(
            name,
            move |state: &mut State<'_, '_>, _arguments: Rest<Value>| -> Result<Value, Error> {
                if !Scope::of(state)?.executes() {
                    return Ok(Value::from(()));
                }
                Err(Problem::error(
                    Code::Unsupported,
                    format!("`{name}` would run a query while the project is being planned"),
                    Some("put the query into a model of its own and refer to it".to_owned()),
                ))
            },
        );
    }
}
