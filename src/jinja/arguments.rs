//! Arguments of generic tests: values as written in YAML, or Jinja that gives them.
//! dbt renders them in Jinja's native mode: `{{ var('days') }}` is a number if it reads as one, `ref('x')` a relation.

use std::sync::LazyLock;

use regex::Regex;

use super::quoted;
use crate::project::Json;

/// The text of a call.
pub(super) struct Call {
    /// What has to stand before it.
    pub(super) before: String,
    /// Its arguments.
    pub(super) listed: String,
}

/// What is a call although no braces are around it.
#[expect(clippy::unwrap_used, reason = "a constant pattern; the test below compiles it")]
static FUNCTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)^[ \n]*(?:env_var|ref|var|source|doc)[ \n]*\(.+\)[ \n]*$").unwrap());

/// The arguments of a call, by name. What is no Jinja is looked up in `__arguments`.
pub(super) fn call(arguments: &serde_json::Map<String, Json>) -> Call {
    let mut before = String::new();
    let mut listed = Vec::new();
    for (key, value) in arguments {
        let expression = if key == "column_name" { None } else { expression(value, &mut before) };
        let expression = expression.unwrap_or_else(|| format!("__arguments[{}]", quoted(key)));
        listed.push(format!("{key}={expression}"));
    }
    Call { before, listed: listed.join(", ") }
}

/// The expression that a value is, where it is Jinja or holds some.
fn expression(value: &Json, before: &mut String) -> Option<String> {
    match value {
        Json::String(text) => text_expression(text, before),
        Json::Array(items) if items.iter().any(holds_jinja) => {
            let items: Vec<String> = items.iter().map(|it| part(it, before)).collect();
            Some(format!("[{}]", items.join(", ")))
        }
        Json::Object(entries) if entries.values().any(holds_jinja) => {
            let entry = |(key, value): (&String, &Json)| format!("{}: {}", quoted(key), part(value, before));
            let entries: Vec<String> = entries.iter().map(entry).collect();
            Some(format!("{{{}}}", entries.join(", ")))
        }
        _ => None,
    }
}

fn part(value: &Json, before: &mut String) -> String {
    // JSON is an expression of the template language.
    expression(value, before).unwrap_or_else(|| value.to_string())
}

fn holds_jinja(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains("{{") || text.contains("{%") || FUNCTION.is_match(text),
        Json::Array(items) => items.iter().any(holds_jinja),
        Json::Object(entries) => entries.values().any(holds_jinja),
        _ => false,
    }
}

fn text_expression(text: &str, before: &mut String) -> Option<String> {
    let trimmed = text.trim();
    if FUNCTION.is_match(trimmed) {
        return Some(format!("({trimmed})|as_native"));
    }
    let inner = trimmed.strip_prefix("{{").and_then(|it| it.strip_suffix("}}"));
    if let Some(inner) = inner.filter(|it| !it.contains("{{") && !it.contains("}}")) {
        return Some(format!("({})|as_native", inner.trim_matches('-')));
    }
    if !text.contains("{{") && !text.contains("{%") {
        return None;
    }
    let name = format!("__text{}", before.len());
    before.push_str(&format!("{{% set {name} %}}{text}{{% endset %}}"));
    Some(format!("{name}|as_native"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: Json, expected: &str) {
        let Json::Object(arguments) = arguments else { return };
        let Call { before, listed } = call(&arguments);
        assert_eq!(format!("{before}{listed}"), expected);
    }

    #[test]
    fn what_is_no_jinja_is_looked_up() {
        check(
            serde_json::json!({"values": ["a", 1], "column_name": "ref('x')"}),
            r#"values=__arguments["values"], column_name=__arguments["column_name"]"#,
        );
    }

    #[test]
    fn jinja_becomes_an_expression() {
        check(
            serde_json::json!({"to": "ref('x')", "n": "{{ var('n') }}"}),
            "to=(ref('x'))|as_native, n=( var('n') )|as_native",
        );
        check(serde_json::json!({"of": ["a", "ref('x')"]}), r#"of=["a", (ref('x'))|as_native]"#);
        check(serde_json::json!({"text": "a {{ b }}"}), "{% set __text0 %}a {{ b }}{% endset %}text=__text0|as_native");
    }
}
