//! Earlier measures, as the warehouse keeps them.

use chrono::{DateTime, Utc};

use crate::monitors::Check;
use crate::project::Json;

/// Schema and name of the relation that keeps all measures.
pub const HISTORY: (&str, &str) = ("arrowmill", "monitor_history");

/// One earlier measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// When.
    pub measured_at: DateTime<Utc>,
    /// What [`Check::subject`] was.
    pub subject: String,
    /// The measure.
    pub value: Option<f64>,
    /// What [`Check::detail`] was.
    pub detail: Option<Json>,
}

/// Earlier measures of a subject since a point in time, oldest first.
pub(super) fn of<'a>(history: &'a [Past], subject: &'a str, since: DateTime<Utc>) -> impl Iterator<Item = &'a Past> {
    history.iter().filter(move |it| it.subject == subject && it.measured_at >= since)
}

impl Past {
    /// What a check will be later on.
    pub fn of(check: &Check, measured_at: DateTime<Utc>) -> Past {
        let Check { subject, value, detail, .. } = check.clone();
        Past { measured_at, subject, value, detail }
    }
}
