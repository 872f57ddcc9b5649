//! `strftime`: a point in time as a text, with Python's directives and the flags of the C library below it.

use std::fmt::Write;

use chrono::{Datelike, Timelike};

use super::moment::Moment;
use super::zone::clock;

/// Writes a point in time. What is no directive stays as it is.
pub(super) fn strftime(moment: &Moment, format: &str) -> String {
    let mut text = String::with_capacity(format.len() * 2);
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        let directive = &rest[at + 1..];
        let (flag, letter) = match directive.strip_prefix(['-', '_', '0', '^', '#']) {
            Some(after) => (directive.chars().next(), after.chars().next()),
            None => (None, directive.chars().next()),
        };
        let Some(letter) = letter else {
            text.push_str(&rest[at..]);
            return text;
        };
        let length = 1 + usize::from(flag.is_some()) + letter.len_utf8();
        match one(moment, letter) {
            Some(value) => flagged(&mut text, &value, flag),
            None => text.push_str(&rest[at..at + length]),
        }
        rest = &rest[at + length..];
    }
    text.push_str(rest);
    text
}

fn flagged(text: &mut String, value: &str, flag: Option<char>) {
    let is_number = value.len() > 1 && value.bytes().all(|it| it.is_ascii_digit() || it == b' ');
    let short = value.trim_start_matches(['0', ' ']);
    let short = if short.is_empty() { "0" } else { short };
    match flag {
        Some('-') if is_number => text.push_str(short),
        Some('_') if is_number => text.extend(std::iter::repeat_n(' ', value.len() - short.len()).chain(short.chars())),
        Some('0') if is_number => text.push_str(&value.replace(' ', "0")),
        Some('^') => text.push_str(&value.to_uppercase()),
        Some('#') => text.extend(
            value.chars().map(|it| if it.is_lowercase() { it.to_ascii_uppercase() } else { it.to_ascii_lowercase() }),
        ),
        _ => text.push_str(value),
    }
}

/// One directive; `None` where there is no such one.
fn one(moment: &Moment, letter: char) -> Option<String> {
    let (local, zone) = (moment.local, moment.zone.as_ref());
    Some(match letter {
        '%' => "%".to_owned(),
        'f' => format!("{:06}", local.nanosecond() / 1000 % 1_000_000),
        'z' => zone.map_or_else(String::new, |it| clock(it.offset, false)),
        'Z' => zone.map_or_else(String::new, |it| it.abbreviation.clone()),
        'c' => local.format("%a %b %e %H:%M:%S %Y").to_string(),
        'x' => local.format("%m/%d/%y").to_string(),
        's' => moment.as_utc().and_utc().timestamp().to_string(),
        'Y' => local.year().to_string(),
        'G' => local.iso_week().year().to_string(),
        'n' => "\n".to_owned(),
        't' => "\t".to_owned(),
        'a' | 'A' | 'b' | 'B' | 'h' | 'C' | 'd' | 'D' | 'e' | 'F' | 'g' | 'H' | 'I' | 'j' | 'k' | 'l' | 'm' | 'M'
        | 'p' | 'P' | 'r' | 'R' | 'S' | 'T' | 'u' | 'U' | 'V' | 'w' | 'W' | 'X' | 'y' => {
            let mut text = String::new();
            write!(text, "{}", local.format(&format!("%{letter}"))).ok()?;
            text
        }
        _ => return None,
    })
}
