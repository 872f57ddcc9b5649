//! `freshness`: how old the newest row of a relation may be, or what a source says of its own age.

use std::sync::Arc;

use super::{Kind, Watch};
use crate::diagnostics::{Code, Diagnostic, Span};
use crate::freshness::{Criteria, Limit, Verdict};
use crate::monitors::answers::{Answer, Around, Asked, MustBe, Piece, Question, time};
use crate::monitors::checks::{Check, Status};
use crate::monitors::fields::Fields;
use crate::monitors::shown;
use crate::project::Located;

#[derive(Debug)]
pub(super) struct Freshness;

#[derive(Debug)]
struct Watching {
    relation: Located<String>,
    time: Option<Located<String>>,
    filter: Option<Located<String>>,
    warn_after: Option<Limit>,
    error_after: Option<Limit>,
    place: Span,
}

impl Kind for Freshness {
    fn name(&self) -> &'static str {
        "freshness"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["error_after", "relation", "time", "warn_after", "where"]
    }

    fn read(&self, fields: &mut Fields<'_>) -> Option<Arc<dyn Watch>> {
        let relation = fields.required("relation", "write `relation: ref('model')` or `source('source', 'table')`");
        let (time, filter) = (fields.text("time"), fields.text("where"));
        let (warn_after, error_after) = (fields.limit("warn_after"), fields.limit("error_after"));
        let place = fields.place();
        Some(Arc::new(Watching { relation: relation?, time, filter, warn_after, error_after, place }))
    }
}

impl Watching {
    /// Its own limits, or else those of the source.
    fn criteria(&self, promised: Option<&Criteria>) -> Option<Criteria> {
        let own = self.warn_after.is_some() || self.error_after.is_some();
        let criteria = Criteria { warn_after: self.warn_after, error_after: self.error_after, ..Criteria::default() };
        if own { Some(criteria) } else { promised.cloned() }
    }

    fn filter(&self, promised: Option<&Criteria>) -> Option<String> {
        self.filter.as_ref().map(|it| it.value.clone()).or_else(|| promised?.filter.clone())
    }
}

impl Watch for Watching {
    fn relation(&self) -> Option<&Located<String>> {
        Some(&self.relation)
    }

    fn pieces(&self) -> Vec<Piece> {
        let time = self.time.clone().map(|sql| Piece { sql, key: "time", must_be: MustBe::Time });
        let filter = self.filter.clone().map(|sql| Piece { sql, key: "where", must_be: MustBe::Boolean });
        time.into_iter().chain(filter).collect()
    }

    fn questions(&self, around: &Around<'_>) -> Result<Vec<Question>, Diagnostic> {
        let missing = |words: &str, help: &str| {
            Err(Diagnostic::error(Code::MissingKey, format!("the freshness of {} {words}", around.shown))
                .at(self.place.clone())
                .help(help))
        };
        if self.criteria(around.promised).is_none() {
            return missing("has no limit", "add `error_after: {count: 1, period: day}`, or `warn_after`");
        }
        let place = self.time.as_ref().unwrap_or(&self.relation).span.clone();
        let asked = match &self.time {
            Some(time) => {
                let condition = self.filter.iter().map(|it| format!("\nwhere ({})", it.value)).collect::<String>();
                Asked::Row(format!("select max({}) as newest\nfrom {}{condition}", time.value, around.relation))
            }
            None if around.is_source => Asked::LoadedAt { filter: self.filter(around.promised) },
            None => return missing("needs a column of time", "add `time: …`, the column that says when a row is of"),
        };
        Ok(vec![Question { asked, place }])
    }

    fn judge(&self, around: &Around<'_>, answers: &[Answer]) -> Vec<Check> {
        let newest = match answers.first() {
            Some(Answer::LoadedAt(newest)) => *newest,
            Some(answer) => time(answer.row().first()),
            None => None,
        };
        let criteria = self.criteria(around.promised).unwrap_or_default();
        let limits = [("warn after", criteria.warn_after), ("fail after", criteria.error_after)];
        let limits: Vec<String> =
            limits.into_iter().filter_map(|(word, limit)| Some(format!("{word} {}", limit?))).collect();
        let expected = limits.join(", ");
        #[expect(clippy::cast_precision_loss, reason = "a double holds the milliseconds of all centuries")]
        let age = newest.map(|it| (around.now - it).num_milliseconds() as f64 / 1000.0);
        // What was never loaded is older than anything.
        let status = match criteria.verdict(age.unwrap_or(f64::INFINITY)) {
            Verdict::Fresh => Status::Pass,
            Verdict::Warn => Status::Warn,
            Verdict::Stale => Status::Fail,
        };
        let Some(age) = age else { return vec![Check::new(around.shown, status, "no rows", expected)] };
        let seconds = |it: Limit| {
            #[expect(clippy::cast_precision_loss, reason = "nobody counts that many days")]
            let seconds = it.count.saturating_mul(it.period.seconds()) as f64;
            seconds
        };
        let high = criteria.error_after.or(criteria.warn_after).map(seconds);
        let check = Check::new(around.shown, status, format!("{} old", shown::age(age)), expected);
        vec![check.value(age).between(None, high)]
    }
}
