//! `monitor.json`, `monitor.md` and what is posted to chats: what was measured, what was expected, and the verdicts.

mod markdown;
mod message;

use indexmap::IndexMap;
use serde::Serialize;

use crate::artifacts::metadata::timestamp;
use crate::jinja::Invocation;
use crate::monitors::{MonitorResult, Status};

/// The report of one `monitor`.
#[derive(Debug, Clone, Serialize)]
pub struct MonitorReport {
    /// Who wrote it.
    generator: String,
    /// The project.
    project: String,
    /// The target.
    target: String,
    /// The run's identity.
    invocation_id: String,
    /// The time that everything was judged for.
    measured_at: String,
    /// Whether a critical check has failed.
    failed: bool,
    /// How often each verdict occurs among the checks.
    counts: IndexMap<&'static str, usize>,
    /// The monitors, in the order of their names.
    pub results: Vec<MonitorResult>,
}

impl MonitorReport {
    /// The report of these results.
    pub fn new(invocation: &Invocation, mut results: Vec<MonitorResult>) -> MonitorReport {
        results.sort_by(|a, b| a.name.cmp(&b.name));
        let all = [Status::Pass, Status::Unknown, Status::Warn, Status::Fail, Status::Error];
        let of = |status: Status| results.iter().flat_map(|it| &it.checks).filter(|it| it.status == status).count();
        MonitorReport {
            generator: concat!("arrowmill ", env!("CARGO_PKG_VERSION")).to_owned(),
            project: invocation.project.clone(),
            target: invocation.target.name.clone(),
            invocation_id: invocation.id.clone(),
            measured_at: timestamp(invocation.started_at),
            failed: results.iter().any(MonitorResult::fails),
            counts: all.into_iter().map(|it| (it.as_str(), of(it))).filter(|it| it.1 > 0).collect(),
            results,
        }
    }

    /// Whether a critical check has failed.
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// Whether there is anything that somebody should look at.
    pub fn is_bad(&self) -> bool {
        self.results.iter().any(MonitorResult::is_bad)
    }

    /// `5 checks: 4 pass, 1 fail`.
    pub fn summary(&self) -> String {
        let all: usize = self.counts.values().sum();
        let counts: Vec<String> = self.counts.iter().map(|(status, count)| format!("{count} {status}")).collect();
        let plural = if all == 1 { "" } else { "s" };
        if counts.is_empty() {
            "nothing to check".to_owned()
        } else {
            format!("{all} check{plural}: {}", counts.join(", "))
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::monitors::{Check, Severity};

    pub(crate) fn report() -> MonitorReport {
        let check = |subject: &str, status: Status, measured: &str, expected: &str| Check {
            subject: subject.to_owned(),
            status,
            value: Some(0.0),
            low: None,
            high: None,
            measured: measured.to_owned(),
            expected: expected.to_owned(),
            detail: None,
        };
        let result = |name: &str, severity, status, checks| MonitorResult {
            name: name.to_owned(),
            kind: "bounds",
            severity,
            description: String::new(),
            tags: Vec::new(),
            status,
            checks,
        };
        let (project, _) = crate::artifacts::tests::project();
        MonitorReport::new(
            &project.invocation,
            vec![
                result(
                    "revenue_is_there",
                    Severity::Critical,
                    Status::Fail,
                    vec![check("sum(revenue) > 0 of a|b", Status::Fail, "false", "true")],
                ),
                result(
                    "events_come",
                    Severity::Warn,
                    Status::Pass,
                    vec![check("raw.events", Status::Pass, "5 rows", "at least 1")],
                ),
            ],
        )
    }

    #[test]
    fn a_report_says_whether_it_is_bad() {
        let report = report();
        assert!(report.failed() && report.is_bad());
        assert_eq!(report.summary(), "2 checks: 1 pass, 1 fail");
        assert_eq!(report.results[0].name, "events_come");
    }
}
