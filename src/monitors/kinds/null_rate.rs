//! `null_rate`: the share of nulls in columns, against a bound, against the time before, or both.

use std::sync::Arc;

use super::{Kind, Watch};
use crate::diagnostics::{Diagnostic, Span};
use crate::monitors::answers::{Answer, Around, Asked, MustBe, Piece, Question, count};
use crate::monitors::checks::{Check, Status};
use crate::monitors::fields::Fields;
use crate::monitors::history;
use crate::monitors::shown;
use crate::monitors::statistics::{median, standard_error_of_shares};
use crate::monitors::windows::{Windows, within};
use crate::project::Located;

/// How much more than before is let pass where nothing is said.
const INCREASE: f64 = 0.05;

/// An increase of fewer standard errors than this may be chance, of few rows.
const STANDARD_ERRORS: f64 = 3.0;

#[derive(Debug)]
pub(super) struct NullRate;

#[derive(Debug)]
struct Watching {
    relation: Located<String>,
    windows: Windows,
    columns: Vec<Located<String>>,
    max: Option<f64>,
    max_increase: Option<f64>,
    place: Span,
}

impl Kind for NullRate {
    fn name(&self) -> &'static str {
        "null_rate"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["columns", "history", "max", "max_increase", "reference", "relation", "time", "where", "window"]
    }

    fn read(&self, fields: &mut Fields<'_>) -> Option<Arc<dyn Watch>> {
        let relation = fields.required("relation", "write `relation: ref('model')` or `source('source', 'table')`");
        let columns = fields.texts("columns");
        if columns.is_empty() {
            fields.missing(&["columns"], "say which: `columns: [user_id]`");
        }
        let (max, given) = (fields.share("max"), fields.share("max_increase"));
        // A bound alone needs no history.
        let max_increase = given.or_else(|| max.is_none().then_some(INCREASE));
        let (windows, place) = (Windows::read(fields), fields.place());
        let relation = relation?;
        (!columns.is_empty())
            .then(|| -> Arc<dyn Watch> { Arc::new(Watching { relation, windows, columns, max, max_increase, place }) })
    }
}

/// Rows and nulls among them.
#[derive(Clone, Copy)]
struct Counted {
    nulls: f64,
    rows: f64,
}

impl Counted {
    fn share(self) -> Option<f64> {
        (self.rows > 0.0).then(|| self.nulls / self.rows)
    }
}

impl Watching {
    fn check(&self, around: &Around<'_>, column: &str, now: Counted, before: Option<Counted>) -> Check {
        let subject = format!("{column} of {}", around.shown);
        let earlier: Vec<f64> =
            history::of(around.history, &subject, self.windows.since(around.now)).filter_map(|it| it.value).collect();
        let usual = match before {
            Some(before) => before.share(),
            None => median(&earlier),
        };
        let by_history = usual.zip(self.max_increase).map(|(usual, increase)| usual + increase);
        let high = [self.max, by_history].into_iter().flatten().reduce(f64::min);
        let above = |usual: f64, more: f64| {
            let (points, usual) = (shown::number(more * 100.0), shown::percent(usual));
            format!("{points} points above the usual {usual}")
        };
        let expected = match (high, usual.zip(self.max_increase)) {
            (None, _) => "no history yet".to_owned(),
            (Some(high), Some((usual, more))) if self.max.is_none_or(|it| it > high) => {
                format!("at most {}: {}", shown::percent(high), above(usual, more))
            }
            (Some(high), _) => format!("at most {}", shown::percent(high)),
        };
        let Some(share) = now.share() else { return Check::new(&subject, Status::Unknown, "no rows", expected) };
        let is_chance = |usual: f64| {
            let of_before = before.filter(|it| it.rows > 0.0);
            of_before.is_some_and(|before| {
                let error = standard_error_of_shares((now.nulls, now.rows), (before.nulls, before.rows));
                share - usual <= STANDARD_ERRORS * error
            })
        };
        let rises = usual.zip(self.max_increase).is_some_and(|(usual, more)| share > usual + more && !is_chance(usual));
        let status = match high {
            None => Status::Unknown,
            Some(_) if rises || self.max.is_some_and(|max| share > max) => Status::Fail,
            Some(_) => Status::Pass,
        };
        let measured =
            format!("{}: {} of {}", shown::percent(share), shown::number(now.nulls), shown::counted(now.rows, "row"));
        Check::new(&subject, status, measured, expected).value(share).between(None, high)
    }
}

impl Watch for Watching {
    fn relation(&self) -> Option<&Located<String>> {
        Some(&self.relation)
    }

    fn pieces(&self) -> Vec<Piece> {
        let column = |it: &Located<String>| Piece { sql: it.clone(), key: "columns", must_be: MustBe::Anything };
        self.windows.pieces().into_iter().chain(self.columns.iter().map(column)).collect()
    }

    fn questions(&self, around: &Around<'_>) -> Result<Vec<Question>, Diagnostic> {
        let parts: Vec<String> = match &self.windows.time {
            None => vec![String::new()],
            Some(time) => [self.windows.judged(around.now), self.windows.before(around.now)]
                .map(|span| format!("{} and ", within(&time.value, span)))
                .to_vec(),
        };
        let mut counts = Vec::new();
        for part in &parts {
            counts.push(format!("count(case when {part}true then 1 end)"));
            counts.extend(
                self.columns.iter().map(|it| format!("count(case when {part}({}) is null then 1 end)", it.value)),
            );
        }
        let counts: Vec<String> = counts.iter().enumerate().map(|(at, it)| format!("{it} as count_{at}")).collect();
        let times: Vec<&str> = parts.iter().filter_map(|it| it.strip_suffix(" and ")).collect();
        let times = if times.is_empty() { Vec::new() } else { vec![format!("({})", times.join(" or "))] };
        let condition = self.windows.condition(&times);
        let sql = format!("select\n  {}\nfrom {}{condition}", counts.join(",\n  "), around.relation);
        Ok(vec![Question { asked: Asked::Row(sql), place: self.place.clone() }])
    }

    fn judge(&self, around: &Around<'_>, answers: &[Answer]) -> Vec<Check> {
        let row = answers.first().map(Answer::row).unwrap_or_default();
        let width = self.columns.len() + 1;
        let counted = |part: usize, at: usize| Counted {
            rows: count(row.get(part * width)),
            nulls: count(row.get(part * width + 1 + at)),
        };
        let check = |(at, column): (usize, &Located<String>)| {
            let before = self.windows.time.is_some().then(|| counted(1, at));
            self.check(around, column.value.trim(), counted(0, at), before)
        };
        self.columns.iter().enumerate().map(check).collect()
    }
}
