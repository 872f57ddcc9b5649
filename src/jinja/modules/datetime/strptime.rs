//! `strptime`: a point in time read from a text, with Python's directives.

use chrono::{NaiveDate, NaiveDateTime, Weekday};
use minijinja::Error;

use super::moment::Moment;
use super::zone::Zone;
use super::{date, time};
use crate::jinja::values::failed;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// What has been read so far.
struct Parts {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    microsecond: i64,
    afternoon: Option<bool>,
    day_of_year: Option<i64>,
    iso_year: Option<i64>,
    week: Option<i64>,
    weekday: Option<i64>,
    zone: Option<Zone>,
}

/// Reads a text that a format describes.
///
/// # Errors
/// When it does not, or says a time that there isn't.
pub(super) fn strptime(text: &str, format: &str) -> Result<Moment, Error> {
    let mut parts = Parts {
        year: 1900,
        month: 1,
        day: 1,
        hour: 0,
        minute: 0,
        second: 0,
        microsecond: 0,
        afternoon: None,
        day_of_year: None,
        iso_year: None,
        week: None,
        weekday: None,
        zone: None,
    };
    let rest =
        parts.read(text, format).ok_or_else(|| failed(format!("time data {text:?} does not match {format:?}")))?;
    if !rest.is_empty() {
        return Err(failed(format!("unconverted data remains: {rest}")));
    }
    parts.moment()
}

/// A number of at most so many digits, and what follows.
fn number(text: &str, most: usize) -> Option<(i64, &str)> {
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    Some((text[..length].parse().ok()?, &text[length..]))
}

/// One of some names, or its first three letters, and what follows.
fn name<'a>(text: &'a str, names: &[&str]) -> Option<(i64, &'a str)> {
    let starts = |it: &str| text.get(..it.len()).is_some_and(|start| start.eq_ignore_ascii_case(it));
    let found = |cut: bool| names.iter().position(|it| starts(if cut { &it[..3] } else { it }));
    let (at, length) = match found(false) {
        Some(at) => (at, names[at].len()),
        None => (found(true)?, 3),
    };
    Some((i64::try_from(at).ok()?, &text[length..]))
}

impl Parts {
    /// Gives what is left of the text.
    fn read<'a>(&mut self, mut text: &'a str, format: &str) -> Option<&'a str> {
        let mut letters = format.chars();
        while let Some(letter) = letters.next() {
            if letter.is_whitespace() {
                text = text.trim_start();
            } else if letter != '%' {
                text = text.strip_prefix(letter)?;
            } else {
                text = self.directive(text, letters.next()?)?;
            }
        }
        Some(text)
    }

    fn directive<'a>(&mut self, text: &'a str, letter: char) -> Option<&'a str> {
        let mut set = |target: fn(&mut Parts) -> &mut i64, most: usize| {
            let (value, rest) = number(text, most)?;
            *target(self) = value;
            Some(rest)
        };
        match letter {
            'Y' => set(|it| &mut it.year, 4),
            'm' => set(|it| &mut it.month, 2),
            'd' | 'e' => set(|it| &mut it.day, 2),
            'H' | 'I' => set(|it| &mut it.hour, 2),
            'M' => set(|it| &mut it.minute, 2),
            'S' => set(|it| &mut it.second, 2),
            'y' => {
                let (value, rest) = number(text, 2)?;
                self.year = if value < 69 { 2000 + value } else { 1900 + value };
                Some(rest)
            }
            'f' => {
                let (value, rest) = number(text, 6)?;
                let digits = u32::try_from(text.len() - rest.len()).ok()?;
                self.microsecond = value * 10_i64.pow(6 - digits);
                Some(rest)
            }
            'b' | 'B' | 'h' => {
                let (at, rest) = name(text, &MONTHS)?;
                self.month = at + 1;
                Some(rest)
            }
            'a' | 'A' => {
                let (at, rest) = name(text, &DAYS)?;
                self.weekday = Some(at + 1);
                Some(rest)
            }
            'p' => {
                let half = text.get(..2)?;
                self.afternoon = Some(if half.eq_ignore_ascii_case("pm") {
                    true
                } else {
                    half.eq_ignore_ascii_case("am").then_some(false)?
                });
                Some(&text[2..])
            }
            'j' => number(text, 3).map(|(value, rest)| {
                self.day_of_year = Some(value);
                rest
            }),
            'G' => number(text, 4).map(|(value, rest)| {
                self.iso_year = Some(value);
                rest
            }),
            'V' => number(text, 2).map(|(value, rest)| {
                self.week = Some(value);
                rest
            }),
            'u' => number(text, 1).map(|(value, rest)| {
                self.weekday = Some(value);
                rest
            }),
            'z' => {
                let (zone, rest) = super::iso::offset(text)?;
                self.zone = Some(zone);
                Some(rest)
            }
            'Z' => ["UTC", "GMT"].iter().find_map(|it| text.strip_prefix(it)),
            'T' => self.read(text, "%H:%M:%S"),
            'D' => self.read(text, "%m/%d/%y"),
            'F' => self.read(text, "%Y-%m-%d"),
            '%' => text.strip_prefix('%'),
            _ => None,
        }
    }

    fn moment(self) -> Result<Moment, Error> {
        let wrong = || failed("there is no such day");
        let small = |it: i64| u32::try_from(it).unwrap_or(0);
        let year = i32::try_from(self.year).unwrap_or(0);
        let day = match (self.day_of_year, self.iso_year, self.week, self.weekday) {
            (Some(day), ..) => NaiveDate::from_yo_opt(year, small(day)).ok_or_else(wrong)?,
            (None, Some(year), Some(week), Some(weekday)) => {
                let weekday = Weekday::try_from(u8::try_from(weekday - 1).unwrap_or(7)).map_err(|_| wrong())?;
                NaiveDate::from_isoywd_opt(i32::try_from(year).unwrap_or(0), small(week), weekday).ok_or_else(wrong)?
            }
            _ => date::day(self.year, self.month, self.day)?,
        };
        let hour = match self.afternoon {
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
            None => self.hour,
        };
        let clock = time::clock([hour, self.minute, self.second, self.microsecond])?;
        Ok(Moment { local: NaiveDateTime::new(day, clock), zone: self.zone })
    }
}
