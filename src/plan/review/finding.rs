//! One finding, and the way from it to the user's own file.

use std::ops::Range;

use datafusion::common::{Column, ScalarValue, Span as EngineSpan, TableReference};
use datafusion::logical_expr::Expr;

use super::comparison::{Comparison, Form};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Severity};
use crate::plan::problem::Origin;

/// How far from a column the value is looked for that it is compared with, in bytes. Lists are long.
const NEAR: usize = 4000;

/// Something that a query says.
#[derive(Debug, Clone)]
pub(in crate::plan) struct Finding {
    pub(super) severity: Severity,
    pub(super) code: Code,
    /// What follows the name of whose query it is.
    pub(super) words: String,
    pub(super) notes: Vec<String>,
    pub(super) help: Vec<String>,
    pub(super) place: Place,
}

/// Where a finding is, as far as the engine can say.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// At a comparison that the user wrote: a column, and a value that stands behind one of these words, or, `swapped`,
    /// before it. Where no such text is found, nobody wrote the comparison, and it is not reported.
    Compared { column: EngineSpan, before: &'static [&'static str], value: String, swapped: bool },
    /// From the first of these columns to the last.
    Columns(Vec<EngineSpan>),
}

impl Finding {
    pub(super) fn warning(code: Code, words: impl Into<String>, place: Place) -> Finding {
        let (notes, help) = (Vec::new(), Vec::new());
        Finding { severity: Severity::Warning, code, words: words.into(), notes, help, place }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Finding {
        self.help.push(help.into());
        self
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Finding {
        self.notes.push(note.into());
        self
    }
}

impl Place {
    /// The place of a comparison, where there is a column in it that the user wrote.
    pub(super) fn of(comparison: &Comparison<'_>) -> Option<Place> {
        let column = spans(comparison.subject).pop()?;
        let value = written(comparison.value)?;
        let before: &'static [&'static str] = match comparison.form {
            Form::Operator(_) => &["=", "<>", "!=", "<", "<=", ">", ">="],
            Form::Between => &["between", "and"],
            Form::In | Form::NotIn => &["(", ","],
            Form::When => &["when"],
        };
        let swapped = matches!(comparison.form, Form::Operator(_));
        Some(Place::Compared { column, before, value, swapped })
    }
}

/// A value as it is written in SQL; only of those that there is one way to write.
pub(super) fn written(value: &ScalarValue) -> Option<String> {
    if value.is_null() {
        return Some("null".to_owned());
    }
    value.try_as_str().flatten().map(|text| format!("'{}'", text.replace('\'', "''")))
}

/// The places of all columns in an expression, in the order of the text.
pub(super) fn spans(expression: &Expr) -> Vec<EngineSpan> {
    let mut spans: Vec<EngineSpan> = expression.column_refs().into_iter().filter_map(|it| it.spans.first()).collect();
    spans.sort();
    spans
}

/// What to call the thing that is compared.
pub(super) fn name(subject: &Expr) -> String {
    match subject {
        Expr::Column(column) => format!("`{}`", short(column)),
        Expr::Cast(cast) => name(&cast.expr),
        other => match other.column_refs().into_iter().min() {
            Some(column) => format!("an expression of `{}`", short(column)),
            None => "an expression".to_owned(),
        },
    }
}

/// A column, with the name that the query gives its relation where that is a short one.
pub(super) fn short(column: &Column) -> String {
    match &column.relation {
        Some(TableReference::Bare { table }) => format!("{table}.{}", column.name),
        _ => column.name.clone(),
    }
}

/// Findings as they are told: at their places, with the name of whose query it is.
pub(in crate::plan) fn report(findings: &[Finding], origin: &Origin<'_>) -> Diagnostics {
    let told = |finding: &Finding| {
        let place = match &finding.place {
            Place::Compared { column, before, value, swapped } => {
                let column = origin.rendered(*column)?;
                let range = compared(origin.sql, &column, before, value, *swapped)?;
                Some(origin.at_offset(range.start, range.end))
            }
            Place::Columns(columns) => {
                let ranges: Vec<Range<usize>> = columns.iter().filter_map(|it| origin.rendered(*it)).collect();
                let start = ranges.iter().map(|it| it.start).min();
                let end = ranges.iter().map(|it| it.end).max();
                start.zip(end).map(|(start, end)| origin.at_offset(start, end))
            }
        };
        let said = Diagnostic::error(finding.code, format!("{}: {}", origin.who, finding.words));
        let mut said = match place {
            Some(place) => place.of(said),
            None => said.at(origin.fallback.clone()),
        };
        said.severity = finding.severity;
        said.notes.clone_from(&finding.notes);
        said.help.clone_from(&finding.help);
        Some(said)
    };
    findings.iter().filter_map(told).collect()
}

/// The range from a column to the value that it is compared with, or the other way round.
fn compared(sql: &str, column: &Range<usize>, before: &[&str], value: &str, swapped: bool) -> Option<Range<usize>> {
    let folded = sql.to_ascii_lowercase();
    let value = value.to_ascii_lowercase();
    let is_word = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_');
    let stands = |at: usize| {
        let (before, behind) = (folded[..at].chars().next_back(), folded[at + value.len()..].chars().next());
        value.starts_with('\'') || !(is_word(before) || is_word(behind))
    };
    let follows = |at: usize| {
        let text = folded[..at].trim_end().trim_end_matches(|it: char| it == '(' && !before.contains(&"("));
        let text = text.trim_end();
        before.iter().any(|word| {
            let rest = text.strip_suffix(word);
            rest.is_some_and(|rest| !word.starts_with(char::is_alphabetic) || !is_word(rest.chars().next_back()))
        })
    };
    let places = || folded.match_indices(&value).map(|(at, _)| at).filter(|at| stands(*at));
    let behind = places().find(|at| *at >= column.end && *at - column.end < NEAR && follows(*at));
    if let Some(at) = behind {
        return Some(column.start..at + value.len());
    }
    let leads = |at: &usize| {
        let text = folded[at + value.len()..].trim_start();
        before.iter().any(|it| text.starts_with(it))
    };
    let near = places().filter(|at| swapped && at + value.len() <= column.start && column.start - at < NEAR);
    near.filter(leads).last().map(|at| at..column.end)
}
