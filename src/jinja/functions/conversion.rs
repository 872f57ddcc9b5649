//! `tojson`, `fromjson`, `local_md5`, `zip`, `set` and the filters that make values of text.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, ErrorKind};

use crate::jinja::RelationName;
use crate::jinja::objects::Relation;
use crate::project::Json;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function("tojson", |value: Value, default: Option<Value>| -> Result<Value, Error> {
        match serde_json::to_string(&value) {
            Ok(text) => Ok(Value::from(text)),
            Err(error) => default.ok_or_else(|| Error::new(ErrorKind::BadSerialization, error.to_string())),
        }
    });
    environment.add_function("fromjson", |text: String, default: Option<Value>| -> Result<Value, Error> {
        match serde_json::from_str::<Json>(&text) {
            Ok(value) => Ok(Value::from(Serde(value))),
            Err(error) => default.ok_or_else(|| Error::new(ErrorKind::CannotDeserialize, error.to_string())),
        }
    });
    environment.add_filter("as_native", as_native);
    environment.add_function("local_md5", |text: String| hex(&Md5::digest(text.as_bytes())));
    environment.add_function("set", |items: Value, _default: Option<Value>| -> Result<Value, Error> {
        let mut unique: Vec<Value> = Vec::new();
        for item in items.try_iter()? {
            if !unique.contains(&item) {
                unique.push(item);
            }
        }
        Ok(Value::from(unique))
    });
    environment.add_function("zip", |left: Value, right: Value| -> Result<Value, Error> {
        let pairs = left.try_iter()?.zip(right.try_iter()?).map(|(a, b)| Value::from(vec![a, b]));
        Ok(Value::from(pairs.collect::<Vec<_>>()))
    });
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `as_bool`, `as_number` and `as_native`: text that reads as a value becomes it.
pub(in crate::jinja) fn as_native(value: Value) -> Value {
    let Some(text) = value.as_str() else { return value };
    match text.trim() {
        "True" | "true" => Value::from(true),
        "False" | "false" => Value::from(false),
        other => match serde_json::from_str::<Json>(other) {
            Ok(parsed) if !parsed.is_null() => Value::from(Serde(parsed)),
            _ => value,
        },
    }
}

/// Arguments of a generic test as template values: texts stay texts, the tested relation becomes a relation.
pub(in crate::jinja) fn test_arguments(arguments: &serde_json::Map<String, Json>) -> Value {
    let resolved = arguments.iter().map(|(key, value)| {
        let relation = |part: &str| value.get(part).and_then(Json::as_str).map(str::to_owned);
        let value = match (relation("__database"), relation("__schema"), relation("__identifier")) {
            (Some(database), Some(schema), Some(identifier)) => {
                Relation::named(RelationName { database, schema, identifier })
            }
            _ => Value::from(Serde(value)),
        };
        (key.clone(), value)
    });
    Value::from(resolved.collect::<BTreeMap<String, Value>>())
}
