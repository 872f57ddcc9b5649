//! `fromisoformat`: days, times and points in time as ISO 8601 writes them.

use chrono::{NaiveDate, NaiveTime, Weekday};

use super::moment::Moment;
use super::time;
use super::zone::Zone;

/// A day: `2024-02-29`, `20240229`, `2024-W09-4`.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    if let Some((year, rest)) = text.split_once("-W").or_else(|| text.split_once('W')) {
        let (week, weekday) = rest.split_once('-').or_else(|| rest.split_at_checked(2)).unwrap_or((rest, "1"));
        let weekday = if weekday.is_empty() { 1 } else { weekday.parse::<u8>().ok()? };
        let weekday = Weekday::try_from(weekday.checked_sub(1)?).ok()?;
        return NaiveDate::from_isoywd_opt(year.parse().ok()?, week.parse().ok()?, weekday);
    }
    let digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    let parts: Vec<&str> = match text.len() {
        8 if digits(text) => vec![&text[..4], &text[4..6], &text[6..]],
        _ => text.split('-').collect(),
    };
    let [year, month, day] = <[&str; 3]>::try_from(parts).ok()?;
    if (year.len(), month.len(), day.len()) != (4, 2, 2) || ![year, month, day].into_iter().all(digits) {
        return None;
    }
    super::date::day(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// A time of day and the zone behind it: `13:05:07.5+02:00`.
pub(super) fn clock(text: &str) -> Option<(NaiveTime, Option<Zone>)> {
    let end = text.find(['+', '-', 'Z']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(end);
    let zone = match zone {
        "" => None,
        _ => match offset(zone)? {
            (zone, "") => Some(zone),
            _ => return None,
        },
    };
    let (clock, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, ""));
    let parts: Vec<&str> = match clock.contains(':') {
        true => clock.split(':').collect(),
        false => clock.as_bytes().chunks(2).filter_map(|it| std::str::from_utf8(it).ok()).collect(),
    };
    if parts.is_empty() || parts.len() > 3 || parts.iter().any(|it| it.len() != 2) {
        return None;
    }
    let part = |at: usize| parts.get(at).map_or(Some(0), |it| it.parse::<i64>().ok());
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let clock = time::clock([part(0)?, part(1)?, part(2)?, digits.parse().ok()?]).ok()?;
    Some((clock, zone))
}

/// A point in time, or a day, which is its beginning.
pub(super) fn moment(text: &str) -> Option<Moment> {
    for length in [10, 8] {
        let Some((day, clock)) = text.split_at_checked(length) else { continue };
        let Some(day) = self::day(day) else { continue };
        let mut behind = clock.chars();
        if behind.next().is_none() {
            return Some(Moment { local: day.and_time(NaiveTime::MIN), zone: None });
        }
        let (clock, zone) = self::clock(behind.as_str())?;
        return Some(Moment { local: day.and_time(clock), zone });
    }
    None
}

/// An offset, `+02:00`, `+0200`, `+02` or `Z`, and what follows.
pub(super) fn offset(text: &str) -> Option<(Zone, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((Zone::fixed(0), rest));
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (mut rest, mut seconds, mut unit) = (&text[1..], 0_i32, 3600);
    while unit > 0 {
        let inner = if unit < 3600 { rest.strip_prefix(':').unwrap_or(rest) } else { rest };
        let Some((digits, after)) = inner.split_at_checked(2) else { break };
        if !digits.bytes().all(|it| it.is_ascii_digit()) {
            break;
        }
        seconds += digits.parse::<i32>().ok()? * unit;
        rest = after;
        unit /= 60;
    }
    (unit < 3600 && seconds < 86_400).then(|| (Zone::fixed(sign * seconds), rest))
}
