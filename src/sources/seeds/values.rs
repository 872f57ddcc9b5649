//! One value of a seed: what it is as a number, a date, a time, a boolean. Each function takes what both `agate` and
//! DuckDB's `copy` take; what only one of them takes is a text, where dbt would stop.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, PrimitiveArray, StringArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

/// A number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    /// An integer, however it was written: `29.00` is one.
    Whole(i64),
    /// An integer of more digits than that; nearly it, as a double.
    Digits(f64),
    /// Anything else.
    Double(f64),
}

/// A column of text as one of another type. What doesn't fit is null; no type was chosen that something doesn't fit.
pub(super) fn typed(column: &ArrayRef, wanted: &DataType, zones: bool) -> ArrayRef {
    let Some(texts) = column.as_string_opt::<i32>() else { return Arc::clone(column) };
    let whole = |text: &str| match number(text)? {
        Number::Whole(it) => Some(it),
        Number::Digits(_) | Number::Double(_) => None,
    };
    match wanted {
        DataType::Int32 => primitive::<Int32Type>(texts, |it| i32::try_from(whole(it)?).ok()),
        DataType::Int64 => primitive::<Int64Type>(texts, whole),
        DataType::Float64 => primitive::<Float64Type>(texts, |it| {
            Some(match number(it)? {
                #[expect(clippy::cast_precision_loss, reason = "the column's other values are doubles")]
                Number::Whole(it) => it as f64,
                Number::Digits(it) | Number::Double(it) => it,
            })
        }),
        DataType::Date32 => primitive::<Date32Type>(texts, |it| Some(Date32Type::from_naive_date(date(it)?))),
        DataType::Timestamp(..) => primitive::<TimestampMicrosecondType>(texts, |it| {
            let time = plain_time(it).or_else(|| iso_time(it, zones))?;
            Some(time.and_utc().timestamp_micros())
        }),
        DataType::Boolean => {
            Arc::new(texts.iter().map(|it| it.map(str::trim).and_then(boolean)).collect::<BooleanArray>())
        }
        // An empty text is null, also between quotes.
        _ if texts.iter().flatten().any(str::is_empty) => {
            Arc::new(texts.iter().map(|it| it.filter(|it| !it.is_empty())).collect::<StringArray>())
        }
        _ => Arc::clone(column),
    }
}

fn primitive<T: ArrowPrimitiveType>(texts: &StringArray, value: impl Fn(&str) -> Option<T::Native>) -> ArrayRef {
    let values = texts.iter().map(|it| it.map(str::trim).and_then(&value));
    Arc::new(values.collect::<PrimitiveArray<T>>())
}

/// Whether a text, without spaces around it, is no value.
pub(super) fn is_null(text: &str) -> bool {
    text.is_empty() || text.eq_ignore_ascii_case("null")
}

/// `12`, `-1.50`, `1e3`, `1_000`, `.5`, `nan`, `inf`.
pub(super) fn number(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let first = *unsigned.as_bytes().first()?;
    if !first.is_ascii_digit() && first != b'.' {
        let is_word = ["nan", "inf", "infinity"].iter().any(|it| unsigned.eq_ignore_ascii_case(it));
        return if is_word { text.parse().ok().map(Number::Double) } else { None };
    }
    if unsigned.bytes().all(|it| it.is_ascii_digit()) {
        return match text.parse() {
            Ok(whole) => Some(Number::Whole(whole)),
            Err(_) => text.parse().ok().map(Number::Digits),
        };
    }
    if unsigned.contains('_') {
        let between_digits = |it: &str| {
            let ends = |it: Option<char>| it.is_some_and(|it| it.is_ascii_digit());
            it.is_empty() || it.split('_').all(|it| ends(it.chars().next()) && ends(it.chars().last()))
        };
        let (mantissa, _) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, ""));
        if !mantissa.split('.').all(between_digits) {
            return None;
        }
        return number(&text.replace('_', ""));
    }
    let double: f64 = text.parse().ok()?;
    match unsigned.split_once('.') {
        // All digits count, and a double has not room for that many.
        Some((whole, fraction)) if fraction.bytes().all(|it| it == b'0') => {
            let sign = if text.starts_with('-') { "-" } else { "" };
            let whole = if whole.is_empty() { "0" } else { whole };
            Some(format!("{sign}{whole}").parse().map_or(Number::Digits(double), Number::Whole))
        }
        Some((_, fraction)) if fraction.bytes().all(|it| it.is_ascii_digit()) => Some(Number::Double(double)),
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and less than what an integer holds")]
        _ if double.fract() == 0.0 && double.abs() < 9e18 => Some(Number::Whole(double as i64)),
        _ => Some(Number::Double(double)),
    }
}

