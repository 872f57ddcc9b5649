//! Properties of a model, seed, snapshot or analysis, and of its columns.

use crate::diagnostics::{Diagnostics, Span};
use crate::project::properties::{TestProperties, Version, VersionProperties};
use crate::project::yaml::{Located, Yaml};
use crate::project::{Config, Json, RenderText};

/// What a properties file says about one node.
#[derive(Debug, Clone)]
pub struct NodeProperties {
    /// Its name.
    pub name: Located<String>,
    /// Raw, with `{{ doc() }}` unrendered.
    pub description: String,
    /// Its columns.
    pub columns: Vec<ColumnProperties>,
    /// Its tests, those of columns apart.
    pub tests: Vec<TestProperties>,
    /// Its configuration at this layer.
    pub config: Config,
    /// What it promises of all its rows, as written.
    pub constraints: Vec<Located<Json>>,
    /// Its versions, where it has any.
    pub versions: Vec<VersionProperties>,
    /// The version that a `ref` without one means, where that is not the highest.
    pub latest_version: Option<Located<Version>>,
    /// From when on it should not be used, as written.
    pub deprecation_date: Option<Located<String>>,
    /// What semantic models need of a model of days, as written.
    pub time_spine: Option<Json>,
    /// For snapshots without a file: what is snapshotted, as `ref('x')` or `source('x', 'y')`.
    pub relation: Option<Located<String>>,
    /// For functions and macros: what they take, as written.
    pub arguments: Vec<Located<Json>>,
    /// For functions: what they give, as written.
    pub returns: Option<Located<Json>>,
    /// The file that says so.
    pub file: String,
}

/// What a properties file says about one column.
#[derive(Debug, Clone)]
pub struct ColumnProperties {
    /// Its name.
    pub name: Located<String>,
    /// Raw, with `{{ doc() }}` unrendered.
    pub description: String,
    /// Its declared type.
    pub data_type: Option<Located<String>>,
    /// Its tests.
    pub tests: Vec<TestProperties>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its meta.
    pub meta: Json,
    /// What it promises of all its values, as written.
    pub constraints: Vec<Located<Json>>,
    /// Whether its name is quoted, where that is said.
    pub quote: Option<bool>,
    /// The grain of a column of times, for time spines.
    pub granularity: Option<String>,
    /// Where its entry stands.
    pub span: Span,
}

const KNOWN: &[&str] = &[
    "access",
    "alias",
    "anchors",
    "arguments",
    "columns",
    "config",
    "constraints",
    "contract",
    "data_tests",
    "database",
    "deprecation_date",
    "description",
    "docs",
    "freshness",
    "group",
    "latest_version",
    "meta",
    "name",
    "primary_key",
    "quote_columns",
    "relation",
    "returns",
    "schema",
    "tags",
    "tests",
    "time_spine",
    "versions",
];

const KNOWN_OF_COLUMN: &[&str] = &[
    "config",
    "constraints",
    "data_tests",
    "data_type",
    "description",
    "dimension",
    "docs",
    "entity",
    "granularity",
    "meta",
    "name",
    "policy_tags",
    "quote",
    "tags",
    "tests",
];

impl NodeProperties {
    pub(super) fn read(
        yaml: Yaml<'_>,
        section: &str,
        render: &dyn RenderText,
        found: &mut Diagnostics,
    ) -> Option<NodeProperties> {
        let of = format!("an entry of `{section}`");
        let name = yaml.required_text("name", &of, found)?;
        yaml.report_unknown_keys(&format!("`{}`", name.value), KNOWN, found);
        let mut config = Config::default();
        // Before `config:` existed these stood at the top, and many projects still have them there.
        for key in ["meta", "tags", "docs", "group", "access", "contract", "schema", "alias", "database"] {
            if let Some(value) = yaml.get(key) {
                config.set_written(key, value.rendered(render, found), value.json(), Some(value.span()));
            }
        }
        if let Some(value) = yaml.get("config") {
            config.overlay(Config::read(value, render, found));
        }
        Some(NodeProperties {
            description: yaml.text("description", found).map(|it| it.value).unwrap_or_default(),
            columns: ColumnProperties::read_all(yaml, render, found),
            tests: TestProperties::read_all(yaml, render, found),
            config,
            constraints: mappings_as_json(yaml, "constraints", render, found),
            versions: VersionProperties::read_all(yaml, render, found),
            latest_version: yaml.get("latest_version").and_then(|it| Version::read(it, "latest_version", found)),
            deprecation_date: yaml.text("deprecation_date", found),
            time_spine: yaml.get("time_spine").map(|it| it.rendered(render, found)),
            relation: yaml.text("relation", found),
            arguments: mappings_as_json(yaml, "arguments", render, found),
            returns: yaml.get("returns").map(|it| Located::new(it.rendered(render, found), it.span())),
            file: yaml.source().path.clone(),
            name,
        })
    }
}

/// The mappings in a list, rendered and with their places.
pub(super) fn mappings_as_json(
    yaml: Yaml<'_>,
    key: &str,
    render: &dyn RenderText,
    found: &mut Diagnostics,
) -> Vec<Located<Json>> {
    let items = yaml.mappings(key, found);
    items.into_iter().map(|it| Located::new(it.rendered(render, found), it.span())).collect()
}

impl ColumnProperties {
    pub(super) fn read_all(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Vec<ColumnProperties> {
        let columns = yaml.mappings("columns", found);
        columns.into_iter().filter_map(|it| ColumnProperties::read(it, render, found)).collect()
    }

    pub(super) fn read(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Option<ColumnProperties> {
        let name = yaml.required_text("name", "a column", found)?;
        yaml.report_unknown_keys(&format!("column `{}`", name.value), KNOWN_OF_COLUMN, found);
        let config = yaml.get("config");
        let meta = yaml.get("meta").or_else(|| config.and_then(|it| it.get("meta")));
        let mut tags = yaml.texts("tags", found);
        tags.extend(config.map(|it| it.texts("tags", found)).unwrap_or_default());
        Some(ColumnProperties {
            description: yaml.text("description", found).map(|it| it.value).unwrap_or_default(),
            data_type: yaml.text("data_type", found),
            tests: TestProperties::read_all(yaml, render, found),
            tags: tags.into_iter().map(|it| it.value).collect(),
            meta: meta.map_or(Json::Object(serde_json::Map::new()), |it| it.rendered(render, found)),
            constraints: mappings_as_json(yaml, "constraints", render, found),
            quote: yaml.get("quote").and_then(|it| it.rendered(render, found).as_bool()),
            granularity: yaml.text("granularity", found).map(|it| it.value),
            span: name.span.clone(),
            name,
        })
    }
}
