//! Which rows of its inputs a run reads: all of them, or fewer to get through sooner.

use chrono::{DateTime, Utc};

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
