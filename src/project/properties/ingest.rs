//! What a source table says about its raw files, under `ingest` of its meta, and the rules that its columns stand under:
//! every value with its place. Whether a rule is known, and takes what it is given, is not known here.

use std::collections::BTreeMap;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, closest};
use crate::project::yaml::{Located, Yaml};
use crate::project::{Json, RenderText};

/// How a source table's raw files become rows of its event table.
#[derive(Debug, Clone)]
pub struct IngestProperties {
    /// Where the declaration stands.
    pub span: Span,
    /// Where the raw files are, or the server with the rows.
    pub location: Option<Located<String>>,
    /// The environment variable that says so.
    pub location_env: Option<Located<String>>,
    /// The table of a server.
    pub table: Option<Located<String>>,
    /// Its column that grows with each new row.
    pub cursor: Option<Located<String>>,
    /// How far behind the greatest value that was read rows may still come in.
    pub lookback: Option<Located<Lookback>>,
    /// `format`, `header`, `delimiter` and the like, as for files that are read where they lie.
    pub format: BTreeMap<String, Located<Json>>,
    /// Names of columns in the files, and in the contract.
    pub columns: Vec<(Located<String>, Located<String>)>,
    /// The columns that tell one event from all others.
    pub key: Vec<Located<String>>,
    /// The share of bad rows, from 0 to 1, above which a file is refused.
    pub max_error_rate: f64,
    /// What to do about files whose columns are not what they should be.
    pub drift: DriftPolicy,
    /// The folder for rows that break a rule.
    pub quarantine: Option<Located<String>>,
    /// Bytes that one row may have.
    pub max_row_bytes: usize,
    /// Rules about whole rows.
    pub rules: Vec<RuleProperties>,
    /// The columns of the contract.
    pub contract: Vec<ContractColumn>,
}

/// How far behind the greatest value that was read rows may still come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookback {
    /// Of a number.
    Number(i64),
    /// Of a time, in the server's words: `10 minutes`.
    Interval(String),
}

/// What to do about files whose columns are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DriftPolicy {
    /// Take columns that are new into the event table.
    Evolve,
    /// Refuse the file.
    Fail,
    /// Say so, and take what the contract knows.
    #[default]
    Warn,
}

