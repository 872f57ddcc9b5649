//! `--empty`, `--sample`, `--event-time-start` and `--event-time-end`: which rows of inputs a command reads.
//! <https://docs.getdbt.com/docs/build/sample-flag>

use chrono::{DateTime, Months, TimeDelta, Utc};

use crate::cli::arguments::{Command, Emptying, Reading};
use crate::cli::flags::Flags;
use crate::cli::settings::parse_mapping;
use crate::compile::{BatchSize, moment};
use crate::jinja::{Excerpt, TimeSpan};
use crate::project::Json;

/// What the command line says, and where it says nothing, the environment and the project file. Commands that do not
/// have these options read everything.
///
/// # Errors
/// Times that are none, in dbt's words.
pub(super) fn resolve(command: &Command, flags: &Flags, now: DateTime<Utc>) -> Result<Excerpt, String> {
    match command {
        Command::Build { reading, .. } | Command::Run { reading, .. } => {
            let value = |given: &Option<String>, name: &str| {
                given.clone().or_else(|| flags.value(name).map(str::to_owned)).filter(|it| !it.is_empty())
            };
            let Reading { emptying, sample, event_time_start, event_time_end } = reading;
            let sample = value(sample, "sample").map(|it| window(&it, now)).transpose()?;
            let batches =
                batches(value(event_time_start, "event-time-start"), value(event_time_end, "event-time-end"))?;
            Ok(Excerpt { empty: is_empty(emptying, flags), sample, batches })
        }
        Command::Compile { emptying, .. } | Command::Snapshot { emptying, .. } => {
            Ok(Excerpt { empty: is_empty(emptying, flags), ..Excerpt::default() })
        }
        Command::Check { .. }
        | Command::Clean
        | Command::Clone { .. }
        | Command::Debug { .. }
        | Command::Deps { .. }
        | Command::Docs { .. }
        | Command::Generate { .. }
        | Command::Ingest { .. }
        | Command::Init { .. }
        | Command::Lineage { .. }
        | Command::List { .. }
        | Command::Parse
        | Command::Retry
        | Command::RunOperation { .. }
        | Command::Seed { .. }
        | Command::Show { .. }
        | Command::Source { .. }
        | Command::Test { .. } => Ok(Excerpt::default()),
    }
}

fn is_empty(emptying: &Emptying, flags: &Flags) -> bool {
    emptying.empty || (!emptying.no_empty && flags.on("empty") == Some(true))
}

fn batches(start: Option<String>, end: Option<String>) -> Result<Option<TimeSpan>, String> {
    let at = |name: &str, text: &str| moment(text).ok_or_else(|| format!("`--{name}`: `{text}` is no time"));
    let lonely = |given: &str, missing: &str| {
        format!(
            "The flag `--{given}` was specified, but `--{missing}` was not. When specifying `--{given}`, `--{missing}` \
             must also be present."
        )
    };
    match (start, end) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(lonely("event-time-end", "event-time-start")),
        (Some(_), None) => Err(lonely("event-time-start", "event-time-end")),
        (Some(start), Some(end)) => {
            let span = (at("event-time-start", &start)?, at("event-time-end", &end)?);
            if span.0 >= span.1 {
                return Err("Value for `--event-time-start` must be less than `--event-time-end`".to_owned());
            }
            Ok(Some(span))
        }
    }
}

/// `3 days`: the last three; or a mapping with `start` and `end`.
fn window(text: &str, now: DateTime<Utc>) -> Result<TimeSpan, String> {
    if text.trim_start().starts_with('{') {
        let mapping = parse_mapping("--sample", text)?;
        let at = |key: &str| {
            let written = mapping.get(key).and_then(Json::as_str).unwrap_or_default();
            moment(written)
                .ok_or_else(|| format!("`--sample` has no time as `{key}`: write '{{{key}: 2024-01-01, …}}'"))
        };
        return Ok((at("start")?, at("end")?));
    }
    let words: Vec<&str> = text.split(' ').collect();
    let [count, grain] = words.as_slice() else {
        return Err(format!("Cannot load SAMPLE_WINDOW from '{text}'. Must be of form 'DAYS_INT GRAIN_SIZE'."));
    };
    let count: i64 = count.parse().map_err(|_| format!("Unable to convert '{count}' to an integer."))?;
    let size = BatchSize::named(grain.to_lowercase().trim_end_matches('s')).ok_or_else(|| {
        let grains = "['hour', 'day', 'month', 'year', 'hours', 'days', 'months', 'years']";
        format!("Invalid grain size '{grain}'. Must be one of {grains}.")
    })?;
    before(now, size, count).map(|start| (start, now)).ok_or_else(|| format!("`--sample`: '{text}' is too long ago"))
}

/// The moment so long before another, to the second.
fn before(at: DateTime<Utc>, size: BatchSize, count: i64) -> Option<DateTime<Utc>> {
    let months = |each: i64| {
        let months = Months::new(u32::try_from(count.unsigned_abs().checked_mul(each.unsigned_abs())?).ok()?);
        if count < 0 { at.checked_add_months(months) } else { at.checked_sub_months(months) }
    };
    match size {
        BatchSize::Hour => at.checked_sub_signed(TimeDelta::try_hours(count)?),
        BatchSize::Day => at.checked_sub_signed(TimeDelta::try_days(count)?),
        BatchSize::Month => months(1),
        BatchSize::Year => months(12),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(&str, &str), &str>) {
        let now = moment("2024-03-31 10:00:00").unwrap();
        let window = window(text, now);
        let shown = window.map(|(start, end)| (start.to_rfc3339(), end.to_rfc3339()));
        let shown = shown.as_ref().map(|(start, end)| (&start[..16], &end[..16]));
        match (shown, expected) {
            (Ok(shown), Ok(expected)) => assert_eq!(shown, expected),
            (Err(problem), Err(words)) => assert!(problem.contains(words), "{problem}"),
            (shown, expected) => assert_eq!(shown.map_err(String::as_str), expected),
        }
    }

    #[test]
    fn windows_are_those_of_dbt() {
        check("3 days", Ok(("2024-03-28T10:00", "2024-03-31T10:00")));
        check("1 Month", Ok(("2024-02-29T10:00", "2024-03-31T10:00")));
        check("{start: 2024-01-01, end: '2024-02-01 12:00:00'}", Ok(("2024-01-01T00:00", "2024-02-01T12:00")));
        check("three days", Err("Unable to convert 'three' to an integer."));
        check("3 weeks", Err("Invalid grain size 'weeks'"));
        check("3", Err("Must be of form"));
        check("99999999999 years", Err("too long ago"));
    }
}
