//! Names and ids of generic tests, exactly as dbt synthesises them (`dbt/parser/generic_test_builders.py`), because
//! people select by them and other tools join on them.

use md5::{Digest, Md5};

use crate::project::Json;

/// The long name of a generic test and, where that is over 63 characters, the short one that is used instead.
pub(super) fn synthesize(kind: &str, target: &str, arguments: &serde_json::Map<String, Json>) -> (String, String) {
    let mut flat = Vec::new();
    let mut names: Vec<&String> = arguments.keys().filter(|it| *it != "model").collect();
    names.sort();
    for name in names {
        match &arguments[name] {
            Json::Object(value) => flat.extend(value.values().map(python_str)),
            Json::Array(value) => flat.extend(value.iter().map(python_str)),
            value => flat.push(python_str(value)),
        }
    }
    let clean: Vec<String> = flat.iter().map(|it| cleaned(it)).collect();
    let identifier = format!("{kind}_{target}");
    let full = format!("{identifier}_{}", clean.join("__"));
    let short = if full.len() >= 64 {
        let prefix: String = identifier.chars().take(30).collect();
        format!("{prefix}_{}", md5_hex(&full))
    } else {
        full.clone()
    };
    (short, full)
}

/// The end of a generic test's `unique_id`.
pub(super) fn hash(name: &str, metadata: &Json) -> String {
    let digest = md5_hex(&format!("{name}{}", python_repr_of_strings(metadata)));
    digest[digest.len() - 10..].to_owned()
}

fn cleaned(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            out.push(c);
        } else if !out.ends_with("\u{0}") {
            out.push('\u{0}');
        }
    }
    out.replace('\u{0}', "_")
}

fn md5_hex(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Python's `str()` of a value.
fn python_str(value: &Json) -> String {
    match value {
        Json::Null => "None".to_owned(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        Json::Array(items) => format!("[{}]", items.iter().map(python_repr).collect::<Vec<_>>().join(", ")),
        Json::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{}: {}", quoted(key), python_repr(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

pub(super) fn python_repr(value: &Json) -> String {
    match value {
        Json::String(text) => quoted(text),
        other => python_str(other),
    }
}

/// Python's `repr()` after dbt has made every leaf a string and sorted every mapping.
fn python_repr_of_strings(value: &Json) -> String {
    match value {
        Json::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let entries = keys.into_iter().map(|key| format!("{}: {}", quoted(key), python_repr_of_strings(&map[key])));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Json::Array(items) => {
            format!("[{}]", items.iter().map(python_repr_of_strings).collect::<Vec<_>>().join(", "))
        }
        leaf => quoted(&python_str(leaf)),
    }
}

/// Python's `repr()` of a string.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_dbt_makes_them() {
        let arguments = serde_json::json!({"column_name": "status", "values": ["a b", "c"]});
        let (short, full) = synthesize("accepted_values", "orders", arguments.as_object().unwrap());
        assert_eq!(full, "accepted_values_orders_status__a_b__c");
        assert_eq!(short, full);
        let arguments =
            serde_json::json!({"column_name": "c", "to": "ref('a_rather_long_name_of_some_model')", "field": "id"});
        let (short, _) = synthesize("relationships", "orders", arguments.as_object().unwrap());
        assert!(short.starts_with("relationships_orders_") && short.len() == "relationships_orders_".len() + 32);
    }
}
