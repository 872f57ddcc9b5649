//! Lists and dicts that change, as Python's do: `{% do columns.append('x') %}`. The template engine's own never change,
//! so a template that changes any gets these wherever it writes one down.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use minijinja::value::{Enumerator, Kwargs, Object, ObjectRepr, Rest};
use minijinja::{Environment, Error, ErrorKind, State, Value};

const CHANGING: [&str; 9] =
    [".append(", ".clear(", ".extend(", ".insert(", ".pop(", ".remove(", ".reverse(", ".setdefault(", ".update("];

/// Words before which a value ends no expression, so that `[` behind them begins a list.
const WORDS: [&str; 10] = ["and", "do", "elif", "else", "if", "in", "is", "not", "or", "set"];

/// Makes lists and dicts of a template changeable, when it changes any.
pub(super) fn changes(text: &str) -> Vec<(Range<usize>, String)> {
    let mut changes = Vec::new();
    if !CHANGING.iter().any(|it| text.contains(it)) {
        return changes;
    }
    let mut at = 0;
    while let Some(start) = text[at..].find('{').map(|it| at + it) {
        at = match text.as_bytes().get(start + 1) {
            Some(b'#') => text[start..].find("#}").map_or(text.len(), |it| start + it + 2),
            Some(b'{') => in_tag(text, start + 2, "}}", &mut changes),
            Some(b'%') => in_tag(text, start + 2, "%}", &mut changes),
            _ => start + 1,
        };
    }
    changes
}

/// Goes through one tag; gives the offset behind it.
fn in_tag(text: &str, start: usize, end: &str, changes: &mut Vec<(Range<usize>, String)>) -> usize {
    let bytes = text.as_bytes();
    let mut open: Vec<bool> = Vec::new();
    let mut after_value = false;
    let mut at = start;
    while at < bytes.len() {
        if open.is_empty() && text[at..].starts_with(end) {
            return at + end.len();
        }
        let here = at..at + 1;
        match bytes[at] {
            quote @ (b'\'' | b'"') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                after_value = true;
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => {
                let word = &text[at..];
                let length = word.find(|it: char| !it.is_ascii_alphanumeric() && it != '_').unwrap_or(word.len());
                after_value = !WORDS.contains(&&word[..length]);
                at += length;
                continue;
            }
            b'(' => {
                open.push(false);
                after_value = false;
            }
            b'[' => {
                open.push(!after_value);
                if !after_value {
                    changes.push((here, "__list([".to_owned()));
                }
                after_value = false;
            }
            b'{' => {
                open.push(true);
                changes.push((here, "__dict({".to_owned()));
                after_value = false;
            }
            closing @ (b')' | b']' | b'}') => {
                if open.pop() == Some(true) {
                    changes.push((here, format!("{})", char::from(closing))));
                }
                after_value = true;
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => after_value = false,
        }
        at += 1;
        while at < text.len() && !text.is_char_boundary(at) {
            at += 1;
        }
    }
    text.len()
}

/// Adds the functions that make them.
pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function("__list", |items: Value| -> Result<Value, Error> {
        Ok(Value::from_object(List(Mutex::new(items.try_iter()?.collect()))))
    });
    environment.add_function("__dict", |items: Value| dict(Some(&items), None));
    environment.add_function("dict", |items: Rest<Value>| -> Result<Value, Error> {
        let (items, named) = super::functions::split(&items);
        dict(items.first(), named)
    });
}

fn dict(items: Option<&Value>, named: Option<Kwargs>) -> Result<Value, Error> {
    let mut entries = IndexMap::new();
    merge(&mut entries, items, named)?;
    Ok(Value::from_object(Dict(Mutex::new(entries))))
}

fn merge(entries: &mut IndexMap<Value, Value>, items: Option<&Value>, named: Option<Kwargs>) -> Result<(), Error> {
    if let Some(items) = items {
        for key in items.try_iter()? {
            let value = items.get_item(&key)?;
            entries.insert(key, value);
        }
    }
    for key in named.iter().flat_map(Kwargs::args) {
        let value: Option<Value> = named.as_ref().map(|it| it.get(key)).transpose()?;
        entries.insert(Value::from(key), value.unwrap_or_default());
    }
    Ok(())
}

#[derive(Debug)]
struct List(Mutex<Vec<Value>>);

