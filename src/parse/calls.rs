//! Calls of `ref`, `source` and `function` as texts: where a template has them, and what one means that stands in YAML.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::diagnostics::{SourceText, Span};
use crate::jinja::{RefCall, SourceCall};

#[expect(clippy::unwrap_used, reason = "a constant pattern; the test below uses it")]
static CALL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u:\b)(?P<function>function|ref|source)(?-u:\s)*\((?P<arguments>[^)]*)\)"#).unwrap()
});

/// Where a template calls `ref` or `source` with this last name; the template engine does not say.
pub(super) fn find_call(source: &Arc<SourceText>, function: &str, last: &str) -> Option<Span> {
    CALL.captures_iter(&source.text).find_map(|call| {
        let arguments = call.name("arguments").filter(|_| &call["function"] == function)?;
        let at = ["'", "\""].iter().find_map(|quote| arguments.as_str().rfind(&format!("{quote}{last}{quote}")))?;
        let start = arguments.start() + at;
        Some(Span::new(source, start..start + last.len() + 2))
    })
}

/// A call of `ref` or `source` written as text, as test arguments and exposures have it.
pub(super) fn parse_call(text: &str) -> Option<Result<RefCall, SourceCall>> {
    let call = CALL.captures(text.trim())?;
    let unquoted = |it: &str| it.trim().trim_matches(['\'', '"']).to_owned();
    let (named, names): (Vec<&str>, Vec<&str>) = call["arguments"].split(',').partition(|it| it.contains('='));
    let names: Vec<String> = names.into_iter().map(unquoted).filter(|it| !it.is_empty()).collect();
    let version =
        named.iter().filter_map(|it| it.split_once('=')).find(|(key, _)| ["v", "version"].contains(&key.trim()));
    let version = version.map(|(_, value)| unquoted(value));
    match (&call["function"], names.as_slice()) {
        ("ref", [name]) => Some(Ok(RefCall { package: None, name: name.clone(), version })),
        ("ref", [package, name]) => Some(Ok(RefCall { package: Some(package.clone()), name: name.clone(), version })),
        ("source", [source, table]) => Some(Err(SourceCall { source: source.clone(), table: table.clone() })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_where_they_stand() {
        let source = SourceText::new("a.sql", "select * from {{ ref(\"x\") }} join {{ ref('p', 'y') }}");
        assert_eq!(find_call(&source, "ref", "y").unwrap().text(), "'y'");
        assert_eq!(find_call(&source, "source", "y"), None);
    }

    #[test]
    fn calls_in_text() {
        assert!(matches!(parse_call("ref('a')"), Some(Ok(call)) if call.name == "a"));
        assert!(matches!(parse_call("source('a', \"b\")"), Some(Err(call)) if call.table == "b"));
        assert!(matches!(parse_call("ref('a', v=2)"), Some(Ok(call)) if call.version.as_deref() == Some("2")));
        assert!(parse_call("42").is_none());
    }
}
