//! Versions of a model: one entry of `versions:` each, over what the model's own entry says.

use std::cmp::Ordering;
use std::fmt;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, closest};
use crate::project::properties::nodes::mappings_as_json;
use crate::project::properties::{ColumnProperties, TestProperties};
use crate::project::yaml::{Located, Yaml};
use crate::project::{Config, Json, RenderText};

/// A version's name: a number, or any text. Compared by value where both are numbers, else as text, as in dbt.
#[derive(Debug, Clone, PartialEq)]
pub struct Version(Json);

impl Version {
    pub(super) fn read(yaml: Yaml<'_>, key: &str, found: &mut Diagnostics) -> Option<Located<Version>> {
        match yaml.json() {
            value @ (Json::String(_) | Json::Number(_)) => Some(Located::new(Version(value), yaml.span())),
            _ => {
                found.push(yaml.wrong_kind(key, "a number or a string"));
                None
            }
        }
    }

    /// From a value that is a number or a text; `None` for any other.
    pub fn from_json(value: &Json) -> Option<Version> {
        matches!(value, Json::String(_) | Json::Number(_)).then(|| Version(value.clone()))
    }

    /// As it was written.
    pub fn json(&self) -> &Json {
        &self.0
    }

    /// Its text: `2`, `2.5`, `next`.
    pub fn text(&self) -> String {
        self.0.as_str().map_or_else(|| self.0.to_string(), str::to_owned)
    }

    fn number(&self) -> Option<f64> {
        self.0.as_f64().or_else(|| self.0.as_str()?.trim().parse().ok())
    }

    /// Which of two versions is the later one.
    pub fn compare(&self, other: &Version) -> Ordering {
        match (self.number(), other.number()) {
            (Some(mine), Some(others)) => mine.total_cmp(&others),
            _ => self.text().cmp(&other.text()),
        }
    }
}

/// `v2`: the end of a versioned model's id, and of its default relation name.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.text())
    }
}

/// Which of the model's columns a version has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnsTaken {
    /// All, or these.
    pub include: Vec<String>,
    /// But not these.
    pub exclude: Vec<String>,
}

impl ColumnsTaken {
    /// Whether a column is taken.
    pub fn takes(&self, column: &str) -> bool {
        let all = self.include.iter().any(|it| it == "*" || it == "all");
        (all || self.include.iter().any(|it| it == column)) && !self.exclude.iter().any(|it| it == column)
    }
}

/// One version of a model.
#[derive(Debug, Clone)]
pub struct VersionProperties {
    /// Its name.
    pub version: Located<Version>,
    /// The file that defines it, without ending; by default `<model>_v<version>`.
    pub defined_in: Option<Located<String>>,
    /// What it is, where that is not the model's description; raw.
    pub description: Option<String>,
    /// Its configuration over the model's.
    pub config: Config,
    /// Which of the model's columns it has; all where nothing is said.
    pub taken: Option<ColumnsTaken>,
    /// Columns that only this version has, or describes otherwise.
    pub columns: Vec<ColumnProperties>,
    /// Its tests, where these replace the model's.
    pub tests: Option<Vec<TestProperties>>,
    /// Its constraints, where these replace the model's; as written.
    pub constraints: Vec<Located<Json>>,
    /// From when on it should not be used, as written.
    pub deprecation_date: Option<Located<String>>,
}

const KNOWN: &[&str] = &[
    "access",
    "columns",
    "config",
    "constraints",
    "data_tests",
    "defined_in",
    "deprecation_date",
    "description",
    "docs",
    "group",
    "meta",
    "tests",
    "v",
];

