//! Values of texts, and of a generic test's arguments.

use std::collections::BTreeMap;

use minijinja::value::Value;

use crate::jinja::RelationName;
use crate::jinja::scope::Scope;
use crate::jinja::values;
use crate::project::Json;

/// `as_bool`, `as_number` and `as_native`: text that reads as a value becomes it.
pub(in crate::jinja) fn as_native(value: Value) -> Value {
    let Some(text) = value.as_str() else { return value };
    match text.trim() {
        "True" | "true" => Value::from(true),
        "False" | "false" => Value::from(false),
        other => match serde_json::from_str::<Json>(other) {
            Ok(parsed) if !parsed.is_null() => values::from_json(&parsed),
            _ => value,
        },
    }
}

/// Arguments of a generic test as template values: texts stay texts, the tested relation becomes a relation.
pub(in crate::jinja) fn test_arguments(arguments: &serde_json::Map<String, Json>, scope: &Scope) -> Value {
    let resolved = arguments.iter().map(|(key, value)| {
        let relation = |part: &str| value.get(part).and_then(Json::as_str).map(str::to_owned);
        let value = match (relation("__database"), relation("__schema"), relation("__identifier")) {
            (Some(database), Some(schema), Some(identifier)) => {
                scope.reference(RelationName { database, schema, identifier })
            }
            _ => values::from_json(value),
        };
        (key.clone(), value)
    });
    Value::from(resolved.collect::<BTreeMap<String, Value>>())
}
