//! `error_rate`: the share of rows that a load refused, from the audit of loads or any relation with such columns.

use std::sync::Arc;

use super::{Kind, Watch};
use crate::diagnostics::{Diagnostic, Span};
use crate::jinja::Cell;
use crate::monitors::answers::{Answer, Around, Asked, MustBe, Piece, Question, count, number};
use crate::monitors::checks::{Check, Status};
use crate::monitors::fields::Fields;
use crate::monitors::shown;
use crate::monitors::windows::{Windows, within};
use crate::project::Located;

/// The audit that `ingest` keeps.
const AUDIT: &str = "arrowmill.pipeline_logs";

/// The most that is let pass where nothing is said: as much as `ingest` lets pass.
const MOST: f64 = 0.05;

#[derive(Debug)]
pub(super) struct ErrorRate;

#[derive(Debug)]
struct Watching {
    relation: Located<String>,
    windows: Windows,
    read: Located<String>,
    invalid: Located<String>,
    /// The identity of a run; of the last one, rows count.
    run: Option<Located<String>>,
    by: Option<Located<String>>,
    max: f64,
    place: Span,
}

impl Kind for ErrorRate {
    fn name(&self) -> &'static str {
        "error_rate"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["by", "invalid", "max", "read", "relation", "run", "time", "where", "window"]
    }

    fn read(&self, fields: &mut Fields<'_>) -> Option<Arc<dyn Watch>> {
        let place = fields.place();
        let relation = fields.text("relation");
        let is_audit = relation.is_none();
        let named = |given: Option<Located<String>>, name: &str| {
            given.unwrap_or_else(|| Located::new(name.to_owned(), place.clone()))
        };
        let in_window = fields.value("window").is_some();
        let given = fields.text("run");
        // A time that is asked for takes the place of the last run.
        let run = if is_audit && !in_window { Some(named(given, "run_id")) } else { given.filter(|_| !in_window) };
        let (read, invalid) = (fields.text("read"), fields.text("invalid"));
        let mut windows = Windows::read(fields);
        if is_audit && windows.time.is_none() {
            windows.time = Some(named(None, "ingested_at"));
        }
        if let (Some(run), None) = (&run, &windows.time) {
            let run = run.span.clone();
            fields.wrong(&run, "run", "needs a column of time, to tell which run is the last", "add `time: …`");
        }
        Some(Arc::new(Watching {
            relation: named(relation, AUDIT),
            windows,
            read: named(read, "rows_read"),
            invalid: named(invalid, "rows_invalid"),
            run,
            by: fields.text("by"),
            max: fields.share("max").unwrap_or(MOST),
            place,
        }))
    }
}

impl Watching {
    fn query(&self, around: &Around<'_>) -> String {
        let Around { relation, now, .. } = around;
        let condition = match (&self.windows.time, &self.run) {
            (Some(time), Some(run)) => {
                let (time, run) = (&time.value, &run.value);
                let all = self.windows.condition(&[]);
                let newest = format!("select max({time}) as newest from {relation}{all}");
                let newest = self.windows.condition(&[format!("({time}) = ({newest})")]);
                // Of runs that began at the same moment, the last by name.
                self.windows.condition(&[format!("({run}) = (select max({run}) as last_run from {relation}{newest})")])
            }
            (Some(time), None) => self.windows.condition(&[within(&time.value, self.windows.judged(*now))]),
            (None, _) => self.windows.condition(&[]),
        };
        let sums = format!("sum({}) as rows_read, sum({}) as rows_invalid", self.read.value, self.invalid.value);
        match &self.by {
            None => format!("select {sums}\nfrom {relation}{condition}"),
            Some(by) => format!(
                "select {sums}, ({by}) as part\nfrom {relation}{condition}\ngroup by ({by})\norder by part",
                by = by.value
            ),
        }
    }
}

impl Watch for Watching {
    fn relation(&self) -> Option<&Located<String>> {
        Some(&self.relation)
    }

    fn pieces(&self) -> Vec<Piece> {
        let piece = |sql: &Located<String>, key, must_be| Piece { sql: sql.clone(), key, must_be };
        let mut pieces = self.windows.pieces();
        pieces.push(piece(&self.read, "read", MustBe::Number));
        pieces.push(piece(&self.invalid, "invalid", MustBe::Number));
        pieces.extend(self.run.iter().map(|it| piece(it, "run", MustBe::Anything)));
        pieces.extend(self.by.iter().map(|it| piece(it, "by", MustBe::Anything)));
        pieces
    }

    fn questions(&self, around: &Around<'_>) -> Result<Vec<Question>, Diagnostic> {
        let sql = self.query(around);
        let asked = if self.by.is_some() { Asked::Rows(sql) } else { Asked::Row(sql) };
        Ok(vec![Question { asked, place: self.place.clone() }])
    }

    fn judge(&self, around: &Around<'_>, answers: &[Answer]) -> Vec<Check> {
        let expected = format!("at most {}", shown::percent(self.max));
        let none = || vec![Check::new(around.shown, Status::Unknown, "no rows were read", expected.clone())];
        let Some(answer) = answers.first() else { return none() };
        let mut checks = Vec::new();
        for row in answer.rows() {
            let subject = match row.get(2) {
                None => around.shown.to_owned(),
                Some(Cell::Text(part)) => format!("{part} of {}", around.shown),
                Some(part) => format!(
                    "{} of {}",
                    number(Some(part)).map_or_else(|| "null".to_owned(), shown::number),
                    around.shown
                ),
            };
            let (read, invalid) = (count(row.first()), count(row.get(1)));
            if read <= 0.0 {
                checks.push(Check::new(&subject, Status::Unknown, "no rows were read", expected.clone()));
                continue;
            }
            let rate = invalid / read;
            let status = if rate > self.max { Status::Fail } else { Status::Pass };
            let measured =
                format!("{}: {} of {}", shown::percent(rate), shown::number(invalid), shown::counted(read, "row"));
            checks.push(
                Check::new(&subject, status, measured, expected.clone()).value(rate).between(None, Some(self.max)),
            );
        }
        if checks.is_empty() { none() } else { checks }
    }
}
