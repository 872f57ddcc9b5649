//! Sources: tables that others write and the project reads.

use crate::diagnostics::Diagnostics;
use crate::project::properties::{ColumnProperties, IngestProperties, TestProperties};
use crate::project::yaml::{Located, Yaml};
use crate::project::{Config, Json, RenderText};

/// A group of source tables.
#[derive(Debug, Clone)]
pub struct SourceProperties {
    /// The group's name, the first argument of `source()`.
    pub name: Located<String>,
    /// What it is.
    pub description: String,
    /// The database it lies in, if not the target's.
    pub database: Option<String>,
    /// The schema it lies in; its name by default.
    pub schema: String,
    /// Who loads it.
    pub loader: String,
    /// Configuration, `meta` included.
    pub config: Config,
    /// Tags that stand beside its configuration: its tests have them too.
    pub tags: Vec<String>,
    /// Its tables.
    pub tables: Vec<SourceTable>,
    /// The file that says so.
    pub file: String,
}

/// One source table.
#[derive(Debug, Clone)]
pub struct SourceTable {
    /// Its name, the second argument of `source()`.
    pub name: Located<String>,
    /// Its name in the database; `name` by default.
    pub identifier: String,
    /// What it is.
    pub description: String,
    /// Configuration, `meta` included.
    pub config: Config,
    /// Its columns.
    pub columns: Vec<ColumnProperties>,
    /// Tags that stand beside its configuration: its tests have them too.
    pub tags: Vec<String>,
    /// Its tests.
    pub tests: Vec<TestProperties>,
    /// How its raw files are taken in, where it has any.
    pub ingest: Option<IngestProperties>,
}

const KNOWN: &[&str] = &[
    "config",
    "data_tests",
    "database",
    "description",
    "freshness",
    "loaded_at_field",
    "loaded_at_query",
    "loader",
    "meta",
    "name",
    "overrides",
    "quoting",
    "schema",
    "tables",
    "tags",
    "tests",
];

const KNOWN_OF_TABLE: &[&str] = &[
    "columns",
    "config",
    "data_tests",
    "description",
    "external",
    "freshness",
    "identifier",
    "loaded_at_field",
    "loaded_at_query",
    "loader",
    "meta",
    "name",
    "quoting",
    "tags",
    "tests",
];

impl SourceProperties {
    pub(super) fn read(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Option<SourceProperties> {
        let name = yaml.required_text("name", "a source", found)?;
        yaml.report_unknown_keys(&format!("source `{}`", name.value), KNOWN, found);
        let tables = yaml.mappings("tables", found);
        let tables = tables.into_iter().filter_map(|it| SourceTable::read(it, yaml, render, found)).collect();
        Some(SourceProperties {
            description: yaml.text("description", found).map(|it| it.value).unwrap_or_default(),
            database: rendered_text(yaml, "database", render, found),
            schema: rendered_text(yaml, "schema", render, found).unwrap_or_else(|| name.value.clone()),
            loader: yaml.text("loader", found).map(|it| it.value).unwrap_or_default(),
            config: read_config(yaml, render, found),
            tags: yaml.texts("tags", found).into_iter().map(|it| it.value).collect(),
            tables,
            file: yaml.source().path.clone(),
            name,
        })
    }
}

impl SourceTable {
    fn read(yaml: Yaml<'_>, source: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Option<SourceTable> {
        let name = yaml.required_text("name", "a source table", found)?;
        yaml.report_unknown_keys(&format!("source table `{}`", name.value), KNOWN_OF_TABLE, found);
        Some(SourceTable {
            identifier: rendered_text(yaml, "identifier", render, found).unwrap_or_else(|| name.value.clone()),
            description: yaml.text("description", found).map(|it| it.value).unwrap_or_default(),
            config: read_config(yaml, render, found),
            tags: yaml.texts("tags", found).into_iter().map(|it| it.value).collect(),
            columns: ColumnProperties::read_all(yaml, render, found),
            tests: TestProperties::read_all(yaml, render, found),
            ingest: IngestProperties::read(yaml, source, render, found),
            name,
        })
    }
}

fn rendered_text(yaml: Yaml<'_>, key: &str, render: &dyn RenderText, found: &mut Diagnostics) -> Option<String> {
    match yaml.get(key)?.rendered(render, found) {
        Json::String(text) => Some(text),
        Json::Null => None,
        other => Some(other.to_string()),
    }
}

fn read_config(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Config {
    let mut config = Config::default();
    for key in ["meta", "tags", "external", "freshness", "loaded_at_field", "loaded_at_query", "quoting"] {
        if let Some(value) = yaml.get(key) {
            let rendered = if key == "loaded_at_query" { value.json() } else { value.rendered(render, found) };
            config.set_written(key, rendered, value.json(), Some(value.span()));
        }
    }
    if let Some(value) = yaml.get("config") {
        config.overlay(Config::read(value, render, found));
    }
    config
}
