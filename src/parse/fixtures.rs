//! The rows that unit tests bring along: from the test itself, from fixture files or from a seed.

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, closest};
use crate::files;
use crate::parse::context::Context;
use crate::parse::facts::ParsedNode;
use crate::parse::kinds::NodeKind;
use crate::parse::{csv_rows, read_text};
use crate::project::{Json, Located, UnitTestRows};

type Map = serde_json::Map<String, Json>;

/// Rows, with how they were written.
#[derive(Debug, Clone)]
pub struct FixtureRows {
    /// How they were written.
    pub format: RowFormat,
    /// The rows. Those of CSV are text or null; an empty field is null.
    pub rows: Rows,
    /// The name of the file that they come from.
    pub fixture: Option<String>,
    /// Where they are written, or where their file is named.
    pub span: Span,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFormat {
    /// CSV text with a header.
    Csv,
    /// A list of mappings.
    Dict,
    /// A query.
    Sql,
}

impl RowFormat {
    /// dbt's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            RowFormat::Csv => "csv",
            RowFormat::Dict => "dict",
            RowFormat::Sql => "sql",
        }
    }
}

/// Rows as they are used.
#[derive(Debug, Clone, PartialEq)]
pub enum Rows {
    /// Values by column, a mapping per row; a row may lack columns.
    Values(Vec<Map>),
    /// A query that gives them.
    Query(String),
}

impl Rows {
    /// As dbt writes them in manifests.
    pub fn json(&self) -> Json {
        match self {
            Rows::Values(rows) => Json::Array(rows.iter().cloned().map(Json::Object).collect()),
            Rows::Query(sql) => Json::from(sql.as_str()),
        }
    }
}

/// The rows that are written, or those of the file that is named, or those of the seed that is replaced.
pub(super) fn rows(
    context: &Context<'_>,
    written: &UnitTestRows,
    seed: Option<&str>,
    nodes: &[ParsedNode],
    found: &mut Diagnostics,
) -> Option<FixtureRows> {
    let format = match written.format.value.as_str() {
        "csv" => RowFormat::Csv,
        "dict" => RowFormat::Dict,
        "sql" => RowFormat::Sql,
        // Reported when it was read.
        _ => return None,
    };
    let fixture = written.fixture.as_ref();
    let span = fixture.map(|it| &it.span).or(written.rows.as_ref().map(|it| &it.span)).unwrap_or(&written.span);
    let made = |rows: Rows| {
        Some(FixtureRows { format, rows, fixture: fixture.map(|it| it.value.clone()), span: span.clone() })
    };
    let text = match (fixture, &written.rows) {
        (Some(fixture), _) => fixture_text(context, fixture, format, found)?,
        (None, Some(Located { value: Json::String(text), .. })) => text.clone(),
        (None, Some(Located { value: Json::Array(items), .. })) if format == RowFormat::Dict => {
            let rows = items.iter().filter_map(|it| it.as_object().cloned()).collect();
            return made(Rows::Values(with_full_row_first(rows)));
        }
        // A wrong kind was reported when it was read.
        (None, Some(_)) => return None,
        (None, None) => {
            let seed = seed.and_then(|name| {
                nodes.iter().find(|it| matches!(it.facts.kind, NodeKind::Seed) && it.facts.name == name)
            });
            let Some(seed) = seed.filter(|_| format == RowFormat::Dict) else {
                found.push(
                    Diagnostic::error(Code::MissingKey, "there are no rows")
                        .at(written.span.clone())
                        .help("write `rows:`, or name a file with `fixture:`"),
                );
                return None;
            };
            let text = read_text(context.files, &seed.facts.path).map_err(|problem| found.push(problem)).ok()?;
            return made(Rows::Values(with_full_row_first(csv_rows::read(&text.text))));
        }
    };
    match format {
        RowFormat::Sql => made(Rows::Query(text)),
        RowFormat::Csv | RowFormat::Dict => {
            let mut rows = csv_rows::read(&text);
            for value in rows.iter_mut().flat_map(Map::values_mut).filter(|it| it.as_str() == Some("")) {
                *value = Json::Null;
            }
            made(Rows::Values(with_full_row_first(rows)))
        }
    }
}

/// As dbt does: the first row without a null comes first, because some engines take types from it.
fn with_full_row_first(mut rows: Vec<Map>) -> Vec<Map> {
    if let Some(full) = rows.iter().position(|row| row.values().all(|it| !it.is_null())) {
        rows.swap(0, full);
    }
    rows
}

fn fixture_text(
    context: &Context<'_>,
    fixture: &Located<String>,
    format: RowFormat,
    found: &mut Diagnostics,
) -> Option<String> {
    let folders: Vec<String> = context.package.file.paths.tests.iter().map(|it| files::join(it, "fixtures")).collect();
    let ending = if format == RowFormat::Sql { ".sql" } else { ".csv" };
    let paths = context.package.list(context.files, &folders, &[ending], found);
    let Some(path) = paths.iter().find(|it| files::stem(it) == fixture.value) else {
        let names = paths.iter().map(|it| files::stem(it));
        found.push(
            Diagnostic::error(Code::MissingFile, format!("there is no fixture `{}{ending}`", fixture.value))
                .at(fixture.span.clone())
                .help_if(closest(&fixture.value, names), |it| format!("did you mean `{it}`?"))
                .note(format!("looked in: {}", folders.join(", "))),
        );
        return None;
    };
    read_text(context.files, path).map_err(|problem| found.push(problem)).ok().map(|it| it.text.clone())
}
