//! `api.Relation` and `api.Column`: the classes that templates make values of.

use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use crate::jinja::objects::{ColumnClass, Relation};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_global("api", Value::from_object(Api));
}

/// A class by its name; `adapter` has them as members too.
pub(super) fn class(name: &str) -> Option<Value> {
    match name {
        "Column" => Some(Value::from_object(ColumnClass)),
        "Relation" => Some(Value::from_object(RelationClass)),
        _ => None,
    }
}

/// `api`. An object and not a list of pairs, which is what a collected map of two becomes.
#[derive(Debug)]
struct Api;

impl Object for Api {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        class(key.as_str()?)
    }
}

#[derive(Debug)]
struct RelationClass;

impl Object for RelationClass {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        // What kinds of relations are called.
        Some(Value::from(match key.as_str()? {
            "Table" => "table",
            "View" => "view",
            "CTE" => "cte",
            "External" => "external",
            "MaterializedView" => "materialized_view",
            _ => return None,
        }))
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        Relation::create(args)
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        match method {
            "create" => Relation::create(args),
            "create_from" | "create_from_source" => Ok(args.last().cloned().unwrap_or_default()),
            _ => Err(Error::new(ErrorKind::UnknownMethod, format!("api.Relation has no method `{method}`"))),
        }
    }
}
