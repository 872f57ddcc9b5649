//! The engine's errors in the user's words, at the user's places.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use datafusion::common::Span as EngineSpan;
use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;

use crate::diagnostics::{Code, Diagnostic, SourceText, Span, closest};
use crate::jinja::{Macros, SourceMap};
use crate::plan::context::UNKNOWN_RELATION;
use crate::plan::relation::Catalog;
use crate::plan::wording::{between, rephrase, tidy};

/// Where the text of a query came from.
pub(super) struct Origin<'a> {
    /// The rendered SQL that the engine saw.
    pub(super) sql: &'a str,
    /// The file that it was rendered from; `None` where SQL was made for a place, as for generic tests.
    pub(super) template: Option<&'a Arc<SourceText>>,
    /// The place to show where nothing better is known.
    pub(super) fallback: &'a Span,
    /// Who has the problem: `model `fct_funnel``.
    pub(super) who: &'a str,
    /// Whose macros may have written it.
    pub(super) macros: Option<Callers<'a>>,
}

/// What a node may have called.
pub(super) struct Callers<'a> {
    pub(super) macros: &'a Macros,
    /// The package of the node.
    pub(super) package: &'a str,
    /// The project's own package: its files are the user's.
    pub(super) own: &'a str,
    /// The macro that made all of the text, where there is no template.
    pub(super) made_by: Option<&'a str>,
}

/// A place, and the other one that belongs to it where a macro has written what stands there.
pub(super) struct Place {
    pub(super) span: Span,
    pub(super) other: Option<(Span, &'static str)>,
}

impl Place {
    /// The diagnostic at this place.
    pub(super) fn of(self, diagnostic: Diagnostic) -> Diagnostic {
        let diagnostic = diagnostic.at(self.span);
        match self.other {
            Some((span, label)) => diagnostic.related(span, label),
            None => diagnostic,
        }
    }
}

impl Origin<'_> {
    /// From a range of the rendered SQL.
    pub(super) fn at_offset(&self, start: usize, end: usize) -> Place {
        let Some(template) = self.template else {
            let maker = self.macros.as_ref().and_then(|it| it.made_by);
            return self.in_macro(self.fallback.clone(), maker.unwrap_or_default(), self.sql, start..end);
        };
        let traced = SourceMap::new(template, self.sql).trace(start..end);
        let Some(produced) = traced.produced.filter(|it| it.start <= start) else {
            return Place { span: traced.span, other: None };
        };
        let call = traced.span.text().to_owned();
        let within = start - produced.start..(end - produced.start).min(produced.len());
        self.in_macro(traced.span, &call, &self.sql[produced], within)
    }

    /// In the user's own macro, with the place of the call; what a package has written is shown at the call first.
    fn in_macro(&self, called: Span, call: &str, produced: &str, range: Range<usize>) -> Place {
        let found = self.macros.as_ref().and_then(|it| {
            let (span, package) = it.macros.written_in(call, it.package, produced, range)?;
            Some((span, package == it.own))
        });
        match found {
            Some((span, true)) => Place { span, other: Some((called, "called here")) },
            Some((span, false)) => Place { span: called, other: Some((span, "this is what it says")) },
            None => Place { span: called, other: None },
        }
    }

    /// From lines and columns, both from 1, of the rendered SQL.
    pub(super) fn place(&self, span: EngineSpan) -> Option<Place> {
        let range = self.rendered(span)?;
        Some(self.at_offset(range.start, range.end))
    }

    /// The range of the rendered SQL between lines and columns, both from 1.
    pub(super) fn rendered(&self, span: EngineSpan) -> Option<Range<usize>> {
        let rendered = SourceText::new("", self.sql);
        let offset = |at: datafusion::common::Location| {
            let number = |it: u64| usize::try_from(it).unwrap_or(usize::MAX);
            (at.line > 0).then(|| rendered.offset(number(at.line), number(at.column)))
        };
        let (start, end) = (offset(span.start)?, offset(span.end)?);
        Some(start..end.max(start + 1))
    }

    /// Where a word stands in a range of the rendered SQL, in whatever letters.
    fn word(&self, word: &str, range: Range<usize>) -> Option<Range<usize>> {
        let is_part = |it: char| it.is_alphanumeric() || it == '_';
        let (text, wanted) = (self.sql.get(range.clone())?.to_ascii_lowercase(), word.to_ascii_lowercase());
        let mut found = text.match_indices(&wanted).map(|(at, _)| range.start + at);
        let is_whole =
            |at: &usize| !self.sql[..*at].ends_with(is_part) && !self.sql[at + word.len()..].starts_with(is_part);
        found.find(is_whole).map(|at| at..at + word.len())
    }