impl VersionProperties {
    pub(super) fn read_all(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Vec<VersionProperties> {
        let mut versions: Vec<VersionProperties> = Vec::new();
        for entry in yaml.mappings("versions", found) {
            let Some(version) = VersionProperties::read(entry, render, found) else { continue };
            let text = version.version.value.text();
            if let Some(first) = versions.iter().find(|it| it.version.value.text() == text) {
                found.push(
                    Diagnostic::error(Code::DuplicateName, format!("version `{text}` is there twice"))
                        .at(version.version.span.clone())
                        .related(first.version.span.clone(), "first here")
                        .help("keep one of the two entries"),
                );
                continue;
            }
            versions.push(version);
        }
        versions
    }

    fn read(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Option<VersionProperties> {
        let Some(version) = yaml.get("v") else {
            found.push(Diagnostic::error(Code::MissingKey, "a version has no `v`").at(yaml.span()).help("add `v: 1`"));
            return None;
        };
        let version = Version::read(version, "v", found)?;
        yaml.report_unknown_keys(&format!("version `{}`", version.value.text()), KNOWN, found);
        let mut config = Config::default();
        for key in ["meta", "docs", "group", "access"] {
            if let Some(value) = yaml.get(key) {
                config.set_written(key, value.rendered(render, found), value.json(), Some(value.span()));
            }
        }
        if let Some(value) = yaml.get("config") {
            config.overlay(Config::read(value, render, found));
        }
        let mut taken = None;
        let mut columns = Vec::new();
        for column in yaml.mappings("columns", found) {
            if column.get("include").is_none() && column.get("exclude").is_none() {
                columns.extend(ColumnProperties::read(column, render, found));
            } else if let Some(include) = column.get("include") {
                if taken.is_some() {
                    found.push(
                        Diagnostic::error(Code::WrongValue, "a version can have one `include` only").at(include.span()),
                    );
                }
                taken = Some(columns_taken(column, found));
            } else {
                found.push(
                    Diagnostic::error(Code::MissingKey, "`exclude` needs an `include`")
                        .at(column.span())
                        .help("write `include: all` above it"),
                );
            }
        }
        let has_tests = yaml.get("tests").is_some() || yaml.get("data_tests").is_some();
        Some(VersionProperties {
            defined_in: yaml.text("defined_in", found),
            description: yaml.text("description", found).map(|it| it.value),
            config,
            taken,
            columns,
            tests: has_tests.then(|| TestProperties::read_all(yaml, render, found)),
            constraints: mappings_as_json(yaml, "constraints", render, found),
            deprecation_date: yaml.text("deprecation_date", found),
            version,
        })
    }
}

fn columns_taken(column: Yaml<'_>, found: &mut Diagnostics) -> ColumnsTaken {
    let include = column.texts("include", found);
    let exclude = column.texts("exclude", found);
    let takes_all = |name: &str| name == "*" || name == "all";
    if let (Some(first), false) = (exclude.first(), include.iter().any(|it| takes_all(&it.value))) {
        let near = include.iter().map(|it| it.value.as_str());
        found.push(
            Diagnostic::error(Code::WrongValue, "`exclude` goes with `include: all` only")
                .at(first.span.clone())
                .help_if(closest(&first.value, near), |it| format!("leave `{it}` out of `include` instead")),
        );
    }
    let values = |all: Vec<Located<String>>| all.into_iter().map(|it| it.value).collect();
    ColumnsTaken { include: values(include), exclude: values(exclude) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_value_and_else_as_text() {
        let version = |value: &str| Version(serde_json::from_str(value).unwrap());
        assert_eq!(version("10").compare(&version("9")), Ordering::Greater);
        assert_eq!(version("\"2\"").compare(&version("2.5")), Ordering::Less);
        assert_eq!(version("\"b\"").compare(&version("\"a\"")), Ordering::Greater);
        assert_eq!(version("1").to_string(), "v1");
    }

    #[test]
    fn columns_are_taken_by_name_or_all() {
        let taken = ColumnsTaken { include: vec!["all".into()], exclude: vec!["b".into()] };
        assert!(taken.takes("a") && !taken.takes("b"));
        let taken = ColumnsTaken { include: vec!["a".into()], exclude: Vec::new() };
        assert!(taken.takes("a") && !taken.takes("b"));
    }
}
