//! YAML with places: every key and value knows where it stands in its file.
//! YAML 1.1, as PyYAML reads it, because that is what dbt projects are written for.

use std::sync::Arc;

use dbt_yaml::mapping::DuplicateKey;
use dbt_yaml::{Mapping, Value};

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText, Span, closest};
use crate::project::Json;

/// Renders text with Jinja in it. The template engine stands further down; it comes in through this.
pub trait RenderText {
    /// The rendered value: of any type where the text is one single expression, else a string.
    ///
    /// # Errors
    /// What is wrong, without a place; the caller knows it.
    fn render(&self, text: &str) -> Result<Json, Diagnostic>;
}

/// A value and its place.
#[derive(Debug, Clone)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub span: Span,
}

impl<T> Located<T> {
    /// Puts the two together.
    pub fn new(value: T, span: Span) -> Self {
        Located { value, span }
    }
}

/// One parsed file.
#[derive(Debug)]
pub struct YamlFile {
    source: Arc<SourceText>,
    root: Value,
}

impl YamlFile {
    /// Parses a file's text. `None` after a mistake, which is then in `found`; an empty file is an empty mapping.
    pub fn parse(source: &Arc<SourceText>, found: &mut Diagnostics) -> Option<YamlFile> {
        let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
        let mut twice = Vec::new();
        let parsed = Value::from_str(text, |_, key, first| {
            twice.push((key.clone(), first.clone()));
            DuplicateKey::Overwrite
        });
        for (key, first) in twice {
            let name = key.as_str().unwrap_or_default();
            let place = |it: &Value| {
                let start = it.span().start.index();
                Span::new(source, start..start + name.len())
            };
            found.push(
                Diagnostic::warning(Code::BadYaml, format!("the key `{name}` is there twice, and the last one counts"))
                    .at(place(&key))
                    .related(place(&first), "passed over")
                    .help("remove one of the two"),
            );
        }
        match parsed {
            Ok(Value::Null(_)) => Some(YamlFile { source: Arc::clone(source), root: Value::mapping(Mapping::new()) }),
            Ok(root) => Some(YamlFile { source: Arc::clone(source), root }),
            // An empty document has no value at all.
            Err(_) if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) => {
                Some(YamlFile { source: Arc::clone(source), root: Value::mapping(Mapping::new()) })
            }
            Err(error) => {
                found.push(syntax_error(source, &error));
                None
            }
        }
    }

    /// The whole document.
    pub fn root(&self) -> Yaml<'_> {
        Yaml { source: &self.source, value: &self.root }
    }
}

fn syntax_error(source: &Arc<SourceText>, error: &dbt_yaml::Error) -> Diagnostic {
    let text = error.to_string();
    let place = error.location().map(|at| {
        let offset = source.offset(at.line(), at.column());
        Span::new(source, offset..offset + 1)
    });
    // The parser's words end in positions, which the place already shows.
    let message = text.split(" at line ").next().unwrap_or(&text).to_owned();
    let tab = place.as_ref().is_some_and(|span| span.text() == "\t");
    if tab {
        return Diagnostic::error(Code::BadYaml, "a tab is used for indentation, which YAML does not allow")
            .at_if(place)
            .help("indent with spaces");
    }
    if message.contains("mapping values are not allowed") {
        return Diagnostic::error(Code::BadYaml, "a key can't begin here")
            .at_if(place)
            .help("indent the line like the one above it; a text with a colon in it needs quotes");
    }
    if let Some(opened) = text.split_once("while scanning a quoted scalar at line ").map(|(_, it)| it) {
        let number = |it: &str| it.split(|it: char| !it.is_ascii_digit()).next().and_then(|it| it.parse().ok());
        let start = opened.split_once(" column ").and_then(|(line, column)| Some((number(line)?, number(column)?)));
        return Diagnostic::error(Code::BadYaml, "a quote is never closed")
            .at_if(start.map(|(line, column)| Span::word_at(source, line, column)).or(place));
    }
    Diagnostic::error(Code::BadYaml, format!("invalid YAML: {message}"))
        .at_if(place)
        .help_if(text.split("while parsing").nth(1), |rest| format!("the mistake may be earlier: while parsing{rest}"))
}

/// A value inside a file.
#[derive(Clone, Copy)]
pub struct Yaml<'a> {
    source: &'a Arc<SourceText>,
    value: &'a Value,
}

