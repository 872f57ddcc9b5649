//! The batches of time that a model is made in: dbt's `microbatch`.
//! <https://docs.getdbt.com/docs/build/incremental-microbatch>

use chrono::{DateTime, Datelike, Days, DurationRound, Months, NaiveDate, TimeDelta, Utc};

use crate::jinja::TimeSpan;

/// How long a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchSize {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A month.
    Month,
    /// A year.
    Year,
}

impl BatchSize {
    /// By its name.
    pub fn named(name: &str) -> Option<BatchSize> {
        Some(match name {
            "hour" => BatchSize::Hour,
            "day" => BatchSize::Day,
            "month" => BatchSize::Month,
            "year" => BatchSize::Year,
            _ => return None,
        })
    }

    /// The beginning of the batch that a moment lies in.
    pub fn truncate(self, at: DateTime<Utc>) -> DateTime<Utc> {
        let day = |year, month, day| {
            let date = NaiveDate::from_ymd_opt(year, month, day).and_then(|it| it.and_hms_opt(0, 0, 0));
            date.map_or(at, |it| it.and_utc())
        };
        match self {
            BatchSize::Hour => at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at),
            BatchSize::Day => day(at.year(), at.month(), at.day()),
            BatchSize::Month => day(at.year(), at.month(), 1),
            BatchSize::Year => day(at.year(), 1, 1),
        }
    }

    /// The beginning of the batch so many batches later, or earlier.
    pub fn shift(self, at: DateTime<Utc>, batches: i64) -> DateTime<Utc> {
        let start = self.truncate(at);
        let count = u32::try_from(batches.unsigned_abs()).unwrap_or(u32::MAX);
        let months = |each: u32| {
            let months = Months::new(count.saturating_mul(each));
            if batches < 0 { start.checked_sub_months(months) } else { start.checked_add_months(months) }
        };
        let days = Days::new(u64::from(count));
        let shifted = match self {
            BatchSize::Hour => start.checked_add_signed(TimeDelta::hours(batches)),
            BatchSize::Day if batches < 0 => start.checked_sub_days(days),
            BatchSize::Day => start.checked_add_days(days),
            BatchSize::Month => months(1),
            BatchSize::Year => months(12),
        };
        shifted.unwrap_or(start)
    }

    /// dbt's name of the batch that begins at a moment.
    pub fn id(self, start: DateTime<Utc>) -> String {
        let format = match self {
            BatchSize::Hour => "%Y%m%dT%H",
            BatchSize::Day => "%Y%m%d",
            BatchSize::Month => "%Y%m",
            BatchSize::Year => "%Y",
        };
        start.format(format).to_string()
    }

    /// The batches of a run: from `begin` when there is nothing yet, else the current one and `lookback` before it.
    pub fn batches(self, now: DateTime<Utc>, begin: Option<DateTime<Utc>>, lookback: i64) -> Vec<TimeSpan> {
        let this = self.truncate(now);
        let end = if this == now { now } else { self.shift(now, 1) };
        let start = match begin {
            Some(begin) => self.truncate(begin),
            // At the very border, the last batch is the one before it.
            None => self.shift(now, -(lookback + i64::from(this == now))),
        };
        self.between(start, end)
    }

    /// The batches that a time touches, as a run is asked to make them.
    pub fn touched_by(self, (start, end): TimeSpan) -> Vec<TimeSpan> {
        self.between(self.truncate(start), end)
    }

    fn between(self, start: DateTime<Utc>, end: DateTime<Utc>) -> Vec<TimeSpan> {
        let mut batches = Vec::new();
        let mut at = start;
        while at < end {
            let next = self.shift(at, 1);
            // Beyond the calendar's end nothing follows.
            if next <= at {
                break;
            }
            batches.push((at, next));
            at = next;
        }
        batches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jinja::moment;

    fn check(size: &str, now: &str, begin: Option<&str>, expected: &[&str]) {
        let (Some(size), Some(now)) = (BatchSize::named(size), moment(now)) else { return };
        let batches = size.batches(now, begin.and_then(moment), 1);
        let ids: Vec<String> = batches.iter().map(|(start, _)| size.id(*start)).collect();
        assert_eq!(ids, expected);
    }

    #[test]
    fn batches_begin_where_dbt_lets_them() {
        check("day", "2024-03-02 10:00:00", None, &["20240301", "20240302"]);
        check("day", "2024-03-02", None, &["20240229", "20240301"]);
        check(
            "day",
            "2024-03-02 10:00:00",
            Some("2024-02-28 05:00:00"),
            &["20240228", "20240229", "20240301", "20240302"],
        );
        check("hour", "2024-03-02 00:10:00", None, &["20240301T23", "20240302T00"]);
        check("month", "2024-03-31 10:00:00", Some("2024-01-31"), &["202401", "202402", "202403"]);
        check("year", "2024-03-31 10:00:00", Some("2023-06-01"), &["2023", "2024"]);
    }
}
