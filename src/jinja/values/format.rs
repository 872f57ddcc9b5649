//! `'%s_%d' % (a, b)` and `'{} {!r}'.format(a, b)`.

use minijinja::formatting::{FormatStyle, format};
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, State, Value};

use super::{failed, repr};
use crate::jinja::functions::split;

/// Refuses a width or precision that no text needs, and no memory holds.
fn check_spec(spec: &str) -> Result<(), Error> {
    let is_long = |it: &str| it.trim_start_matches('0').len() > 4;
    if spec.split(|it: char| !it.is_ascii_digit()).any(is_long) {
        return Err(failed("a width or precision of more than 9999"));
    }
    Ok(())
}

/// `%`: a tuple has all values, anything else is the one value.
pub(super) fn printf(text: &str, values: &Value) -> Result<String, Error> {
    let mut values: Vec<Value> = if values.is_tuple() { values.try_iter()?.collect() } else { vec![values.clone()] };
    let mut pattern = String::with_capacity(text.len());
    let (mut rest, mut at) = (text, 0);
    while let Some(start) = rest.find('%') {
        let length = rest[start + 1..].find(|it: char| it.is_ascii_alphabetic() || it == '%' || it == '(');
        let Some(end) = length.map(|it| start + 1 + it) else { break };
        check_spec(&rest[start..end])?;
        // `%r` is `%s` of what Python's `repr` gives.
        let is_repr = matches!(rest.as_bytes()[end], b'r' | b'a');
        pattern.push_str(&rest[..end]);
        pattern.push_str(if is_repr { "s" } else { &rest[end..=end] });
        if is_repr && let Some(value) = values.get_mut(at) {
            *value = Value::from(repr(value));
        }
        at += usize::from(rest.as_bytes()[end] != b'%');
        rest = &rest[end + 1..];
    }
    pattern.push_str(rest);
    if !text.contains("%(") && at < values.len() && values.first().is_none_or(|it| it.kind() != ValueKind::Map) {
        return Err(failed("not all values are used by the text that `%` fills"));
    }
    format(FormatStyle::Printf, &pattern, &values)
}

/// `format`, with Python's conversions, and formats of objects that have some of their own.
pub(super) fn braces(state: &mut State<'_, '_>, text: &str, args: &[Value]) -> Result<String, Error> {
    let (positional, named) = split(args);
    let mut converted: Vec<(String, Value)> = Vec::new();
    for name in named.iter().flat_map(Kwargs::args) {
        let value: Value = named.as_ref().map(|it| it.get(name)).transpose()?.unwrap_or_default();
        converted.push((name.to_owned(), value));
    }
    let (mut pattern, mut rest, mut automatic) = (String::with_capacity(text.len()), text, 0);
    while let Some(at) = rest.find(['{', '}']) {
        let (before, found) = rest.split_at(at);
        pattern.push_str(before);
        let doubled = found.starts_with("{{") || found.starts_with("}}");
        let field = if doubled || found.starts_with('}') { None } else { found[1..].find('}') };
        let Some(end) = field.map(|it| it + 1) else {
            let length = if doubled { 2 } else { 1 };
            pattern.push_str(&found[..length]);
            rest = &found[length..];
            continue;
        };
        let (name, spec) = found[1..end].split_once(':').unwrap_or((&found[1..end], ""));
        check_spec(spec)?;
        let (name, conversion) = name.split_once('!').unwrap_or((name, ""));
        let first = name.find(['.', '[']).unwrap_or(name.len());
        let (base, path) = name.split_at(first);
        let base = if base.is_empty() {
            automatic += 1;
            (automatic - 1).to_string()
        } else {
            base.to_owned()
        };
        let given = match base.parse::<usize>() {
            Ok(at) => positional.get(at),
            Err(_) => converted.iter().find(|it| it.0 == base).map(|it| &it.1),
        };
        let plain = path.is_empty() && given.is_some_and(|it| it.kind() == ValueKind::Plain);
        let text = match (given, conversion) {
            (Some(value), "r" | "a") if path.is_empty() => Some(repr(value)),
            (Some(value), "s") if path.is_empty() => Some(value.to_string()),
            (Some(value), "") if plain && spec.contains('%') => {
                Some(value.call_method(state, "__format__", &[Value::from(spec)])?.to_string())
            }
            _ => None,
        };
        if let (Some(value), Some(percent), true) = (given, spec.strip_suffix('%'), path.is_empty()) {
            let name = format!("__{}", converted.len());
            let number = f64::try_from(value.clone()).map_err(|_| failed("`%` formats numbers"))?;
            pattern.push_str(&format!("{{{name}:{percent}f}}%"));
            converted.push((name, Value::from(number * 100.0)));
            rest = &found[end + 1..];
            continue;
        }
        match text {
            Some(text) => {
                let name = format!("__{}", converted.len());
                let spec = if plain && spec.contains('%') { "" } else { spec };
                pattern.push_str(&format!("{{{name}:{spec}}}"));
                converted.push((name, Value::from(text)));
            }
            None => {
                pattern.push_str(&format!("{{{base}{path}"));
                pattern.push_str(if spec.is_empty() { "" } else { ":" });
                pattern.push_str(spec);
                pattern.push('}');
            }
        }
        rest = &found[end + 1..];
    }
    pattern.push_str(rest);
    let mut values = positional.to_vec();
    values.push(Value::from(Kwargs::from_iter(converted)));
    format(FormatStyle::StrFormat, &pattern, &values)
}