impl List {
    fn items(&self) -> MutexGuard<'_, Vec<Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A position as Python counts: from the end when it is negative.
    fn position(&self, index: Option<&Value>, default: i64) -> Result<usize, Error> {
        let index = index.map_or(Some(default), Value::as_i64);
        let index = index.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "a position is a whole number"))?;
        let length = i64::try_from(self.items().len()).unwrap_or(i64::MAX);
        Ok(usize::try_from(if index < 0 { index + length } else { index }).unwrap_or(0))
    }
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.items().get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.items().clone())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let missing = || Error::new(ErrorKind::MissingArgument, format!("list.{method} needs another argument"));
        let argument = |at: usize| args.get(at).cloned().ok_or_else(missing);
        match method {
            "append" => self.items().push(argument(0)?),
            "extend" => {
                let more: Vec<Value> = argument(0)?.try_iter()?.collect();
                self.items().extend(more);
            }
            "insert" => {
                let (at, value) = (self.position(args.first(), 0)?, argument(1)?);
                let mut items = self.items();
                let at = at.min(items.len());
                items.insert(at, value);
            }
            "pop" => {
                let at = self.position(args.first(), -1)?;
                let mut items = self.items();
                if at >= items.len() {
                    return Err(Error::new(ErrorKind::InvalidOperation, "pop from an empty list, or beyond its end"));
                }
                return Ok(items.remove(at));
            }
            "remove" => {
                let value = argument(0)?;
                let mut items = self.items();
                let Some(at) = items.iter().position(|it| *it == value) else {
                    return Err(Error::new(ErrorKind::InvalidOperation, format!("{value} is not in the list")));
                };
                items.remove(at);
            }
            "clear" => self.items().clear(),
            "reverse" => self.items().reverse(),
            "copy" => return Ok(Value::from_object(List(Mutex::new(self.items().clone())))),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(Value::from(()))
    }
}

#[derive(Debug)]
struct Dict(Mutex<IndexMap<Value, Value>>);

impl Dict {
    fn entries(&self) -> MutexGuard<'_, IndexMap<Value, Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Object for Dict {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.entries().get(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.entries().keys().cloned().collect())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let (positional, named) = super::functions::split(args);
        let missing = || Error::new(ErrorKind::MissingArgument, format!("dict.{method} needs a key"));
        let key = || positional.first().cloned().ok_or_else(missing);
        let default = || positional.get(1).cloned();
        match method {
            "update" => merge(&mut self.entries(), positional.first(), named)?,
            "clear" => self.entries().clear(),
            "setdefault" => {
                let (key, default) = (key()?, default().unwrap_or_else(|| Value::from(())));
                return Ok(self.entries().entry(key).or_insert(default).clone());
            }
            "pop" => {
                let key = key()?;
                let popped = self.entries().shift_remove(&key).or_else(default);
                return popped
                    .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("{key} is not in the dict")));
            }
            "copy" => return Ok(Value::from_object(Dict(Mutex::new(self.entries().clone())))),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(Value::from(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jinja::rewriting::apply;

    #[test]
    fn literals_are_told_from_indexes() {
        let rewritten = |text: &str| apply(text, changes(text)).0;
        assert_eq!(rewritten("{% set a = [] %}{{ a[0] }}"), "{% set a = [] %}{{ a[0] }}");
        assert_eq!(
            rewritten("{% set a = [] %}{% do a.append(b[0]) %}{% for x in ['}}', {'k': [1]}] %}"),
            "{% set a = __list([]) %}{% do a.append(b[0]) %}{% for x in __list(['}}', __dict({'k': __list([1])})]) %}"
        );
        assert_eq!(rewritten("{# [ #}[1]{{ x.pop() }}"), "{# [ #}[1]{{ x.pop() }}");
    }

    #[test]
    fn they_change_where_they_stand() {
        let mut environment = Environment::new();
        register(&mut environment);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        let text = "{% set a = [1] %}{% set b = a %}{% for i in [2, 3] %}{% do a.append(i) %}{% endfor %}\
                    {% do a.insert(0, 'x') %}{{ b }} {{ b.pop() }} {{ b | length }} {{ b + [9] }} \
                    {% set d = {'k': 1} %}{% do d.update({'l': 2}) %}{% do d.update(m=3) %}{{ d }} {{ d.get('z', 0) }} \
                    {{ d.pop('k') }} {{ d.items() | list }} {{ b[-1] }} {{ 2 in b }} {{ b == ['x', 1, 2] }}";
        let rendered = environment.render_str(&apply(text, changes(text)).0, ()).unwrap();
        assert_eq!(
            rendered,
            "['x', 1, 2, 3] 3 3 ['x', 1, 2, 9] {'k': 1, 'l': 2, 'm': 3} 0 1 [('l', 2), ('m', 3)] 2 True True"
        );
    }
}
