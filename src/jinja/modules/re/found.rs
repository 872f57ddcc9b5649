//! A match: its groups and where they stand, counted in characters.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};
use regex::Captures;

use super::pattern::Pattern;
use super::replacement;
use crate::jinja::values::{Arguments, Entries, dict, failed, repr, tuple};

/// A match.
#[derive(Debug)]
pub(super) struct Found {
    pattern: Arc<Pattern>,
    text: Arc<str>,
    groups: Vec<Option<Range<usize>>>,
}

impl Found {
    pub(super) fn new(pattern: &Arc<Pattern>, text: &Arc<str>, captures: &Captures<'_>) -> Found {
        let groups = captures.iter().map(|it| it.map(|it| it.range())).collect();
        Found { pattern: Arc::clone(pattern), text: Arc::clone(text), groups }
    }

    /// A group by its number or name.
    fn range(&self, group: &Value) -> Result<Option<Range<usize>>, Error> {
        let at = match group.as_str() {
            Some(name) => self.pattern.regex.capture_names().position(|it| it == Some(name)),
            None => group.as_usize(),
        };
        at.and_then(|it| self.groups.get(it).cloned()).ok_or_else(|| failed(format!("no such group: {}", repr(group))))
    }

    fn text(&self, range: Option<&Range<usize>>, default: &Value) -> Value {
        range.and_then(|it| self.text.get(it.clone())).map_or_else(|| default.clone(), Value::from)
    }

    fn span(&self, range: Option<Range<usize>>) -> [Value; 2] {
        let place = |at: usize| Value::from(self.text.get(..at).map_or(0, |it| it.chars().count()));
        range.map_or_else(|| [Value::from(-1), Value::from(-1)], |it| [place(it.start), place(it.end)])
    }

    fn named(&self, default: &Value) -> Entries {
        let names = self.pattern.regex.capture_names().enumerate();
        let entry = |(at, name): (usize, Option<&str>)| {
            let range = self.groups.get(at)?.as_ref();
            Some((Value::from(name?), self.text(range, default)))
        };
        names.filter_map(entry).collect()
    }
}

impl Object for Found {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str() {
            Some("string") => Some(Value::from(&*self.text)),
            Some("re") => Some(Value::from_dyn_object(Arc::clone(&self.pattern))),
            Some("pos") => Some(Value::from(0)),
            Some("lastindex") => {
                let last = (1..self.groups.len()).rev().find(|it| self.groups[*it].is_some());
                Some(last.map_or_else(|| Value::from(()), Value::from))
            }
            _ => self.range(key).ok().map(|it| self.text(it.as_ref(), &Value::from(()))),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::new(name, args);
        let none = Value::from(());
        let one = || self.range(&arguments.given(0, "group").unwrap_or_else(|| Value::from(0)));
        Ok(match name {
            "group" if args.len() > 1 => {
                let text = |it: &Value| Ok(self.text(self.range(it)?.as_ref(), &none));
                tuple(args.iter().map(text).collect::<Result<_, Error>>()?)
            }
            "group" => self.text(one()?.as_ref(), &none),
            "groups" => {
                let default = arguments.given(0, "default").unwrap_or(none);
                tuple(self.groups.iter().skip(1).map(|it| self.text(it.as_ref(), &default)).collect())
            }
            "groupdict" => dict(self.named(&arguments.given(0, "default").unwrap_or(none))),
            "start" => {
                let [start, _] = self.span(one()?);
                start
            }
            "end" => {
                let [_, end] = self.span(one()?);
                end
            }
            "span" => tuple(self.span(one()?).into()),
            "expand" => {
                let mut result = String::new();
                if let Some(captures) = self.pattern.regex.captures(&self.text) {
                    replacement::expand(&arguments.text(0, "template")?, &captures, &mut result)?;
                }
                Value::from(result)
            }
            _ => return Err(Error::new(ErrorKind::UnknownMethod, format!("a match has no method `{name}`"))),
        })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.groups.first().cloned().flatten();
        let text = self.text(whole.as_ref(), &Value::from(""));
        let [start, end] = self.span(whole);
        write!(f, "<re.Match object; span=({start}, {end}), match={}>", repr(&text))
    }
}