    fn place_of_text(&self, text: &str) -> Option<Place> {
        let start = self.sql.find(text)?;
        Some(self.at_offset(start, start + text.len()))
    }
}

/// The diagnostic at a place, where there is one.
fn at(diagnostic: Diagnostic, place: Option<Place>) -> Diagnostic {
    match place {
        Some(place) => place.of(diagnostic),
        None => diagnostic,
    }
}

/// Says what is wrong with an expression that stands in a properties file, as part of the query that was made of it.
pub fn explain_expression(
    error: &DataFusionError,
    sql: &str,
    who: &str,
    place: &Span,
    catalog: &Catalog,
) -> Diagnostic {
    let origin = Origin { sql, template: None, fallback: place, who, macros: None };
    explain(error, &origin, catalog, || None)
}

/// Says what is wrong with a query. `located` is the smallest piece that is known to fail.
pub(super) fn explain(
    error: &DataFusionError,
    origin: &Origin<'_>,
    catalog: &Catalog,
    located: impl FnOnce() -> Option<EngineSpan>,
) -> Diagnostic {
    let (mut spans, mut candidates) = (Vec::new(), Vec::new());
    let inner = unwrap(error, &mut spans, &mut candidates);
    let diagnostic = describe(inner, origin, catalog, &candidates);
    if diagnostic.place.is_some() {
        return diagnostic;
    }
    let name = column_of(inner);
    let narrowed = |range: Range<usize>| name.and_then(|it| origin.word(it, range.clone())).unwrap_or(range);
    let place = spans
        .first()
        .and_then(|it| origin.rendered(*it))
        .or_else(|| located().and_then(|it| origin.rendered(it)).map(narrowed))
        .or_else(|| origin.word(name?, 0..origin.sql.len()))
        .map(|it| origin.at_offset(it.start, it.end));
    at(diagnostic.at(origin.fallback.clone()), place)
}

/// The column that an error is about.
fn column_of(error: &DataFusionError) -> Option<&str> {
    match error {
        DataFusionError::SchemaError(error, _) => match error.as_ref() {
            SchemaError::FieldNotFound { field, .. } => Some(&field.name),
            SchemaError::AmbiguousReference { field } => Some(&field.name),
            SchemaError::DuplicateQualifiedField { .. } | SchemaError::DuplicateUnqualifiedField { .. } => None,
        },
        _ => None,
    }
}

/// The error under contexts.
pub(super) fn innermost(error: &DataFusionError) -> &DataFusionError {
    unwrap(error, &mut Vec::new(), &mut Vec::new())
}

/// The error under contexts, and the spans and candidates found on the way.
fn unwrap<'a>(
    error: &'a DataFusionError,
    spans: &mut Vec<EngineSpan>,
    candidates: &mut Vec<String>,
) -> &'a DataFusionError {
    match error {
        DataFusionError::Diagnostic(diagnostic, inner) => {
            spans.extend(diagnostic.span);
            let notes = diagnostic.notes.iter().filter_map(|it| it.message.strip_prefix("possible column "));
            candidates.extend(notes.map(str::to_owned));
            unwrap(inner, spans, candidates)
        }
        DataFusionError::Context(_, inner) => unwrap(inner, spans, candidates),
        DataFusionError::Shared(inner) => unwrap(inner, spans, candidates),
        DataFusionError::Collection(errors) => errors.first().map_or(error, |it| unwrap(it, spans, candidates)),
        other => other,
    }
}

fn describe(error: &DataFusionError, origin: &Origin<'_>, catalog: &Catalog, candidates: &[String]) -> Diagnostic {
    let who = origin.who;
    match error {
        DataFusionError::SchemaError(schema_error, _) => schema_problem(schema_error, origin, candidates),
        DataFusionError::SQL(parser_error, _) => syntax(&parser_error.to_string(), origin),
        DataFusionError::Plan(message) => plan_problem(message, origin, catalog),
        DataFusionError::NotImplemented(message) => unsupported(message, origin),
        other => Diagnostic::error(Code::InvalidQuery, format!("{who}: {}", tidy(&other.strip_backtrace()))),
    }
}