/// `2024-01-05`, `2024-1-5`: Python's `%Y-%m-%d`.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let year = i32::try_from(digits(year, 4)?).ok()?;
    NaiveDate::from_ymd_opt(year, digits(month, 2)?, digits(day, 2)?).filter(|_| year > 0)
}

/// `2024-01-05 10:00:00`: Python's `%Y-%m-%d %H:%M:%S`.
pub(super) fn plain_time(text: &str) -> Option<NaiveDateTime> {
    let (day, time) = text.split_once(char::is_whitespace)?;
    let mut parts = time.trim_start().split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let time = NaiveTime::from_hms_opt(digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?)?;
    Some(date(day)?.and_time(time))
}

/// `2024-01-05T10:00`, `2024-01-05T10:00:00.123+02:00`. Where zones count, the time is brought to UTC.
pub(super) fn iso_time(text: &str, zones: bool) -> Option<NaiveDateTime> {
    let (day, time) = text.split_once('T')?;
    let date = date(day).filter(|_| day.len() == 10)?;
    let zone = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at(zone);
    let two = |at: usize| time.get(at..at + 2).and_then(|it| digits(it, 2));
    let separated = |at: usize| time.as_bytes().get(at) == Some(&b':');
    let (seconds, micros) = match time.len() {
        5 => (0, 0),
        _ if !separated(5) => return None,
        8 => (two(6)?, 0),
        _ => {
            let fraction = time.get(8..)?.strip_prefix('.').filter(|it| !it.is_empty())?;
            if !fraction.bytes().all(|it| it.is_ascii_digit()) {
                return None;
            }
            let six: String = fraction.chars().chain("000000".chars()).take(6).collect();
            (two(6)?, six.parse().ok()?)
        }
    };
    let time = NaiveTime::from_hms_micro_opt(two(0)?, two(3)?, seconds, micros).filter(|_| separated(2))?;
    let offset = offset(zone)?;
    let time = date.and_time(time);
    if zones { time.checked_sub_signed(offset) } else { Some(time) }.filter(is_storable)
}

/// `Z`, `+02`, `+0230`, `+02:30`, or nothing.
fn offset(zone: &str) -> Option<TimeDelta> {
    let Some(sign) = zone.chars().next() else { return Some(TimeDelta::zero()) };
    let rest = &zone[1..];
    if sign == 'Z' {
        return rest.is_empty().then(TimeDelta::zero);
    }
    let (hours, minutes) = match rest.len() {
        2 => (rest, "00"),
        4 => (rest.get(..2)?, rest.get(2..)?),
        5 => rest.split_once(':').filter(|(hours, _)| hours.len() == 2)?,
        _ => return None,
    };
    let minutes = i64::from(digits(hours, 2)?) * 60 + i64::from(digits(minutes, 2)?);
    Some(TimeDelta::minutes(if sign == '-' { -minutes } else { minutes }))
}

fn is_storable(time: &NaiveDateTime) -> bool {
    DateTime::from_timestamp_micros(time.and_utc().timestamp_micros()).is_some()
}

/// `true` and `false`, in any case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    text.eq_ignore_ascii_case("false").then_some(false)
}

/// One to `most` digits.
fn digits(text: &str, most: usize) -> Option<u32> {
    let fits = (1..=most).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}
