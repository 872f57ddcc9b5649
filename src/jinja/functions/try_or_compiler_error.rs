//! `try_or_compiler_error('message', function, …)`: a function's result, or the message as the error.

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, State};

use crate::diagnostics::Code;
use crate::jinja::problem::Problem;
use crate::jinja::values::{Arguments, function};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_global("try_or_compiler_error", function("try_or_compiler_error", call));
}

fn call(state: &mut State<'_, '_>, arguments: &Arguments<'_>) -> Result<Value, Error> {
    let [message, function, rest @ ..] = arguments.positional else {
        let message = "try_or_compiler_error takes a message and a function";
        return Err(Error::new(ErrorKind::MissingArgument, message));
    };
    let named = arguments.named.clone().map(Value::from);
    let args: Vec<Value> = rest.iter().cloned().chain(named).collect();
    function.call(state, &args).map_err(|_| Problem::error(Code::BadJinja, message.to_string(), None))
}
