//! How many events each day holds, before anybody has done anything.
//! In: the plan. Out: one quota per day; over the days of the plan they add up to its events.
//! Knows the weekdays, the trend and the retention to expect; knows no client.
//!
//! Quotas follow the traffic that steady arrivals and their returning clients would make, so that
//! the clients who must be new to fill a quota are about equally many every day. A day after the
//! end of the plan has a quota too: adding it changes none of the earlier ones.

use chrono::{Datelike, NaiveDate, TimeDelta};

use super::chance::{Chance, Purpose};
use super::segments::expected_events;

/// Traffic of Monday to Sunday, in permille of an average working day.
const WEEKDAYS: [u32; 7] = [1050, 1040, 1030, 1000, 940, 730, 800];

/// One day of the simulation.
#[derive(Clone, Copy)]
pub(super) struct Day {
    /// Days since the start, from 0.
    pub(super) number: u32,
    /// Its date (UTC).
    pub(super) date: NaiveDate,
    /// Midnight (UTC), in milliseconds since 1970.
    pub(super) midnight: i64,
    /// The traffic that its weekday brings, in permille.
    pub(super) weekday: u32,
    /// The events to make, exactly.
    pub(super) quota: u64,
}

/// The first `horizon` days of a run whose first `days` hold `events` in all.
pub(super) fn days(seed: u64, start: NaiveDate, events: u64, days: u32, horizon: u32) -> Vec<Day> {
    let dates: Vec<NaiveDate> =
        (0..horizon).map_while(|number| start.checked_add_signed(TimeDelta::days(number.into()))).collect();
    let weekdays: Vec<u32> =
        dates.iter().map(|date| WEEKDAYS[date.weekday().num_days_from_monday() as usize]).collect();
    let until: Vec<f64> = running_sum(&traffic(seed, &weekdays));
    let whole = until.get((days as usize).wrapping_sub(1)).copied().unwrap_or(1.0);
    let mut before = 0;
    let mut calendar = Vec::with_capacity(dates.len());
    for (((number, date), weekday), until) in (0..).zip(&dates).zip(&weekdays).zip(&until) {
        // The last day of the plan closes the sum whatever the rounding.
        let after = if number + 1 == days { events } else { (events as f64 * (until / whole)) as u64 };
        let midnight = date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis();
        calendar.push(Day { number, date: *date, midnight, weekday: *weekday, quota: after.saturating_sub(before) });
        before = before.max(after);
    }
    calendar
}

/// The traffic to expect on each day, in events per thousand arrivals.
fn traffic(seed: u64, weekdays: &[u32]) -> Vec<f64> {
    let expected = expected_events(u32::try_from(weekdays.len()).unwrap_or(u32::MAX));
    let mut arrivals: Vec<f64> = Vec::with_capacity(weekdays.len());
    let mut traffic = Vec::with_capacity(weekdays.len());
    for (number, weekday) in (0..).zip(weekdays) {
        let noise = Chance::new(seed, Purpose::Traffic, number, 0).between(940, 1060);
        let growth = 1.0 + f64::from(number) * 0.004;
        arrivals.push(growth * f64::from(*weekday) * f64::from(noise) / 1000.0);
        let today = arrivals[number as usize] * expected[0];
        let returning: f64 = arrivals.iter().rev().zip(&expected).skip(1).map(|(came, events)| came * events).sum();
        traffic.push(today + returning * f64::from(*weekday) / 1000.0);
    }
    traffic
}

fn running_sum(values: &[f64]) -> Vec<f64> {
    values
        .iter()
        .scan(0.0, |sum, value| {
            *sum += value;
            Some(*sum)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::days;

    fn quotas(events: u64, plan: u32, horizon: u32) -> Vec<u64> {
        let start = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        days(42, start, events, plan, horizon).iter().map(|day| day.quota).collect()
    }

    #[test]
    fn quotas_add_up() {
        for (events, plan) in [(0, 1), (1, 30), (7, 3), (50_000, 90), (1_000_003, 365)] {
            assert_eq!(quotas(events, plan, plan).iter().sum::<u64>(), events, "{events} over {plan}");
        }
    }

    #[test]
    fn a_later_day_changes_no_earlier_one() {
        let longer = quotas(50_000, 90, 95);
        assert_eq!(longer[..90], quotas(50_000, 90, 90));
        assert!(longer[90..].iter().all(|quota| *quota > 300), "{:?}", &longer[90..]);
    }

    #[test]
    fn weekends_are_quieter() {
        let quotas = quotas(900_000, 90, 90);
        // The third of January 2026 is a Saturday.
        let saturdays: u64 = quotas[2..].iter().step_by(7).take(12).sum();
        let tuesdays: u64 = quotas[5..].iter().step_by(7).take(12).sum();
        assert!(saturdays * 10 < tuesdays * 8, "{saturdays} {tuesdays}");
    }
}
