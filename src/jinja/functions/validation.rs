//! `validation.any[list]`: what `config.require` and `config.get` hold a value against.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use minijinja::{Environment, Error, State};

use crate::diagnostics::Code;
use crate::jinja::problem::Problem;
use crate::jinja::values::repr;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_global("validation", Value::from_pairs([("any", Value::from_object(Any))]));
}

/// `any[…]` and `any(…)`. Templates have no types, so that of what stands in brackets nothing can be held against a
/// value: as in dbt, where it is undefined too.
#[derive(Debug)]
struct Any;

#[derive(Debug)]
struct Validator(Vec<Value>);

impl Object for Any {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        Some(Value::from_object(Validator(Vec::new())))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        Ok(Value::from_object(Validator(args.iter().filter(|it| !it.is_undefined()).cloned().collect())))
    }
}

impl Object for Validator {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let value = args.first().cloned().unwrap_or_default();
        if self.0.is_empty() || self.0.contains(&value) {
            return Ok(Value::from(()));
        }
        let allowed: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        let message = format!("expected value {} to be one of {}", repr(&value), allowed.join(","));
        Err(Problem::error(Code::BadJinja, message, None))
    }
}
