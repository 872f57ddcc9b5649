//! The engine's errors in the user's words, at the user's places.

use std::sync::Arc;

use datafusion::common::Span as EngineSpan;
use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;

use crate::diagnostics::{Code, Diagnostic, SourceText, Span, closest};
use crate::jinja::SourceMap;
use crate::plan::context::UNKNOWN_RELATION;
use crate::plan::relation::Catalog;

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
}

impl Origin<'_> {
    fn at_offset(&self, start: usize, end: usize) -> Span {
        match self.template {
            Some(template) => SourceMap::new(template, self.sql).to_source(start..end),
            None => self.fallback.clone(),
        }
    }

    /// From lines and columns, both from 1, of the rendered SQL.
    pub(super) fn place(&self, span: EngineSpan) -> Option<Span> {
        let rendered = SourceText::new("", self.sql);
        let offset = |at: datafusion::common::Location| {
            let number = |it: u64| usize::try_from(it).unwrap_or(usize::MAX);
            (at.line > 0).then(|| rendered.offset(number(at.line), number(at.column)))
        };
        let (start, end) = (offset(span.start)?, offset(span.end)?);
        Some(self.at_offset(start, end.max(start + 1)))
    }

    fn place_of_text(&self, text: &str) -> Option<Span> {
        let start = self.sql.find(text)?;
        Some(self.at_offset(start, start + text.len()))
    }
}

/// Says what is wrong with a query. `located` is the smallest piece that is known to fail.
pub(super) fn explain(
    error: &DataFusionError,
    origin: &Origin<'_>,
    catalog: &Catalog,
    located: impl FnOnce() -> Option<EngineSpan>,
) -> Diagnostic {
    let mut spans = Vec::new();
    let inner = unwrap(error, &mut spans);
    let span = spans.first().and_then(|it| origin.place(*it));
    let diagnostic = describe(inner, origin, catalog);
    let place = diagnostic
        .place
        .clone()
        .or(span)
        .or_else(|| located().and_then(|it| origin.place(it)))
        .unwrap_or_else(|| origin.fallback.clone());
    diagnostic.at(place)
}

/// The error under contexts, and the spans found on the way.
fn unwrap<'a>(error: &'a DataFusionError, spans: &mut Vec<EngineSpan>) -> &'a DataFusionError {
    match error {
        DataFusionError::Diagnostic(diagnostic, inner) => {
            spans.extend(diagnostic.span);
            unwrap(inner, spans)
        }
        DataFusionError::Context(_, inner) => unwrap(inner, spans),
        DataFusionError::Shared(inner) => unwrap(inner, spans),
        DataFusionError::Collection(errors) => errors.first().map_or(error, |it| unwrap(it, spans)),
        other => other,
    }
}

fn describe(error: &DataFusionError, origin: &Origin<'_>, catalog: &Catalog) -> Diagnostic {
    let who = origin.who;
    match error {
        DataFusionError::SchemaError(schema_error, _) => schema_problem(schema_error, origin),
        DataFusionError::SQL(parser_error, _) => syntax(&parser_error.to_string(), origin),
        DataFusionError::Plan(message) => plan_problem(message, origin, catalog),
        DataFusionError::NotImplemented(message) => {
            Diagnostic::error(Code::Unsupported, format!("{who}: the engine can't do this yet: {}", tidy(message)))
        }
        other => Diagnostic::error(Code::InvalidQuery, format!("{who}: {}", tidy(&other.strip_backtrace()))),
    }
}

fn schema_problem(error: &SchemaError, origin: &Origin<'_>) -> Diagnostic {
    let who = origin.who;
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let names: Vec<&str> = valid_fields.iter().map(Column::name).collect();
            let relation = field.relation.as_ref().map(|it| format!(" in `{}`", it.table())).unwrap_or_default();
            let mut shown: Vec<&str> = names.clone();
            shown.dedup();
            let more = shown.len().saturating_sub(12);
            shown.truncate(12);
            let mut note = format!("there is: {}", shown.join(", "));
            if more > 0 {
                note.push_str(&format!(" and {more} more"));
            }
            let span =
                field.spans.first().and_then(|it| origin.place(it)).or_else(|| origin.place_of_text(&field.name));
            let problem =
                Diagnostic::error(Code::UnknownColumn, format!("{who}: column `{}` not found{relation}", field.name))
                    .at_if(span)
                    .help_if(closest(&field.name, names), |it| format!("did you mean `{it}`?"));
            if valid_fields.is_empty() { problem } else { problem.note(note) }
        }
        SchemaError::AmbiguousReference { field } => {
            let span =
                field.spans.first().and_then(|it| origin.place(it)).or_else(|| origin.place_of_text(&field.name));
            Diagnostic::error(
                Code::AmbiguousColumn,
                format!("{who}: column `{}` could be of several relations", field.name),
            )
            .at_if(span)
            .help(format!("write the relation before it: `relation.{}`", field.name))
        }
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
            Diagnostic::error(Code::InvalidQuery, format!("{who}: two columns are called `{name}`"))
                .at_if(origin.place_of_text(name))
                .help("give one of them another name with `as`")
        }
    }
}

