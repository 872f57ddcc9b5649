//! Unit tests: what a model should give for rows that the test brings along.

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, closest};
use crate::project::yaml::{Located, Yaml};
use crate::project::{Config, Json, RenderText};

/// Rows as a unit test writes them.
#[derive(Debug, Clone)]
pub struct UnitTestRows {
    /// `dict`, `csv` or `sql`.
    pub format: Located<String>,
    /// The rows where they stand: a list of mappings, or text.
    pub rows: Option<Located<Json>>,
    /// The file that holds them, without ending.
    pub fixture: Option<Located<String>>,
    /// Where all of it stands.
    pub span: Span,
}

/// One unit test.
#[derive(Debug, Clone)]
pub struct UnitTestProperties {
    /// Its name.
    pub name: Located<String>,
    /// The model under test.
    pub model: Located<String>,
    /// Raw, with `{{ doc() }}` unrendered.
    pub description: String,
    /// What stands in for the model's inputs: `ref('x')`, `source('x', 'y')` or `this`.
    pub given: Vec<(Located<String>, UnitTestRows)>,
    /// What the model should give.
    pub expect: UnitTestRows,
    /// `macros`, `vars` and `env_vars` that are other than usual; as written.
    pub overrides: Option<Located<Json>>,
    /// `include` or `exclude` of the model's versions; as written.
    pub versions: Option<Located<Json>>,
    /// Its configuration at this layer.
    pub config: Config,
    /// The file that says so.
    pub file: String,
}

const KNOWN: &[&str] = &["config", "description", "expect", "given", "model", "name", "overrides", "versions"];
const KNOWN_OF_ROWS: &[&str] = &["fixture", "format", "input", "rows"];
const FORMATS: [&str; 3] = ["csv", "dict", "sql"];

impl UnitTestProperties {
    pub(super) fn read(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Option<UnitTestProperties> {
        let name = yaml.required_text("name", "a unit test", found)?;
        let of = format!("unit test `{}`", name.value);
        yaml.report_unknown_keys(&of, KNOWN, found);
        let model = yaml.required_text("model", &of, found)?;
        if yaml.get("given").is_none() {
            found.push(missing(&of, "given", yaml.span()).help("write `given: []` where the model reads nothing"));
        }
        let mut given = Vec::new();
        for entry in yaml.mappings("given", found) {
            entry.report_unknown_keys("an input of a unit test", KNOWN_OF_ROWS, found);
            let Some(input) = entry.required_text("input", "an input of a unit test", found) else { continue };
            given.push((input, UnitTestRows::read(entry, render, found)));
        }
        let Some(expect) = yaml.get("expect") else {
            found.push(missing(&of, "expect", yaml.span()).help("add `expect: {rows: […]}`"));
            return None;
        };
        if !expect.is_mapping() {
            found.push(expect.wrong_kind("expect", "a mapping with `rows`"));
            return None;
        }
        expect.report_unknown_keys("`expect`", KNOWN_OF_ROWS, found);
        let located = |key: &str, found: &mut Diagnostics| {
            yaml.get(key).map(|it| Located::new(it.rendered(render, found), it.span()))
        };
        let overrides = located("overrides", found);
        if let Some(it) = yaml.get("overrides") {
            it.report_unknown_keys("`overrides`", &["env_vars", "macros", "vars"], found);
        }
        let mut config = Config::default();
        if let Some(value) = yaml.get("config") {
            config = Config::read(value, render, found);
        }
        Some(UnitTestProperties {
            description: yaml.text("description", found).map(|it| it.value).unwrap_or_default(),
            given,
            expect: UnitTestRows::read(expect, render, found),
            overrides,
            versions: located("versions", found),
            config,
            file: yaml.source().path.clone(),
            model,
            name,
        })
    }
}

impl UnitTestRows {
    fn read(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> UnitTestRows {
        let format = yaml.text("format", found).unwrap_or_else(|| Located::new("dict".to_owned(), yaml.span()));
        if !FORMATS.contains(&format.value.as_str()) {
            found.push(
                Diagnostic::error(Code::WrongValue, format!("there is no format of rows `{}`", format.value))
                    .at(format.span.clone())
                    .help_if(closest(&format.value, FORMATS), |it| format!("did you mean `{it}`?"))
                    .note(format!("there are {}", FORMATS.join(", "))),
            );
        }
        let rows = yaml.get("rows").map(|it| Located::new(it.rendered(render, found), it.span()));
        if let Some(rows) = &rows {
            let is_list = rows.value.as_array().is_some_and(|all| all.iter().all(Json::is_object));
            if format.value == "dict" && !is_list {
                found.push(
                    Diagnostic::error(Code::WrongValue, "rows of the format `dict` are a list of mappings")
                        .at(rows.span.clone())
                        .help("write `rows: [{id: 1}]`, or say `format: csv`"),
                );
            } else if matches!(format.value.as_str(), "csv" | "sql") && !rows.value.is_string() {
                found.push(
                    Diagnostic::error(Code::WrongValue, format!("rows of the format `{}` are a text", format.value))
                        .at(rows.span.clone())
                        .help("write `rows: |` and the text below it, indented"),
                );
            }
        }
        UnitTestRows { format, rows, fixture: yaml.text("fixture", found), span: yaml.span() }
    }
}

fn missing(of: &str, key: &str, span: Span) -> Diagnostic {
    Diagnostic::error(Code::MissingKey, format!("{of} has no `{key}`")).at(span)
}
