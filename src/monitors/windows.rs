//! Which rows are judged, and which they are compared with, by a column of time: the last whole periods, and those
//! before them or a fixed time. All times are UTC's.

use chrono::{DateTime, TimeDelta, Utc};

use crate::freshness::{Limit, Period};
use crate::jinja::{TimeSpan, moment};
use crate::monitors::answers::{MustBe, Piece};
use crate::monitors::fields::Fields;
use crate::project::{Json, Located};

/// Which rows count, and when.
#[derive(Debug, Clone)]
pub(super) struct Windows {
    /// The time of a row; without one, all rows count, and they are compared with earlier measures.
    pub(super) time: Option<Located<String>>,
    /// The rows that count at all.
    pub(super) filter: Option<Located<String>>,
    /// How long the time is that is judged.
    pub(super) window: Limit,
    /// How long the time before it is that it is compared with.
    pub(super) history: Limit,
    /// A fixed time to compare with instead.
    pub(super) reference: Option<TimeSpan>,
}

impl Windows {
    pub(super) fn read(fields: &mut Fields<'_>) -> Windows {
        let windows = Windows {
            time: fields.text("time"),
            filter: fields.text("where"),
            window: fields.limit("window").unwrap_or(Limit { count: 1, period: Period::Day }),
            history: fields.limit("history").unwrap_or(Limit { count: 28, period: Period::Day }),
            reference: reference(fields),
        };
        if windows.time.is_none() {
            for key in ["window", "reference"] {
                fields.refuse_if_there(
                    key,
                    "needs a column of time",
                    "add `time: …`, the column that says when a row is of",
                );
            }
        }
        windows
    }

    /// What is planned on its own, the time first.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        let time = self.time.clone().map(|sql| Piece { sql, key: "time", must_be: MustBe::Time });
        let filter = self.filter.clone().map(|sql| Piece { sql, key: "where", must_be: MustBe::Boolean });
        time.into_iter().chain(filter).collect()
    }

    /// The time that is judged: the last whole periods before now.
    pub(super) fn judged(&self, now: DateTime<Utc>) -> TimeSpan {
        let end = floor(now, self.window.period);
        (end - length(self.window), end)
    }

    /// The time that it is compared with.
    pub(super) fn before(&self, now: DateTime<Utc>) -> TimeSpan {
        let start = self.judged(now).0;
        self.reference.unwrap_or((start - length(self.history), start))
    }

    /// From when on earlier measures count.
    pub(super) fn since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - length(self.history)
    }

    /// `where …`, of these conditions and the filter.
    pub(super) fn condition(&self, conditions: &[String]) -> String {
        let filter = self.filter.iter().map(|it| format!("({})", it.value));
        let all: Vec<String> = conditions.iter().cloned().chain(filter).collect();
        if all.is_empty() { String::new() } else { format!("\nwhere {}", all.join(" and ")) }
    }
}

/// `('2026-01-01', '2026-02-01')`, from `{from: …, to: …}`.
fn reference(fields: &mut Fields<'_>) -> Option<TimeSpan> {
    let value = fields.value("reference")?.clone();
    let at = |key: &str| value.value.get(key).and_then(Json::as_str).and_then(moment);
    match (at("from"), at("to")) {
        (Some(from), Some(to)) if from < to => Some((from, to)),
        _ => {
            fields.wrong(
                &value.span,
                "reference",
                "must be two times, the first one before the second",
                "write `{from: 2026-01-01, to: 2026-02-01}`",
            );
            None
        }
    }
}

/// The beginning of the period that a time is in.
pub(super) fn floor(time: DateTime<Utc>, period: Period) -> DateTime<Utc> {
    let seconds = time.timestamp();
    DateTime::from_timestamp(seconds - seconds.rem_euclid(period.seconds()), 0).unwrap_or(time)
}

/// How long a number of periods is.
pub(super) fn length(limit: Limit) -> TimeDelta {
    TimeDelta::try_seconds(limit.count.saturating_mul(limit.period.seconds())).unwrap_or(TimeDelta::zero())
}

/// The condition that an expression of time lies within a span, its end left out.
pub(super) fn within(time: &str, span: TimeSpan) -> String {
    let at = |it: DateTime<Utc>| format!("timestamp '{}'", it.format("%Y-%m-%d %H:%M:%S%.f"));
    format!("(({time}) >= {} and ({time}) < {})", at(span.0), at(span.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_periods_end_before_now() {
        let now = moment("2026-03-05T13:45:10").unwrap();
        let window = |count, period| Limit { count, period };
        let windows = Windows {
            time: None,
            filter: None,
            window: window(1, Period::Day),
            history: window(2, Period::Day),
            reference: None,
        };
        let text = |span: TimeSpan| within("t", span);
        assert_eq!(
            text(windows.judged(now)),
            "((t) >= timestamp '2026-03-04 00:00:00' and (t) < timestamp '2026-03-05 00:00:00')"
        );
        assert_eq!(
            text(windows.before(now)),
            "((t) >= timestamp '2026-03-02 00:00:00' and (t) < timestamp '2026-03-04 00:00:00')"
        );
        assert_eq!(floor(now, Period::Hour), moment("2026-03-05 13:00:00").unwrap());
        assert_eq!(floor(moment("1969-12-31T23:59:59").unwrap(), Period::Day), moment("1969-12-31").unwrap());
    }
}