/// `` `positional join`; number the rows … ``: what our own refusals name is shown at its place, with the way out.
fn unsupported(message: &str, origin: &Origin<'_>) -> Diagnostic {
    let message = message.lines().next().unwrap_or_default();
    let (what, help) = match message.split_once("; ").filter(|(what, _)| what.contains('`')) {
        Some((what, help)) => (what, Some(help)),
        None => (message, None),
    };
    let named = between(what, "`", "`").map(str::to_lowercase);
    let start = named.as_ref().and_then(|it| origin.sql.to_lowercase().find(it.as_str()));
    let place = start.zip(named).map(|(start, named)| origin.at_offset(start, start + named.len()));
    let words = format!("{}: the engine can't do this yet: {}", origin.who, tidy(what));
    at(Diagnostic::error(Code::Unsupported, words).help_if(help, str::to_owned), place)
}

fn schema_problem(error: &SchemaError, origin: &Origin<'_>, candidates: &[String]) -> Diagnostic {
    let who = origin.who;
    let place = |field: &Column| field.spans.first().and_then(|it| origin.place(it));
    let two = |name: &str| {
        Diagnostic::error(Code::InvalidQuery, format!("{who}: two columns are called `{name}`"))
            .help("give one of them another name with `as`")
    };
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            at(missing_column(field, valid_fields, who), place(field))
        }
        // A name that says its relation is ambiguous only beside a column that took the same name with `as`.
        SchemaError::AmbiguousReference { field } if field.relation.is_some() => at(two(&field.name), place(field)),
        SchemaError::AmbiguousReference { field } => {
            let relations: Vec<String> = candidates.iter().map(|it| format!("`{}`", with_one_relation(it))).collect();
            let help = match relations.as_slice() {
                [] => format!("write the relation before it: `relation.{}`", field.name),
                relations => format!("write {}", relations.join(" or ")),
            };
            let words = format!("{who}: column `{}` could be of several relations", field.name);
            at(Diagnostic::error(Code::AmbiguousColumn, words).help(help), place(field))
        }
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
            at(two(name), origin.place_of_text(name))
        }
    }
}

/// `warehouse.main.orders.id` → `orders.id`.
fn with_one_relation(column: &str) -> &str {
    column.rmatch_indices('.').nth(1).map_or(column, |(at, _)| &column[at + 1..])
}

fn missing_column(field: &Column, valid: &[Column], who: &str) -> Diagnostic {
    let relation_of = |it: &Column| it.relation.as_ref().map(|it| it.table().to_owned());
    let Some(relation) = relation_of(field) else {
        let names: Vec<&str> = valid.iter().map(Column::name).collect();
        return Diagnostic::error(Code::UnknownColumn, format!("{who}: column `{}` not found", field.name))
            .help_if(closest(&field.name, names.iter().copied()), |it| format!("did you mean `{it}`?"))
            .note_if(list(&names));
    };
    let relations: BTreeSet<String> = valid.iter().filter_map(relation_of).collect();
    if !relations.contains(&relation) {
        let words = format!("{who}: nothing in this query is called `{relation}`");
        let ephemeral = relations.iter().any(|it| it.strip_prefix("__dbt__cte__") == Some(relation.as_str()));
        let names: Vec<&str> =
            relations.iter().map(String::as_str).filter(|it| !it.starts_with("__dbt__cte__")).collect();
        return Diagnostic::error(Code::UnknownRelation, words)
            .help_if(ephemeral.then_some(()), |()| {
                format!("give the model its name here: `{{{{ ref('{relation}') }}}} as {relation}`")
            })
            .help_if(closest(&relation, names.iter().copied()), |it| format!("did you mean `{it}`?"))
            .note_if(list(&names));
    }
    let own: Vec<&str> =
        valid.iter().filter(|it| relation_of(it).as_ref() == Some(&relation)).map(Column::name).collect();
    let elsewhere = valid.iter().find(|it| it.name == field.name).and_then(relation_of);
    Diagnostic::error(Code::UnknownColumn, format!("{who}: column `{}` not found in `{relation}`", field.name))
        .help_if(closest(&field.name, own.iter().copied()), |it| format!("did you mean `{it}`?"))
        .help_if(elsewhere, |it| format!("`{it}` has it: `{it}.{}`", field.name))
        .note_if(list(&own))
}

