//! `tojson` and `fromjson`, as function and filter: what Python's `json.dumps` and `json.loads` give.

use std::fmt::Write;

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

use crate::jinja::values::{self, function};
use crate::project::Json;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_global(
        "tojson",
        function("tojson", |_, arguments| {
            let sort_keys = arguments.given(2, "sort_keys").is_some_and(|it| it.is_true());
            Ok(Value::from(dumps(&arguments.needed(0, "value")?, sort_keys)?))
        }),
    );
    environment.add_filter("tojson", |value: Value, indent: Option<usize>| -> Result<Value, Error> {
        let mut text = dumps(&value, true)?;
        if let Some(indent) = indent {
            text = indented(&text, indent);
        }
        // Jinja2's filter is made for HTML.
        for (character, escape) in [("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027")] {
            text = text.replace(character, escape);
        }
        Ok(Value::from(text))
    });
    environment.add_global(
        "fromjson",
        function("fromjson", |_, arguments| {
            let text = arguments.text(0, "string")?;
            match serde_json::from_str::<Json>(&text) {
                Ok(value) => Ok(values::from_json(&value)),
                Err(_) => Ok(arguments.given(1, "default").unwrap_or_else(|| Value::from(()))),
            }
        }),
    );
}

/// A value as JSON, with Python's white space.
pub(in crate::jinja) fn dumps(value: &Value, sort_keys: bool) -> Result<String, Error> {
    let mut text = String::new();
    write_value(&mut text, value, sort_keys)?;
    Ok(text)
}

fn write_value(text: &mut String, value: &Value, sort_keys: bool) -> Result<(), Error> {
    match value.kind() {
        ValueKind::None => text.push_str("null"),
        ValueKind::Bool => text.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => text.push_str(&number(value)),
        ValueKind::String => write_text(text, value.as_str().unwrap_or_default()),
        ValueKind::Seq if value.downcast_object_ref::<values::Set>().is_none() => {
            text.push('[');
            for (at, item) in value.try_iter()?.enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                write_value(text, &item, sort_keys)?;
            }
            text.push(']');
        }
        ValueKind::Map => {
            text.push('{');
            let mut entries: Vec<(String, Value)> = Vec::new();
            for key in value.try_iter()? {
                let item = value.get_item(&key)?;
                let key = key_text(&key)?;
                // As Python has it, `1` and `true` are one key when they are texts; the last value stays.
                match entries.iter_mut().find(|(it, _)| *it == key) {
                    Some(entry) => entry.1 = item,
                    None => entries.push((key, item)),
                }
            }
            if sort_keys {
                entries.sort_by(|a, b| a.0.cmp(&b.0));
            }
            for (at, (key, item)) in entries.iter().enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                write_text(text, key);
                text.push_str(": ");
                write_value(text, item, sort_keys)?;
            }
            text.push('}');
        }
        _ => return Err(not_serializable(value)),
    }
    Ok(())
}

fn not_serializable(value: &Value) -> Error {
    let shown = if value.is_undefined() { "an undefined value".to_owned() } else { values::repr(value) };
    Error::new(ErrorKind::BadSerialization, format!("{shown} can't be written as JSON"))
}

fn number(value: &Value) -> String {
    match f64::try_from(value.clone()) {
        Ok(floating) if !value.is_integer() => match values::float_text(floating).as_str() {
            "inf" => "Infinity".to_owned(),
            "-inf" => "-Infinity".to_owned(),
            "nan" => "NaN".to_owned(),
            text => text.to_owned(),
        },
        _ => value.to_string(),
    }
}

fn key_text(key: &Value) -> Result<String, Error> {
    match key.kind() {
        ValueKind::None => Ok("null".to_owned()),
        ValueKind::Bool => Ok(if key.is_true() { "true" } else { "false" }.to_owned()),
        ValueKind::Number => Ok(number(key)),
        ValueKind::String => Ok(key.to_string()),
        _ => Err(not_serializable(key)),
    }
}

fn write_text(text: &mut String, value: &str) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a text can't fail.
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text.push('"');
}

fn indented(text: &str, indent: usize) -> String {
    let Ok(parsed) = serde_json::from_str::<Json>(text) else { return text.to_owned() };
    let spaces = " ".repeat(indent.min(16));
    let formatter = serde_json::ser::PrettyFormatter::with_indent(spaces.as_bytes());
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    match serde::Serialize::serialize(&parsed, &mut serializer) {
        Ok(()) => String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned()),
        Err(_) => text.to_owned(),
    }
}
