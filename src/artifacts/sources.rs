//! `sources.json` of dbt 1.11, version 3: how old the sources are. What could not be looked at is not in it, as in dbt.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;

use crate::artifacts::metadata::timestamp;
use crate::artifacts::{Metadata, Timing};
use crate::freshness::{Criteria, Verdict};
use crate::jinja::Invocation;
use crate::parse::NodeId;
use crate::project::Json;

/// The file.
#[derive(Debug, Clone, Serialize)]
pub struct SourcesFile {
    /// Its head.
    pub metadata: Metadata,
    /// One for each source that was looked at.
    pub results: Vec<SourceResult>,
    /// Seconds.
    pub elapsed_time: f64,
}

/// What was found of one source.
#[derive(Debug, Clone, Serialize)]
pub struct SourceResult {
    unique_id: String,
    max_loaded_at: String,
    snapshotted_at: String,
    max_loaded_at_time_ago_in_s: f64,
    status: &'static str,
    criteria: Json,
    adapter_response: serde_json::Map<String, Json>,
    timing: Vec<Timing>,
    thread_id: String,
    execution_time: f64,
}

/// What is known of a source's age.
#[derive(Debug, Clone)]
pub struct SourceAge {
    /// Which source.
    pub id: NodeId,
    /// When its newest row came.
    pub loaded_at: DateTime<Utc>,
    /// What was promised.
    pub criteria: Criteria,
    /// What is to be said of it.
    pub verdict: Verdict,
    /// Whether a query was asked, and not the files.
    pub asked: bool,
    /// From when, since the run began, and for how long it was looked at.
    pub began: Duration,
    /// How long it took.
    pub elapsed: Duration,
}

/// The artifact of a run that took this long.
pub fn sources_file(invocation: &Invocation, ages: &[SourceAge], elapsed: Duration) -> SourcesFile {
    let at = |since: Duration| invocation.started_at + TimeDelta::from_std(since).unwrap_or(TimeDelta::MAX);
    let result = |age: &SourceAge| {
        let timing = |name: &'static str, from: Duration, to: Duration| Timing {
            name,
            started_at: timestamp(at(from)),
            completed_at: timestamp(at(to)),
        };
        let message = age.asked.then(|| ("_message".to_owned(), Json::from("OK")));
        SourceResult {
            unique_id: age.id.to_string(),
            max_loaded_at: with_offset(age.loaded_at),
            snapshotted_at: with_offset(invocation.started_at),
            max_loaded_at_time_ago_in_s: seconds_between(age.loaded_at, invocation.started_at),
            status: age.verdict.status(),
            criteria: age.criteria.written.clone(),
            adapter_response: message.into_iter().collect(),
            timing: vec![
                timing("compile", age.began, age.began),
                timing("execute", age.began, age.began.saturating_add(age.elapsed)),
            ],
            thread_id: std::thread::current().name().unwrap_or("worker").to_owned(),
            execution_time: age.elapsed.as_secs_f64(),
        }
    };
    SourcesFile {
        metadata: Metadata::new("sources/v3", invocation, at(elapsed)),
        results: ages.iter().map(result).collect(),
        elapsed_time: elapsed.as_secs_f64(),
    }
}

/// Seconds, with their fraction.
#[expect(clippy::cast_precision_loss, reason = "a double holds the microseconds of centuries")]
pub fn seconds_between(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    let between = to - from;
    between.num_seconds() as f64 + f64::from(between.subsec_nanos() / 1000) / 1e6
}

/// Python's `isoformat`: microseconds where there are any.
fn with_offset(time: DateTime<Utc>) -> String {
    let whole = time.timestamp_subsec_micros() == 0;
    time.to_rfc3339_opts(if whole { SecondsFormat::Secs } else { SecondsFormat::Micros }, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_python_writes_them() {
        let time = |nanos| DateTime::from_timestamp(1_700_000_000, nanos).unwrap();
        assert_eq!(with_offset(time(0)), "2023-11-14T22:13:20+00:00");
        assert_eq!(with_offset(time(250_000_000)), "2023-11-14T22:13:20.250000+00:00");
        assert!((seconds_between(time(0), time(250_000_000)) - 0.25).abs() < 1e-9);
    }
}
