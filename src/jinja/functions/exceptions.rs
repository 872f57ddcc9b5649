//! `exceptions`: how templates complain, in dbt's words.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use crate::diagnostics::Code;
use crate::jinja::problem::Problem;
use crate::jinja::scope::{LogLine, Scope};
use crate::jinja::values::Arguments;

/// dbt's list, of `context/exceptions_jinja.py`.
const NAMES: [&str; 21] = [
    "column_type_missing",
    "missing_config",
    "missing_materialization",
    "missing_relation",
    "raise_ambiguous_alias",
    "raise_ambiguous_catalog_match",
    "raise_cache_inconsistent",
    "raise_compiler_error",
    "raise_contract_error",
    "raise_database_error",
    "raise_dataclass_not_dict",
    "raise_dep_not_found",
    "raise_dependency_error",
    "raise_duplicate_patch_name",
    "raise_duplicate_resource_name",
    "raise_fail_fast_error",
    "raise_invalid_property_yml_version",
    "raise_not_implemented",
    "relation_wrong_type",
    "warn",
    "warn_snapshot_timestamp_data_types",
];

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_global("exceptions", Value::from_object(Exceptions));
}

#[derive(Debug)]
struct Exceptions;

/// One of them as a value: `try_or_compiler_error('…', exceptions.warn, '…')`.
#[derive(Debug)]
struct Exception(&'static str);

impl Object for Exceptions {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        NAMES.iter().find(|it| **it == name).map(|it| Value::from_object(Exception(it)))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&NAMES)
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        if NAMES.contains(&name) {
            return complain(state, &Arguments::new(name, args));
        }
        Err(Error::new(ErrorKind::UnknownMethod, format!("exceptions has no method `{name}`")))
    }
}

impl Object for Exception {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        complain(state, &Arguments::new(self.0, args))
    }
}

fn complain(state: &mut State<'_, '_>, arguments: &Arguments<'_>) -> Result<Value, Error> {
    let text = |at: usize, name: &str| arguments.given(at, name).map(|it| it.to_string()).unwrap_or_default();
    let part = |at: usize, name: &str, part: &str| {
        let found = arguments.given(at, name).and_then(|it| it.get_attr(part).ok()).filter(|it| !it.is_undefined());
        found.map(|it| it.to_string()).unwrap_or_default()
    };
    let message = match arguments.of {
        "warn" => return warn(state, &text(0, "msg")),
        "warn_snapshot_timestamp_data_types" => {
            let (snapshot, updated) = (text(0, "snapshot_time_data_type"), text(1, "updated_at_data_type"));
            return warn(
                state,
                &format!(
                    "data type of snapshot table timestamp columns ({snapshot}) doesn't match derived column \
                     'updated_at' ({updated}); please update the snapshot config 'updated_at'"
                ),
            );
        }
        "missing_config" => format!(
            "model '{}' does not define a required config parameter '{}'",
            part(0, "model", "unique_id"),
            text(1, "name")
        ),
        "missing_materialization" => {
            let config = arguments.given(0, "model").and_then(|it| it.get_attr("config").ok()).unwrap_or_default();
            let materialized = config.get_attr("materialized").unwrap_or_default();
            format!("no materialization '{materialized}' was found for adapter {}", text(1, "adapter_type"))
        }
        "missing_relation" => format!("relation {} not found", text(0, "relation")),
        "relation_wrong_type" => format!(
            "trying to create {} {relation}, but it currently exists as a {}. Either drop {relation} manually, or run \
             with `--full-refresh`",
            text(1, "expected_type"),
            part(0, "relation", "type"),
            relation = text(0, "relation"),
        ),
        "column_type_missing" => {
            format!("contracted models require data_type to be defined for each column: {}", text(0, "column_names"))
        }
        "raise_contract_error" => "this model has an enforced contract that failed".to_owned(),
        "raise_ambiguous_alias" => format!(
            "two resources would have the identical database representation: '{}' and '{}'",
            part(0, "node_1", "unique_id"),
            part(1, "node_2", "unique_id")
        ),
        "raise_duplicate_resource_name" => format!(
            "two resources have the name '{}': '{}' and '{}'",
            part(0, "node_1", "name"),
            part(0, "node_1", "unique_id"),
            part(1, "node_2", "unique_id")
        ),
        "raise_dep_not_found" => format!("{} '{}' was not found", text(1, "node_description"), text(2, "required_pkg")),
        _ => {
            arguments.positional.first().cloned().or_else(|| arguments.given(0, "msg")).unwrap_or_default().to_string()
        }
    };
    Err(Problem::error(Code::BadJinja, message, None))
}

fn warn(state: &mut State<'_, '_>, message: &str) -> Result<Value, Error> {
    Scope::of(state)?.captured().lines.push(LogLine { visible: true, text: format!("warning: {message}") });
    Ok(Value::from(""))
}