impl<'a> Yaml<'a> {
    /// Where the value stands, without the white space and comments after it.
    pub fn span(&self) -> Span {
        let span = self.value.span();
        let (start, end) = (span.start.index(), span.end.index());
        let text = self.source.text.get(start..end).unwrap_or_default();
        Span::new(self.source, start..start + text.trim_end().len())
    }

    /// The file that the value stands in.
    pub fn source(&self) -> &'a Arc<SourceText> {
        self.source
    }

    /// The value without places.
    pub fn json(&self) -> Json {
        to_json(self.value)
    }

    /// The value without places, with the Jinja in its strings rendered.
    pub fn rendered(&self, render: &dyn RenderText, found: &mut Diagnostics) -> Json {
        match self.value {
            Value::String(text, _) if text.contains("{{") || text.contains("{%") => match render.render(text) {
                Ok(value) => value,
                Err(problem) => {
                    found.push(problem.at(self.span()));
                    Json::Null
                }
            },
            Value::Mapping(_, _) => Json::Object(
                self.entries().into_iter().map(|(key, value)| (key.value, value.rendered(render, found))).collect(),
            ),
            Value::Sequence(_, _) => {
                Json::Array(self.items().into_iter().map(|it| it.rendered(render, found)).collect())
            }
            other => to_json(other),
        }
    }

    /// Whether nothing is written there.
    pub fn is_null(&self) -> bool {
        self.value.is_null()
    }

    /// Whether it is a mapping.
    pub fn is_mapping(&self) -> bool {
        self.value.is_mapping()
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        self.value.is_sequence()
    }

    /// The text of a string, number, date or boolean.
    pub fn scalar(&self) -> Option<String> {
        match self.value {
            Value::String(text, _) => Some(text.clone()),
            Value::Mapping(_, _) | Value::Sequence(_, _) | Value::Null(_) | Value::Tagged(_, _) => None,
            other => match to_json(other) {
                Json::String(text) => Some(text),
                value => Some(value.to_string()),
            },
        }
    }

    /// The entries of a mapping, keys with their places; none of anything else.
    pub fn entries(&self) -> Vec<(Located<String>, Yaml<'a>)> {
        let Some(mapping) = self.value.as_mapping() else { return Vec::new() };
        let entry = |(key, value): (&'a Value, &'a Value)| {
            let key = Yaml { source: self.source, value: key };
            let span = key.span();
            let written = span.text().split(':').next().unwrap_or_default().trim_end().len();
            let span = Span::new(self.source, span.range.start..span.range.start + written);
            (Located::new(key.scalar().unwrap_or_default(), span), Yaml { source: self.source, value })
        };
        mapping.iter().map(entry).collect()
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> Vec<Yaml<'a>> {
        let items = self.value.as_sequence().map(Vec::as_slice).unwrap_or_default();
        items.iter().map(|value| Yaml { source: self.source, value }).collect()
    }

    /// The value of a key, unless it is absent or null.
    pub fn get(&self, key: &str) -> Option<Yaml<'a>> {
        let value = self.value.as_mapping()?.get(key)?;
        Some(Yaml { source: self.source, value }).filter(|it| !it.is_null())
    }

    /// The text of a key; a value of another kind is reported.
    pub fn text(&self, key: &str, found: &mut Diagnostics) -> Option<Located<String>> {
        let value = self.get(key)?;
        match value.scalar() {
            Some(text) => Some(Located::new(text, value.span())),
            None => {
                found.push(value.wrong_kind(key, "a string"));
                None
            }
        }
    }

    /// The text of a key that must be there.
    pub fn required_text(&self, key: &str, of: &str, found: &mut Diagnostics) -> Option<Located<String>> {
        if self.get(key).is_none() {
            found.push(
                Diagnostic::error(Code::MissingKey, format!("{of} has no `{key}`"))
                    .at(self.span())
                    .help(format!("add `{key}: …`")),
            );
        }
        self.text(key, found)
    }

    /// The texts of a key that takes one string or a list of them.
    pub fn texts(&self, key: &str, found: &mut Diagnostics) -> Vec<Located<String>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let items = if value.is_list() { value.items() } else { vec![value] };
        let text = |item: Yaml<'a>| {
            let text = item.scalar();
            if text.is_none() {
                found.push(item.wrong_kind(key, "a string or a list of strings"));
            }
            text.map(|text| Located::new(text, item.span()))
        };
        items.into_iter().filter_map(text).collect()
    }

    /// The mappings in the list under a key; anything else there is reported.
    pub fn mappings(&self, key: &str, found: &mut Diagnostics) -> Vec<Yaml<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        if !value.is_list() {
            found.push(value.wrong_kind(key, "a list"));
        }
        let (good, bad): (Vec<_>, Vec<_>) = value.items().into_iter().partition(Yaml::is_mapping);
        found.extend(bad.into_iter().map(|it| it.wrong_kind(key, "a list of mappings")).collect());
        good
    }

    /// A report that the value of `key` is not what it should be.
    pub fn wrong_kind(&self, key: &str, expected: &str) -> Diagnostic {
        let is = match self.value {
            Value::Null(_) => "nothing",
            Value::Bool(_, _) => "a boolean",
            Value::Number(_, _) => "a number",
            Value::String(_, _) | Value::Timestamp(_, _) => "a string",
            Value::Sequence(_, _) => "a list",
            Value::Mapping(_, _) => "a mapping",
            Value::Tagged(_, _) => "a tagged value",
        };
        Diagnostic::error(Code::WrongValue, format!("`{key}` must be {expected}, but is {is}")).at(self.span())
    }

    /// Warns of keys that mean nothing here.
    pub fn report_unknown_keys(&self, of: &str, known: &[&str], found: &mut Diagnostics) {
        for (key, _) in self.entries() {
            if !known.contains(&key.value.as_str()) {
                found.push(
                    Diagnostic::warning(Code::UnknownKey, format!("unknown key `{}` in {of}", key.value))
                        .help_if(closest(&key.value, known.iter().copied()), |it| format!("did you mean `{it}`?"))
                        .at(key.span),
                );
            }
        }
    }
}

