//! A use of a generic test, in every form that dbt takes:
//! `- unique`, `- accepted_values: {values: [a]}`, `- accepted_values: {arguments: {values: [a]}, config: {…}}`,
//! and `- {test_name: unique, name: mine}`.

use crate::diagnostics::{Diagnostics, Span};
use crate::project::yaml::{Located, Yaml};
use crate::project::{Config, Json, RenderText};

/// One test of a node or column.
#[derive(Debug, Clone)]
pub struct TestProperties {
    /// The package that defines the kind, where the use names one (`dbt_utils.…`).
    pub namespace: Option<String>,
    /// The kind: `not_null`, `unique`, a macro's name.
    pub kind: Located<String>,
    /// Its arguments, raw: they are rendered when the test is.
    pub arguments: serde_json::Map<String, Json>,
    /// A name given by the user.
    pub name: Option<String>,
    /// What it is for.
    pub description: String,
    /// Severity, where, limit and so on.
    pub config: Config,
    /// Where it stands.
    pub span: Span,
}

/// Keys beside the arguments that configure the test; they may also stand under `config:`.
const CONFIG_KEYS: &[&str] = &[
    "alias",
    "database",
    "enabled",
    "error_if",
    "fail_calc",
    "group",
    "limit",
    "meta",
    "schema",
    "severity",
    "store_failures",
    "store_failures_as",
    "tags",
    "warn_if",
    "where",
];

impl TestProperties {
    /// All tests under `tests:` and `data_tests:`.
    pub(super) fn read_all(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Vec<TestProperties> {
        let mut tests = Vec::new();
        for key in ["tests", "data_tests"] {
            let Some(list) = yaml.get(key) else { continue };
            if !list.is_list() {
                found.push(list.wrong_kind(key, "a list"));
            }
            tests.extend(list.items().into_iter().filter_map(|it| TestProperties::read(it, render, found)));
        }
        tests
    }

    fn read(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Option<TestProperties> {
        if let Some(kind) = yaml.scalar() {
            return Some(TestProperties::new(Located::new(kind, yaml.span()), yaml.span()));
        }
        if !yaml.is_mapping() {
            found.push(yaml.wrong_kind("data_tests", "a list of names and mappings"));
            return None;
        }
        let entries = yaml.entries();
        let is_long_form = yaml.get("test_name").is_some();
        let (kind, body) = match (is_long_form, entries.as_slice()) {
            (true, _) => (yaml.text("test_name", found)?, yaml),
            (false, [(kind, body)]) => (kind.clone(), *body),
            (false, _) => {
                found.push(
                    yaml.wrong_kind("data_tests", "a list of tests with one name each")
                        .help("indent a test's arguments further than its name"),
                );
                return None;
            }
        };
        let mut test = TestProperties::new(kind.clone(), kind.span);
        for (key, value) in body.entries() {
            match key.value.as_str() {
                "test_name" => {}
                // A test's own `column_name` and `model` stay arguments.
                "name" if value.scalar().is_some() => test.name = value.scalar(),
                "description" => test.description = value.scalar().unwrap_or_default(),
                "config" if value.is_mapping() => test.config.overlay(Config::read(value, render, found)),
                "arguments" if value.is_mapping() => {
                    if let Json::Object(arguments) = value.json() {
                        test.arguments.extend(arguments);
                    }
                }
                name if CONFIG_KEYS.contains(&name) => {
                    let json = value.rendered(render, found);
                    test.config.set_written(name, json, value.json(), Some(value.span()));
                }
                _ => {
                    test.arguments.insert(key.value, value.json());
                }
            }
        }
        Some(test)
    }

    fn new(kind: Located<String>, span: Span) -> TestProperties {
        let (namespace, name) = match kind.value.split_once('.') {
            Some((namespace, name)) => (Some(namespace.to_owned()), name.to_owned()),
            None => (None, kind.value.clone()),
        };
        TestProperties {
            namespace,
            kind: Located::new(name, kind.span),
            arguments: serde_json::Map::new(),
            name: None,
            description: String::new(),
            config: Config::default(),
            span,
        }
    }
}
