//! What is said of what was measured.

use serde::Serialize;

use crate::project::Json;

/// What a failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The command fails.
    Critical,
    /// It is told, and nothing else.
    Warn,
}

impl Severity {
    /// Both.
    pub const ALL: [Severity; 2] = [Severity::Critical, Severity::Warn];

    /// The word that users write.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::Warn => "warn",
        }
    }
}

/// What is said of one measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As expected.
    Pass,
    /// There is nothing to compare with, or nothing was there to be measured.
    Unknown,
    /// To be looked at.
    Warn,
    /// Not as expected.
    Fail,
    /// It could not be measured.
    Error,
}

impl Status {
    /// The word of reports and of the history.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Unknown => "unknown",
            Status::Warn => "warn",
            Status::Fail => "fail",
            Status::Error => "error",
        }
    }

    /// What a failure of this severity is.
    #[must_use]
    pub fn under(self, severity: Severity) -> Status {
        match (self, severity) {
            (Status::Fail, Severity::Warn) => Status::Warn,
            (status, _) => status,
        }
    }
}

/// One measure, what was expected of it, and the verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What was measured: a relation, a column, a test.
    pub subject: String,
    /// The verdict, by the monitor's severity.
    pub status: Status,
    /// The measure, where it is a number.
    pub value: Option<f64>,
    /// The least that is expected.
    pub low: Option<f64>,
    /// The most that is expected.
    pub high: Option<f64>,
    /// The measure in words.
    pub measured: String,
    /// What was expected, in words.
    pub expected: String,
    /// What later measures are compared with, where a number is not enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Json>,
}

impl Check {
    /// One without numbers, which are added to it.
    pub(super) fn new(
        subject: &str,
        status: Status,
        measured: impl Into<String>,
        expected: impl Into<String>,
    ) -> Check {
        Check {
            subject: subject.to_owned(),
            status,
            value: None,
            low: None,
            high: None,
            measured: measured.into(),
            expected: expected.into(),
            detail: None,
        }
    }

    /// With the number that was measured.
    #[must_use]
    pub(super) fn value(self, value: f64) -> Check {
        Check { value: Some(value), ..self }
    }

    /// With the numbers that it should lie between.
    #[must_use]
    pub(super) fn between(self, low: Option<f64>, high: Option<f64>) -> Check {
        Check { low, high, ..self }
    }

    /// What could not be measured, and why.
    pub fn error(subject: &str, why: impl Into<String>) -> Check {
        Check::new(subject, Status::Error, why, "")
    }
}

/// What became of one monitor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MonitorResult {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// What a failure means.
    pub severity: Severity,
    /// What the project says of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// The worst of its verdicts.
    pub status: Status,
    /// All that was measured.
    pub checks: Vec<Check>,
}

impl MonitorResult {
    /// Whether the command fails for it.
    pub fn fails(&self) -> bool {
        self.severity == Severity::Critical && self.status >= Status::Fail
    }

    /// Whether somebody should look at it.
    pub fn is_bad(&self) -> bool {
        self.status >= Status::Warn
    }
}