/// `sql parser error: Expected: …, found: x at Line: 3, Column: 7`.
fn syntax(message: &str, origin: &Origin<'_>) -> Diagnostic {
    let message = message.trim_start_matches("sql parser error: ");
    let (words, position) = match message.rsplit_once(" at Line: ") {
        Some((words, position)) => (words, position.split_once(", Column: ")),
        None => (message, None),
    };
    let place = position.and_then(|(line, column)| {
        let number = |it: &str| it.trim().parse::<u64>().ok();
        let start = datafusion::common::Location { line: number(line)?, column: number(column)? };
        let word = Span::word_at(
            &SourceText::new("", origin.sql),
            usize::try_from(start.line).ok()?,
            usize::try_from(start.column).ok()?,
        );
        Some(origin.at_offset(word.range.start, word.range.end.max(word.range.start + 1)))
    });
    let words = words.replace("Expected: ", "expected ").replace(", found: ", ", found ").replace("EOF", "the end");
    Diagnostic::error(Code::BadSql, format!("{}: {}", origin.who, tidy(&words))).at_if(place)
}

fn plan_problem(message: &str, origin: &Origin<'_>, catalog: &Catalog) -> Diagnostic {
    let who = origin.who;
    if let Some(name) = message.strip_prefix(UNKNOWN_RELATION) {
        let last = name.rsplit('.').next().unwrap_or(name);
        return Diagnostic::error(
            Code::UnknownRelation,
            format!("{who} reads `{name}`, which the project does not know"),
        )
        .at_if(origin.place_of_text(last))
        .help_if(closest(last, catalog.identifiers()), |it| format!("did you mean `{{{{ ref('{it}') }}}}`?"))
        .help("models are read with `ref`, files with `source`");
    }
    if let Some(rest) = message.strip_prefix("Invalid function '") {
        let (name, rest) = rest.split_once('\'').unwrap_or((rest, ""));
        let meant = rest.split_once("Did you mean '").and_then(|(_, it)| it.split_once('\'')).map(|(it, _)| it);
        return Diagnostic::error(Code::UnknownFunction, format!("{who}: there is no function `{name}`"))
            .help_if(meant.filter(|it| closest(name, [*it]).is_some()), |it| format!("did you mean `{it}`?"));
    }
    let types = ["coerce", "common argument type", "incompatible types", "does not support", "No function matches"];
    let code = if types.iter().any(|it| message.contains(it)) { Code::WrongType } else { Code::InvalidQuery };
    Diagnostic::error(code, format!("{who}: {}", tidy(message)))
}

/// One line, lower case at its start, no final dot: the first sentence of what the engine says.
fn tidy(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default().trim();
    let line = line.split(" No function matches").next().unwrap_or(line);
    let line = line.trim_start_matches("Error during planning: ").trim_start_matches("Execution error: ");
    let line = line.trim_start_matches("Internal error: ").trim_end_matches(['.', ' ']);
    let mut characters = line.chars();
    match characters.next() {
        Some(first) if characters.clone().next().is_some_and(char::is_lowercase) => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => line.to_owned(),
    }
}

/// What went wrong while a query ran, in the user's words.
pub fn explain_execution(error: &DataFusionError, who: &str, place: &Span) -> Diagnostic {
    let root = unwrap(error, &mut Vec::new()).find_root();
    let message = root.strip_backtrace();
    let diagnostic = |code, message: String| Diagnostic::error(code, message).at(place.clone());
    match root {
        DataFusionError::ResourcesExhausted(_) => diagnostic(
            Code::InvalidQuery,
            format!("{who}: the memory limit is reached, and nothing more can be spilled"),
        )
        .note(tidy(&message))
        .help("raise `memory_limit` in the profile, or lower `threads`"),
        _ if message.contains("No space left on device") => {
            diagnostic(Code::UnreadableFile, format!("{who}: the disk is full"))
                .help("make room and run again; what was there before is untouched")
        }
        _ if message.contains("Permission denied") => {
            diagnostic(Code::UnreadableFile, format!("{who}: no permission: {}", tidy(&message)))
        }
        _ if message.contains("incorrect number of fields") => diagnostic(
            Code::UnreadableSource,
            format!("{who}: a line of a source's CSV has too many or too few fields"),
        )
        .note(tidy(&message))
        .help("mend the line, or check the source's `delimiter` and `quote`"),
        DataFusionError::ArrowError(_, _) | DataFusionError::ParquetError(_) => {
            diagnostic(Code::UnreadableSource, format!("{who}: {}", tidy(&message)))
        }
        _ => diagnostic(Code::InvalidQuery, format!("{who}: {}", tidy(&message))),
    }
}
