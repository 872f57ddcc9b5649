//! Filters of texts.

use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Environment, Error, State, Value};
use minijinja_contrib::filters as contrib;

use crate::jinja::values::failed;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("replace", |value: Value, old: String, new: String, count: Option<i64>| {
        let text = value.to_string();
        match count.and_then(|it| usize::try_from(it).ok()) {
            Some(count) => text.replacen(&old, &new, count),
            None => text.replace(&old, &new),
        }
    });
    environment.add_filter("indent", |value: Value, rest: Rest<Value>, named: Kwargs| -> Result<String, Error> {
        let given = |at: usize, name: &str| -> Result<Option<Value>, Error> {
            Ok(rest.get(at).cloned().or(named.get::<Option<Value>>(name)?))
        };
        let width = given(0, "width")?.unwrap_or_else(|| Value::from(4));
        let indent = match (width.as_str(), width.as_usize()) {
            (Some(text), _) => text.to_owned(),
            (None, Some(width)) if width <= 10_000 => " ".repeat(width),
            _ => return Err(failed("an indent is a text, or a width of up to 10000")),
        };
        let flag = |it: Option<Value>| it.is_some_and(|it| it.is_true());
        Ok(indented(&value.to_string(), &indent, flag(given(1, "first")?), flag(given(2, "blank")?)))
    });
    environment.add_filter("wordcount", |value: Value| {
        let text = value.to_string();
        text.split(|it: char| !it.is_alphanumeric() && it != '_').filter(|it| !it.is_empty()).count()
    });
    environment.add_filter("striptags", |value: Value| contrib::striptags(value.to_string()));
    environment.add_filter("filesizeformat", |value: f64, binary: Option<bool>| contrib::filesizeformat(value, binary));
    environment.add_filter("center", |value: Value, width: Option<usize>| {
        let text = value.to_string();
        let width = width.unwrap_or(80).min(10_000);
        let missing = width.saturating_sub(text.chars().count());
        let left = missing / 2 + (missing & width & 1);
        format!("{}{text}{}", " ".repeat(left), " ".repeat(missing - left))
    });
    environment.add_filter("truncate", |state: &mut State<'_, '_>, value: Value, rest: Rest<Value>, named: Kwargs| {
        let names = ["length", "killwords", "end", "leeway"];
        let mut arguments: Vec<(&str, Value)> = names.into_iter().zip(rest.iter().cloned()).collect();
        for name in names {
            if named.has(name) {
                arguments.push((name, named.get(name)?));
            }
        }
        contrib::truncate(state, &value, Kwargs::from_iter(arguments))
    });
    environment.add_filter("urlencode", |value: Value| -> Result<String, Error> {
        if value.as_str().is_some() || !matches!(value.kind(), ValueKind::Map | ValueKind::Seq) {
            return Ok(quoted(&value.to_string(), "/"));
        }
        let mut pairs = Vec::new();
        for item in value.try_iter()? {
            let (key, value) = match value.kind() {
                ValueKind::Map => (item.clone(), value.get_item(&item)?),
                _ => (item.get_item_by_index(0)?, item.get_item_by_index(1)?),
            };
            pairs.push(format!("{}={}", quoted(&key.to_string(), ""), quoted(&value.to_string(), "")));
        }
        Ok(pairs.join("&"))
    });
    environment.add_filter("xmlattr", |value: Value, space: Option<bool>| -> Result<String, Error> {
        let mut attributes = Vec::new();
        for key in value.try_iter()? {
            let name = key.to_string();
            if name.contains(|it: char| it.is_whitespace() || matches!(it, '/' | '>' | '=')) {
                return Err(failed(format!("{name:?} can't be an attribute's name")));
            }
            let item = value.get_item(&key)?;
            if !item.is_none() && !item.is_undefined() {
                attributes.push(format!("{}=\"{}\"", escaped(&name), escaped(&item.to_string())));
            }
        }
        let space = if space.unwrap_or(true) && !attributes.is_empty() { " " } else { "" };
        Ok(format!("{space}{}", attributes.join(" ")))
    });
}

/// Every line after the first with an indent; empty ones only where `blank` says so.
fn indented(text: &str, indent: &str, first: bool, blank: bool) -> String {
    let mut result = String::with_capacity(text.len() * 2);
    for (at, line) in text.split('\n').enumerate() {
        result.push_str(if at > 0 { "\n" } else { "" });
        if if at > 0 { blank || !line.is_empty() } else { first } {
            result.push_str(indent);
        }
        result.push_str(line);
    }
    result
}

fn quoted(text: &str, safe: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for byte in text.bytes() {
        let character = char::from(byte);
        if character.is_ascii_alphanumeric() || "_.-~".contains(character) || safe.contains(character) {
            result.push(character);
        } else {
            result.push_str(&format!("%{byte:02X}"));
        }
    }
    result
}

fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '"' => result.push_str("&#34;"),
            '\'' => result.push_str("&#39;"),
            other => result.push(other),
        }
    }
    result
}