/// The first dozen of what there is, each once.
fn list(names: &[&str]) -> Option<String> {
    let mut seen = BTreeSet::new();
    let names: Vec<&str> = names.iter().copied().filter(|it| seen.insert(*it)).collect();
    let shown = names.iter().take(12).copied().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => None,
        1..=12 => Some(format!("there is: {shown}")),
        all => Some(format!("there is: {shown} and {} more", all - 12)),
    }
}

/// `sql parser error: Expected: …, found: x at Line: 3, Column: 7`.
fn syntax(message: &str, origin: &Origin<'_>) -> Diagnostic {
    let message = message.trim_start_matches("sql parser error: ");
    let (words, position) = match message.rsplit_once(" at Line: ") {
        Some((words, position)) => (words, position.split_once(", Column: ")),
        None => (message, None),
    };
    let word = position.and_then(|(line, column)| {
        let number = |it: &str| it.trim().parse::<usize>().ok();
        Some(Span::word_at(&SourceText::new("", origin.sql), number(line)?, number(column)?).range)
    });
    // What stands before a keyword is often still taken for a name, and the mistake is noticed much later.
    let until = word.as_ref().map_or(origin.sql.len(), |it| it.start + 1);
    if let Some((comma, keyword)) = comma_before_keyword(origin.sql, until) {
        let problem = Diagnostic::error(Code::BadSql, format!("{}: a comma stands before `{keyword}`", origin.who))
            .help("remove the comma, or write what is missing behind it");
        return origin.at_offset(comma, comma + 1).of(problem);
    }
    let place = word.map(|it| origin.at_offset(it.start, it.end.max(it.start + 1)));
    at(Diagnostic::error(Code::BadSql, format!("{}: {}", origin.who, expectation(words))), place)
}

/// `Expected: ), found: as` → `expected `)`, found `as``.
fn expectation(words: &str) -> String {
    let Some((expected, found)) = words.strip_prefix("Expected: ").and_then(|it| it.rsplit_once(", found: ")) else {
        return tidy(words);
    };
    let is_word = expected.contains(' ') || expected.contains(char::is_lowercase);
    let expected = if is_word { expected.to_owned() } else { format!("`{expected}`") };
    let found = if found == "EOF" { "the end".to_owned() } else { format!("`{found}`") };
    format!("expected {expected}, found {found}")
}

/// The last comma before `until` that only a keyword follows, where there can be no keyword.
fn comma_before_keyword(sql: &str, until: usize) -> Option<(usize, &str)> {
    const KEYWORDS: [&str; 7] = ["from", "group", "having", "limit", "order", "union", "where"];
    let mut found = None;
    let mut quoted = false;
    for (at, character) in sql.char_indices().take_while(|(at, _)| *at < until) {
        match character {
            '\'' => quoted = !quoted,
            ',' if !quoted => {
                let rest = sql[at + 1..].trim_start();
                let word = &rest[..rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len())];
                if KEYWORDS.iter().any(|it| it.eq_ignore_ascii_case(word)) {
                    found = Some((at, word));
                }
            }
            _ => {}
        }
    }
    found
}

fn plan_problem(message: &str, origin: &Origin<'_>, catalog: &Catalog) -> Diagnostic {
    let who = origin.who;
    if let Some(name) = message.strip_prefix(UNKNOWN_RELATION) {
        let last = name.rsplit('.').next().unwrap_or(name);
        let words = format!("{who} reads `{name}`, which the project does not know");
        let problem = Diagnostic::error(Code::UnknownRelation, words)
            .help_if(closest(last, catalog.identifiers()), |it| format!("did you mean `{{{{ ref('{it}') }}}}`?"))
            .help("models are read with `ref`, files with `source`");
        return at(problem, origin.place_of_text(last));
    }
    if let Some(rest) = message.strip_prefix("Invalid function '") {
        let (name, rest) = rest.split_once('\'').unwrap_or((rest, ""));
        let meant = rest.split_once("Did you mean '").and_then(|(_, it)| it.split_once('\'')).map(|(it, _)| it);
        return Diagnostic::error(Code::UnknownFunction, format!("{who}: there is no function `{name}`"))
            .help_if(meant.filter(|it| closest(name, [*it]).is_some()), |it| format!("did you mean `{it}`?"));
    }
    if let Some(problem) = rephrase(message, who) {
        return problem;
    }
    let types = ["coerce", "common argument type", "incompatible types", "does not support", "No function matches"];
    let code = if types.iter().any(|it| message.contains(it)) { Code::WrongType } else { Code::InvalidQuery };
    Diagnostic::error(code, format!("{who}: {}", tidy(message)))
}
