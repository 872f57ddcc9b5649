//! Compiled patterns, and what can be asked of them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};
use regex::{Captures, Regex, RegexBuilder};

use super::found::Found;
use super::replacement;
use crate::jinja::values::{Arguments, failed, list, repr, tuple};

pub(super) const IGNORE_CASE: i64 = 2;
pub(super) const MULTI_LINE: i64 = 8;
pub(super) const DOT_ALL: i64 = 16;
pub(super) const VERBOSE: i64 = 64;
pub(super) const ASCII: i64 = 256;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    flags: i64,
    pub(super) regex: Regex,
    whole: OnceLock<Option<Regex>>,
}

fn compile(text: &str, flags: i64) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text)
        .case_insensitive(flags & IGNORE_CASE != 0)
        .multi_line(flags & MULTI_LINE != 0)
        .dot_matches_new_line(flags & DOT_ALL != 0)
        .ignore_whitespace(flags & VERBOSE != 0)
        .unicode(true)
        .build()
}

/// Python's syntax where it differs: `\Z`, and `[` within a class, which nests here.
fn translated(text: &str, ascii: bool) -> String {
    let mut result = String::with_capacity(text.len() + 8);
    let (mut in_class, mut class_start) = (false, 0);
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some((_, 'Z')) => result.push_str("\\z"),
                Some((_, it @ ('<' | '>' | '_'))) => result.push(it),
                Some((_, it @ ('d' | 'w' | 's' | 'D' | 'W' | 'S' | 'b' | 'B'))) if ascii && !in_class => {
                    result.push_str(&format!("(?-u:\\{it})"));
                }
                Some((_, 'b')) if in_class => result.push_str("\\x08"),
                Some((_, it)) => result.extend(['\\', it]),
                None => result.push('\\'),
            },
            '[' if in_class => result.push_str("\\["),
            '[' => {
                in_class = true;
                class_start = at;
                result.push('[');
                if let Some((next, '^')) = characters.peek().copied() {
                    characters.next();
                    class_start = next;
                    result.push('^');
                }
            }
            // A bracket that comes first is a member of the class.
            ']' if in_class && at == class_start + 1 => result.push_str("\\]"),
            ']' if in_class => {
                in_class = false;
                result.push(']');
            }
            '&' | '~' if in_class => result.extend(['\\', character]),
            _ => result.push(character),
        }
    }
    result
}

/// What `re.escape` gives.
pub(super) fn escape(text: &str) -> String {
    let mut result = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}".contains(character) {
            result.push('\\');
        }
        result.push(character);
    }
    result
}

impl Pattern {
    /// Compiles a pattern.
    pub(super) fn new(text: &str, flags: i64) -> Result<Pattern, Error> {
        let regex = compile(&translated(text, flags & ASCII != 0), flags).map_err(|error| {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            failed(format!("the pattern {} can't be used: {why}", repr(&Value::from(text))))
        })?;
        Ok(Pattern { text: text.to_owned(), flags, regex, whole: OnceLock::new() })
    }

    /// A function or method, whose text is at a position among its arguments.
    pub(super) fn call(
        self: &Arc<Self>,
        state: &mut State<'_, '_>,
        arguments: &Arguments<'_>,
        first: usize,
    ) -> Result<Value, Error> {
        match arguments.of {
            "search" | "match" | "fullmatch" => {
                let text: Arc<str> = arguments.text(first, "string")?.into();
                let found = match arguments.of {
                    "search" => self.regex.captures(&text),
                    "match" => self.regex.captures(&text).filter(|it| it.get(0).is_some_and(|it| it.start() == 0)),
                    _ => self.whole(&text),
                };
                let found = found.map(|it| Found::new(self, &text, &it));
                Ok(found.map_or_else(|| Value::from(()), Value::from_object))
            }
            "findall" => {
                let text = arguments.text(first, "string")?;
                Ok(list(self.all(&text, usize::MAX).iter().map(groups).collect()))
            }
            "finditer" => {
                let text: Arc<str> = arguments.text(first, "string")?.into();
                let found = self.all(&text, usize::MAX);
                Ok(list(found.iter().map(|it| Value::from_object(Found::new(self, &text, it))).collect()))
            }
            "split" => {
                let text = arguments.text(first, "string")?;
                let most = limit(arguments.whole_or(first + 1, "maxsplit", 0)?);
                Ok(list(self.split(&text, most)))
            }
            "sub" | "subn" => self.substitute(state, arguments, first),
            name => Err(Error::new(ErrorKind::UnknownMethod, format!("a pattern has no method `{name}`"))),
        }
    }

