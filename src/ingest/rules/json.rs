//! `json`, or `json: {paths: ["$.amount"]}`: a text is JSON (RFC 8259), and has values at these paths.

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::error::ArrowError;
use serde::de::IgnoredAny;

use super::{Check, Rule, RuleKind, RuleOf, Values, broken_texts};
use crate::diagnostics::Diagnostic;
use crate::project::Json;

pub(super) struct JsonText;

impl RuleKind for JsonText {
    fn name(&self) -> &'static str {
        "json"
    }

    fn read(&self, of: &RuleOf<'_>) -> Result<Rule, Diagnostic> {
        of.column_type()?;
        if matches!(of.arguments.value, Json::Null | Json::Bool(true)) {
            return Ok(Rule::Checks(Arc::new(IsJson)));
        }
        let example = "{paths: [\"$.amount\"]}";
        let map = of.mapping(&["paths"], example)?;
        let paths = of.texts(map.get("paths").unwrap_or(&Json::Null), example)?;
        let pointers: Result<Vec<String>, Diagnostic> = paths
            .iter()
            .map(|it| {
                pointer(it).ok_or_else(|| {
                    of.problem(format!("`{it}` is no path into JSON")).help("write `$.order.items[0].price`")
                })
            })
            .collect();
        let words = format!("is no JSON with a value at {}", paths.join(" and "));
        Ok(Rule::Checks(Arc::new(HasPaths { pointers: pointers?, words })))
    }
}

/// `$.a.b[0]` as a JSON pointer (RFC 6901): `/a/b/0`.
fn pointer(path: &str) -> Option<String> {
    let rest = path.strip_prefix('$')?;
    let mut pointer = String::new();
    let mut rest = rest;
    while !rest.is_empty() {
        let (part, behind) = if let Some(inner) = rest.strip_prefix('[') {
            let (inner, behind) = inner.split_once(']')?;
            (inner.trim_matches(['\'', '"']), behind)
        } else {
            let inner = rest.strip_prefix('.')?;
            inner.split_at(inner.find(['.', '[']).unwrap_or(inner.len()))
        };
        if part.is_empty() {
            return None;
        }
        pointer.push('/');
        pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
        rest = behind;
    }
    (!pointer.is_empty()).then_some(pointer)
}

struct IsJson;

impl Check for IsJson {
    fn broken(&self, values: &Values<'_>) -> Result<BooleanArray, ArrowError> {
        broken_texts(values.typed, |it| serde_json::from_str::<IgnoredAny>(it).is_ok())
    }

    fn words(&self) -> &str {
        "is no JSON"
    }
}

struct HasPaths {
    pointers: Vec<String>,
    words: String,
}

impl Check for HasPaths {
    fn broken(&self, values: &Values<'_>) -> Result<BooleanArray, ArrowError> {
        broken_texts(values.typed, |it| {
            let value: Result<Json, _> = serde_json::from_str(it);
            let has = |value: &Json, path: &String| value.pointer(path).is_some_and(|it| !it.is_null());
            value.is_ok_and(|value| self.pointers.iter().all(|path| has(&value, path)))
        })
    }

    fn words(&self) -> &str {
        &self.words
    }
}