/// A YAML value as JSON: dates become text, keys of any kind their text.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Null(_) => Json::Null,
        Value::Bool(value, _) => Json::Bool(*value),
        Value::Number(number, _) => number
            .as_i64()
            .map(Json::from)
            .or_else(|| number.as_u64().map(Json::from))
            .or_else(|| number.as_f64().map(Json::from))
            .unwrap_or(Json::Null),
        Value::String(text, _) => Json::String(text.clone()),
        Value::Timestamp(time, _) => Json::String(time.to_string()),
        Value::Sequence(items, _) => Json::Array(items.iter().map(to_json).collect()),
        Value::Mapping(mapping, _) => {
            let entry = |(key, value): (&Value, &Value)| {
                let key = match to_json(key) {
                    Json::String(text) => text,
                    other => other.to_string(),
                };
                (key, to_json(value))
            };
            Json::Object(mapping.iter().map(entry).collect())
        }
        Value::Tagged(tagged, _) => to_json(&tagged.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::render_terminal;

    fn problems(text: &str) -> String {
        let mut found = Diagnostics::new();
        if let Some(file) = YamlFile::parse(&SourceText::new("a.yml", text), &mut found) {
            file.root().report_unknown_keys("the file", &["models", "version"], &mut found);
        }
        render_terminal(&found, false)
    }

    #[test]
    fn a_tab_is_named() {
        assert!(problems("models:\n\t- name: a\n").contains("a tab is used for indentation"));
    }

    #[test]
    fn unknown_keys_are_pointed_at() {
        let expected = "warning[unknown-key]: unknown key `modles` in the file\n --> a.yml:2:1\n  |\n2 | modles: []\n  | ^^^^^^\n  |\n  = help: did you mean `models`?\n";
        assert_eq!(problems("version: 2\nmodles: []\n"), expected);
    }

    #[test]
    fn an_empty_file_is_an_empty_mapping() {
        assert_eq!(problems("# nothing\n"), "");
        assert_eq!(problems(""), "");
    }

    #[test]
    fn yaml_1_1_scalars() {
        let mut found = Diagnostics::new();
        let file = YamlFile::parse(&SourceText::new("a.yml", "a: yes\nb: 2024-01-31\nc: 1.50\n"), &mut found);
        let json = file.map(|it| it.root().json().to_string());
        assert_eq!(json.as_deref(), Some(r#"{"a":true,"b":"2024-01-31","c":1.5}"#));
    }
}