    fn whole<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        let anchored = self.whole.get_or_init(|| {
            let text = format!("\\A(?:{}\n)\\z", translated(&self.text, self.flags & ASCII != 0));
            // The line end closes a comment of a verbose pattern; elsewhere it would be matched.
            let text = if self.flags & VERBOSE == 0 { text.replacen("\n)\\z", ")\\z", 1) } else { text };
            compile(&text, self.flags & !MULTI_LINE).ok()
        });
        anchored.as_ref()?.captures(text)
    }

    /// All matches; one may be empty where another one ends, as in Python.
    fn all<'t>(&self, text: &'t str, most: usize) -> Vec<Captures<'t>> {
        let (mut found, mut at) = (Vec::new(), 0);
        while at <= text.len() && found.len() < most {
            let Some(captures) = self.regex.captures_at(text, at) else { break };
            let Some(whole) = captures.get(0) else { break };
            at = if whole.is_empty() {
                whole.end() + text[whole.end()..].chars().next().map_or(1, char::len_utf8)
            } else {
                whole.end()
            };
            found.push(captures);
        }
        found
    }

    fn split(&self, text: &str, most: usize) -> Vec<Value> {
        let (mut parts, mut done) = (Vec::new(), 0);
        for captures in self.all(text, most) {
            let Some(whole) = captures.get(0) else { continue };
            parts.push(Value::from(&text[done..whole.start()]));
            parts.extend((1..captures.len()).map(|it| optional(captures.get(it))));
            done = whole.end();
        }
        parts.push(Value::from(&text[done..]));
        parts
    }

    fn substitute(
        self: &Arc<Self>,
        state: &mut State<'_, '_>,
        arguments: &Arguments<'_>,
        first: usize,
    ) -> Result<Value, Error> {
        let replacement = arguments.needed(first, "repl")?;
        let text: Arc<str> = arguments.text(first + 1, "string")?.into();
        let most = limit(arguments.whole_or(first + 2, "count", 0)?);
        let found = self.all(&text, most);
        let (mut result, mut done) = (String::with_capacity(text.len()), 0);
        for captures in &found {
            let Some(whole) = captures.get(0) else { continue };
            result.push_str(&text[done..whole.start()]);
            match replacement.as_str() {
                Some(template) => replacement::expand(template, captures, &mut result)?,
                None => {
                    let found = Value::from_object(Found::new(self, &text, captures));
                    result.push_str(&replacement.call(state, &[found])?.to_string());
                }
            }
            done = whole.end();
        }
        result.push_str(&text[done..]);
        let result = Value::from(result);
        Ok(if arguments.of == "subn" { tuple(vec![result, Value::from(found.len())]) } else { result })
    }
}

/// `0` means all.
fn limit(count: i64) -> usize {
    usize::try_from(count).ok().filter(|it| *it > 0).unwrap_or(usize::MAX)
}

fn optional(found: Option<regex::Match<'_>>) -> Value {
    found.map_or_else(|| Value::from(()), |it| Value::from(it.as_str()))
}

/// What `findall` lists of a match: all of it, its one group, or all groups.
fn groups(captures: &Captures<'_>) -> Value {
    let text = |at: usize| Value::from(captures.get(at).map_or("", |it| it.as_str()));
    match captures.len() {
        1 => text(0),
        2 => text(1),
        count => tuple((1..count).map(text).collect()),
    }
}

impl Object for Pattern {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str()? {
            "pattern" => Value::from(self.text.as_str()),
            "flags" => Value::from(self.flags | 32),
            "groups" => Value::from(self.regex.captures_len() - 1),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        self.call(state, &Arguments::new(name, args), 0)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "re.compile({})", repr(&Value::from(self.text.as_str())))
    }
}
