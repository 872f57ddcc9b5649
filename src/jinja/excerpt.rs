//! Which rows of its inputs a run reads: all of them, or fewer to get through sooner.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// From one moment on, to before another.
pub type TimeSpan = (DateTime<Utc>, DateTime<Utc>);

/// What a run reads of what its models refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// `--empty`: no rows at all.
    pub empty: bool,
    /// `--sample`: of inputs that say which column their time is, rows of this time.
    pub sample: Option<TimeSpan>,
    /// `--event-time-start` and `--event-time-end`: models that are made in batches are made for this time.
    pub batches: Option<TimeSpan>,
}

impl Excerpt {
    /// What SQL reads instead of a relation.
    pub fn of(&self, relation: &str) -> String {
        if self.empty { no_rows_of(relation) } else { relation.to_owned() }
    }
}

/// What dbt writes instead of a name with `--empty`.
pub(super) fn no_rows_of(relation: &str) -> String {
    format!("(select * from {relation} where false limit 0)")
}

/// A date, or a date and a time, in UTC.
pub fn moment(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let zoned = || DateTime::parse_from_rfc3339(text).ok().map(|it| it.to_utc());
    let with_time = |format| NaiveDateTime::parse_from_str(text, format).ok().map(|it| it.and_utc());
    let date = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0).map(|it| it.and_utc());
    date()
        .or_else(|| with_time("%Y-%m-%d %H:%M:%S%.f"))
        .or_else(|| with_time("%Y-%m-%dT%H:%M:%S%.f"))
        .or_else(|| with_time("%Y-%m-%d %H:%M"))
        .or_else(zoned)
}