impl DriftPolicy {
    const ALL: [(&'static str, DriftPolicy); 3] =
        [("evolve", DriftPolicy::Evolve), ("fail", DriftPolicy::Fail), ("warn", DriftPolicy::Warn)];
}

/// One column that events have.
#[derive(Debug, Clone)]
pub struct ContractColumn {
    /// Its name.
    pub name: Located<String>,
    /// Its declared type.
    pub data_type: Option<Located<String>>,
    /// What its values must meet.
    pub rules: Vec<RuleProperties>,
}

/// One rule as it is written: `not_null`, or `accepted_values: [a, b]`.
#[derive(Debug, Clone)]
pub struct RuleProperties {
    /// Which.
    pub name: Located<String>,
    /// What it is given; null where it is only named.
    pub arguments: Located<Json>,
}

/// Keys that are about how files are read.
const OF_FORMAT: &[&str] = &["delimiter", "escape", "format", "header", "newlines_in_values", "null", "quote"];

const KNOWN: &[&str] = &[
    "columns",
    "cursor",
    "delimiter",
    "drift",
    "escape",
    "format",
    "header",
    "key",
    "location",
    "location_env",
    "lookback",
    "max_error_rate",
    "max_row_bytes",
    "newlines_in_values",
    "null",
    "quarantine",
    "quote",
    "rules",
    "table",
];

/// The share of bad rows that is borne unless something else is said.
const MAX_ERROR_RATE: f64 = 0.05;

/// Bytes that a row may have unless something else is said.
const MAX_ROW_BYTES: usize = 1 << 20;

impl IngestProperties {
    /// Reads what a table says, and its source for all of its tables; the table's word counts.
    pub(super) fn read(
        table: Yaml<'_>,
        source: Yaml<'_>,
        render: &dyn RenderText,
        found: &mut Diagnostics,
    ) -> Option<IngestProperties> {
        let declared = [table, source].into_iter().flat_map(metas).filter_map(|it| it.get("ingest"));
        let declared: Vec<Yaml<'_>> = declared.collect();
        let nearest = declared.first()?;
        if nearest.json() == Json::Bool(false) {
            return None;
        }
        let (mappings, others): (Vec<Yaml<'_>>, Vec<Yaml<'_>>) = declared.iter().copied().partition(Yaml::is_mapping);
        found.extend(others.into_iter().map(|it| it.wrong_kind("ingest", "a mapping")).collect());
        for it in &mappings {
            it.report_unknown_keys("`ingest`", KNOWN, found);
        }
        let get = |key: &str| mappings.iter().find_map(|it| it.get(key));
        let rendered = |key: &str, found: &mut Diagnostics| -> Option<Located<Json>> {
            let value = get(key)?;
            Some(Located::new(value.rendered(render, found), value.span()))
        };
        let text = |key: &str, found: &mut Diagnostics| -> Option<Located<String>> {
            let value = rendered(key, found)?;
            match value.value {
                Json::String(text) => Some(Located::new(text, value.span)),
                _ => {
                    found.extend(get(key).map(|it| it.wrong_kind(key, "a string")).into_iter().collect());
                    None
                }
            }
        };
        let format = OF_FORMAT.iter().filter_map(|key| Some(((*key).to_owned(), rendered(key, found)?))).collect();
        let drift = text("drift", found).map(|it| drift(&it, found)).unwrap_or_default();
        Some(IngestProperties {
            span: nearest.span(),
            location: text("location", found),
            location_env: text("location_env", found),
            table: text("table", found),
            cursor: text("cursor", found),
            lookback: rendered("lookback", found).and_then(|it| lookback(it, found)),
            format,
            columns: get("columns").map(|it| mapping_of_columns(it, found)).unwrap_or_default(),
            key: mappings
                .iter()
                .find(|it| it.get("key").is_some())
                .map(|it| it.texts("key", found))
                .unwrap_or_default(),
            max_error_rate: rendered("max_error_rate", found)
                .map_or(MAX_ERROR_RATE, |it| share(&it, found).unwrap_or(MAX_ERROR_RATE)),
            drift,
            quarantine: text("quarantine", found),
            max_row_bytes: rendered("max_row_bytes", found)
                .map_or(MAX_ROW_BYTES, |it| bytes(&it, found).unwrap_or(MAX_ROW_BYTES)),
            rules: get("rules").map(|it| rules(it, render, found)).unwrap_or_default(),
            contract: contract(table, render, found),
        })
    }
}

/// Where a table or source keeps its meta, the nearest first.
fn metas(yaml: Yaml<'_>) -> impl Iterator<Item = Yaml<'_>> {
    let in_config = yaml.get("config").and_then(|it| it.get("meta"));
    in_config.into_iter().chain(yaml.get("meta"))
}

fn contract(table: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Vec<ContractColumn> {
    // What is wrong with the columns themselves is reported where they are read as columns.
    let mut said = Diagnostics::new();
    let columns = table.mappings("columns", &mut said);
    let column = |yaml: Yaml<'_>| {
        let rules = metas(yaml).find_map(|it| it.get("rules")).map(|it| rules(it, render, found));
        Some(ContractColumn {
            name: yaml.text("name", &mut said)?,
            data_type: yaml.text("data_type", &mut said),
            rules: rules.unwrap_or_default(),
        })
    };
    columns.into_iter().filter_map(column).collect()
}

fn rules(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Vec<RuleProperties> {
    if !yaml.is_list() {
        found.push(yaml.wrong_kind("rules", "a list").help("write `rules: [not_null, {length: {max: 200}}]`"));
        return Vec::new();
    }
    let mut rules = Vec::new();
    for item in yaml.items() {
        if let Some(name) = item.scalar() {
            let name = Located::new(name, item.span());
            rules.push(RuleProperties { arguments: Located::new(Json::Null, item.span()), name });
            continue;
        }
        let mut entries = item.entries();
        match (entries.pop(), entries.is_empty()) {
            (Some((name, value)), true) => {
                let arguments = Located::new(value.rendered(render, found), value.span());
                rules.push(RuleProperties { name, arguments });
            }
            _ => found.push(
                item.wrong_kind("rules", "a list of names, or of names with what they take")
                    .help("write each rule as an item of its own: `- length: {max: 200}`"),
            ),
        }
    }
    rules
}

fn mapping_of_columns(yaml: Yaml<'_>, found: &mut Diagnostics) -> Vec<(Located<String>, Located<String>)> {
    if !yaml.is_mapping() {
        found.push(yaml.wrong_kind("columns", "a mapping of names in the files to names of columns"));
    }
    let mut columns = Vec::new();
    for (raw, value) in yaml.entries() {
        match value.scalar() {
            Some(name) => columns.push((raw, Located::new(name, value.span()))),
            None => found.push(value.wrong_kind(&raw.value, "the name of a column")),
        }
    }
    columns
}

fn drift(written: &Located<String>, found: &mut Diagnostics) -> DriftPolicy {
    let known = DriftPolicy::ALL.into_iter().find(|(name, _)| *name == written.value);
    known.map(|(_, policy)| policy).unwrap_or_else(|| {
        let names = DriftPolicy::ALL.map(|(name, _)| name);
        found.push(
            Diagnostic::error(
                Code::WrongValue,
                format!("`drift` must be one of {}, but is `{}`", names.join(", "), written.value),
            )
            .at(written.span.clone())
            .help_if(closest(&written.value, names), |it| format!("did you mean `{it}`?")),
        );
        DriftPolicy::default()
    })
}

fn lookback(written: Located<Json>, found: &mut Diagnostics) -> Option<Located<Lookback>> {
    let value = match &written.value {
        Json::String(text) => Some(Lookback::Interval(text.clone())),
        other => other.as_i64().filter(|it| *it >= 0).map(Lookback::Number),
    };
    if value.is_none() {
        found.push(
            Diagnostic::error(
                Code::WrongValue,
                format!("`lookback` must be a whole number or a length of time, but is `{}`", written.value),
            )
            .at(written.span.clone())
            .help("`lookback: 1000` for a cursor of numbers, `lookback: 10 minutes` for one of times"),
        );
    }
    Some(Located::new(value?, written.span))
}

fn share(written: &Located<Json>, found: &mut Diagnostics) -> Option<f64> {
    let share = written.value.as_f64().filter(|it| (0.0..=1.0).contains(it));
    if share.is_none() {
        found.push(
            Diagnostic::error(
                Code::WrongValue,
                format!("`max_error_rate` must be a number from 0 to 1, but is `{}`", written.value),
            )
            .at(written.span.clone())
            .help("5 % is `0.05`"),
        );
    }
    share
}

fn bytes(written: &Located<Json>, found: &mut Diagnostics) -> Option<usize> {
    let bytes = written.value.as_u64().and_then(|it| usize::try_from(it).ok()).filter(|it| *it > 0);
    if bytes.is_none() {
        found.push(
            Diagnostic::error(
                Code::WrongValue,
                format!("`max_row_bytes` must be a number of bytes, but is `{}`", written.value),
            )
            .at(written.span.clone()),
        );
    }
    bytes
}
