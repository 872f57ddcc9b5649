//! Texts as points in time, as DuckDB reads them: seconds may be missing, the date's numbers may be short, and what has
//! no time zone ignores the offset.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};

use super::calendar::{days_from_civil, days_in_month};
use super::kernel::Kernel;

/// `parse_timestamp(text)` and its kin.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ParseTime {
    /// Whether the offset counts, and the result is a moment of UTC.
    pub(super) zoned: bool,
    /// Whether what is no time gives null.
    pub(super) lenient: bool,
}

impl Kernel for ParseTime {
    fn name(&self) -> &'static str {
        match (self.zoned, self.lenient) {
            (false, false) => "parse_timestamp",
            (false, true) => "try_parse_timestamp",
            (true, false) => "parse_timestamptz",
            (true, true) => "try_parse_timestamptz",
        }
    }

    fn signature(&self) -> Signature {
        Signature::exact(vec![DataType::Utf8], Volatility::Immutable)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Timestamp(TimeUnit::Microsecond, self.zoned.then(|| "UTC".into())))
    }

    fn compute(&self, arguments: &[ArrayRef]) -> Result<ArrayRef> {
        let [texts] = arguments else { return exec_err!("`{}` takes one argument", self.name()) };
        let one = |text: Option<&str>| match text.map(|it| (it, micros(it, self.zoned))) {
            None => Ok(None),
            Some((_, Some(micros))) => Ok(Some(micros)),
            Some((_, None)) if self.lenient => Ok(None),
            Some((text, None)) => exec_err!("the text `{text}` is no timestamp; one is `2024-12-31 23:59:59`"),
        };
        let times = texts.as_string::<i32>().iter().map(one).collect::<Result<TimestampMicrosecondArray>>()?;
        Ok(Arc::new(times.with_timezone_opt(self.zoned.then(|| Arc::<str>::from("UTC")))))
    }
}

/// Microseconds since 1970.
pub(in crate::dialect) fn micros(text: &str, zoned: bool) -> Option<i64> {
    let mut rest = Rest(text.trim().as_bytes());
    let negative = rest.take(b'-');
    let year = rest.number(1, 6)?;
    rest.take(b'-').then_some(())?;
    let month = rest.number(1, 2)?;
    rest.take(b'-').then_some(())?;
    let day = rest.number(1, 2)?;
    let year = if negative { -year } else { year };
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let mut time = 0;
    let mut offset = 0;
    if (rest.take(b' ') || rest.take(b'T') || rest.take(b't')) && !rest.skip_spaces() {
        let hour = rest.number(1, 2)?;
        rest.take(b':').then_some(())?;
        let minute = rest.number(1, 2)?;
        let second = if rest.take(b':') { rest.number(1, 2)? } else { 0 };
        let fraction = if rest.take(b'.') { rest.fraction()? } else { 0 };
        if minute > 59 || second > 59 || hour > 24 || (hour == 24 && minute + second + fraction > 0) {
            return None;
        }
        time = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction;
        rest.skip_spaces();
        offset = rest.offset()?;
    }
    if !rest.0.is_empty() {
        return None;
    }
    let local = days.checked_mul(86_400_000_000)?.checked_add(time)?;
    if zoned { local.checked_sub(offset * 60_000_000) } else { Some(local) }
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    /// Whether nothing is left behind them.
    fn skip_spaces(&mut self) -> bool {
        while self.take(b' ') {}
        self.0.is_empty()
    }

    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let digits = self.0.iter().take(most).take_while(|it| it.is_ascii_digit()).count();
        if digits < least {
            return None;
        }
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        Some(number.iter().fold(0, |sum, it| sum * 10 + i64::from(it - b'0')))
    }

    /// Microseconds; what is finer is cut off.
    fn fraction(&mut self) -> Option<i64> {
        let digits = self.0.iter().take_while(|it| it.is_ascii_digit()).count();
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        if digits == 0 {
            return None;
        }
        Some((0..6).fold(0, |sum, at| sum * 10 + number.get(at).map_or(0, |it| i64::from(it - b'0'))))
    }

    /// Minutes that the local time is ahead.
    fn offset(&mut self) -> Option<i64> {
        if self.0.eq_ignore_ascii_case(b"utc") {
            self.0 = &[];
            return Some(0);
        }
        if self.take(b'Z') || self.take(b'z') {
            return Some(0);
        }
        let sign = match self.0.first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Some(0),
        };
        self.0 = &self.0[1..];
        let hours = self.number(1, 2)?;
        self.take(b':');
        let minutes = self.number(0, 2)?;
        Some(sign * (hours * 60 + minutes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_duckdb_reads_them() {
        let minute = 60_000_000;
        assert_eq!(micros("1970-01-01", false), Some(0));
        assert_eq!(micros("1970-1-1 00:01", false), Some(minute));
        assert_eq!(micros("1970-01-01T00:00:00.5Z", false), Some(500_000));
        assert_eq!(micros("1970-01-01 00:00:00-07:53", false), Some(0));
        assert_eq!(micros("1970-01-01 00:00:00-07:53", true), Some(473 * minute));
        assert_eq!(micros("1970-01-01 02:00+02", true), Some(0));
        assert_eq!(micros("1970-01-01 00:00:00.1234567", false), Some(123_456));
        for wrong in
            ["", "1970", "1970-13-01", "2023-02-29", "1970-01-01 25:00", "1970-01-01 x", "1970-01-01 00:00:00.é"]
        {
            assert_eq!(micros(wrong, false), None, "{wrong}");
        }
    }
}
