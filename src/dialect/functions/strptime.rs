//! `strptime`: what a format leaves out is that of 1900-01-01, as in DuckDB; the engine refuses such a format.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, TimeUnit};
use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{NaiveDate, NaiveTime};
use datafusion::common::{exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};

use super::kernel::Kernel;

/// `strptime(text, format)`, and with a list of formats, of which the first that fits is taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Strptime {
    /// Whether a text that does not fit gives null.
    pub(super) lenient: bool,
}

impl Kernel for Strptime {
    fn name(&self) -> &'static str {
        if self.lenient { "try_strptime" } else { "strptime" }
    }

    fn signature(&self) -> Signature {
        Signature::user_defined(Volatility::Immutable)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Timestamp(TimeUnit::Microsecond, None))
    }

    fn coerce(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match arguments {
            [text, formats] if text.is_string() || text.is_null() => match formats {
                DataType::List(_) => Ok(vec![DataType::Utf8, DataType::new_list(DataType::Utf8, true)]),
                _ => Ok(vec![DataType::Utf8, DataType::Utf8]),
            },
            [other, _] => plan_err!(
                "Function '{}' failed to match any signature, errors: requires String, but received String (DataType: {other}).",
                self.name()
            ),
            _ => plan_err!(
                "Function '{}' expects 2 arguments but received {} No function matches",
                self.name(),
                arguments.len()
            ),
        }
    }

    fn compute(&self, arguments: &[ArrayRef]) -> Result<ArrayRef> {
        let [texts, formats] = arguments else { return exec_err!("`{}` takes two arguments", self.name()) };
        let texts = texts.as_string::<i32>();
        let mut known: Option<(Vec<String>, Vec<Vec<Item<'static>>>)> = None;
        let one = |at: usize| {
            let Some(wanted) = formats_of(formats, at).filter(|_| texts.is_valid(at)) else { return Ok(None) };
            let compiled = match &mut known {
                Some((of, compiled)) if *of == wanted => compiled,
                _ => {
                    let compiled = wanted.iter().map(|it| compile(it)).collect::<Result<Vec<_>>>()?;
                    &mut known.insert((wanted.clone(), compiled)).1
                }
            };
            match compiled.iter().find_map(|it| micros(texts.value(at), it)) {
                Some(micros) => Ok(Some(micros)),
                None if self.lenient => Ok(None),
                None => exec_err!("the text `{}` is not in the format `{}`", texts.value(at), wanted.join("`, `")),
            }
        };
        Ok(Arc::new((0..texts.len()).map(one).collect::<Result<TimestampMicrosecondArray>>()?))
    }
}

fn formats_of(formats: &ArrayRef, at: usize) -> Option<Vec<String>> {
    if formats.is_null(at) {
        return None;
    }
    match formats.as_list_opt::<i32>() {
        Some(lists) => {
            let list = lists.value(at);
            Some(list.as_string::<i32>().iter().flatten().map(str::to_owned).collect())
        }
        None => Some(vec![formats.as_string::<i32>().value(at).to_owned()]),
    }
}

fn compile(format: &str) -> Result<Vec<Item<'static>>> {
    match StrftimeItems::new(&translated(format, true)).parse_to_owned() {
        Ok(items) => Ok(items),
        Err(_) => exec_err!("`{format}` is no format of times"),
    }
}

/// DuckDB's specifiers in the words of `chrono`. <https://duckdb.org/docs/stable/sql/functions/dateformat>
pub(super) fn translated(format: &str, for_reading: bool) -> String {
    let mut out = String::with_capacity(format.len());
    let mut characters = format.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '%' {
            // Behind a point stands the fraction of a second; chrono takes the point along.
            if character == '.' && for_reading {
                let mut ahead = characters.clone();
                if ahead.next() == Some('%') && matches!(ahead.peek(), Some('f' | 'g' | 'n')) {
                    characters.next();
                    characters.next();
                    out.push_str("%.f");
                    continue;
                }
            }
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('f') => out.push_str("%6f"),
            Some('g') => out.push_str("%3f"),
            Some('n') => out.push_str("%9f"),
            Some('x') => out.push_str("%Y-%m-%d"),
            Some('X') => out.push_str("%H:%M:%S"),
            Some('c') => out.push_str("%Y-%m-%d %H:%M:%S"),
            Some('z') if !for_reading => out.push_str("+00"),
            Some('Z') if !for_reading => {}
            Some(other) => out.extend(['%', other]),
            None => out.push('%'),
        }
    }
    out
}

fn micros(text: &str, items: &[Item<'static>]) -> Option<i64> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, items.iter()).ok()?;
    let day = match parsed.to_naive_date() {
        Ok(date) => date,
        Err(_) => {
            let year = parsed.year().or_else(|| parsed.year_mod_100()).unwrap_or(1900);
            NaiveDate::from_ymd_opt(year, parsed.month().unwrap_or(1), parsed.day().unwrap_or(1))?
        }
    };
    let time = match parsed.to_naive_time() {
        Ok(time) => time,
        Err(_) => {
            let hour = parsed.hour_div_12().unwrap_or(0) * 12 + parsed.hour_mod_12().unwrap_or(0);
            NaiveTime::from_hms_opt(hour, parsed.minute().unwrap_or(0), parsed.second().unwrap_or(0))?
        }
    };
    let offset = i64::from(parsed.offset().unwrap_or(0)) * 1_000_000;
    Some(day.and_time(time).and_utc().timestamp_micros() - offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, format: &str) -> Option<String> {
        let micros = micros(text, &compile(format).unwrap())?;
        Some(chrono::DateTime::from_timestamp_micros(micros)?.naive_utc().to_string())
    }

    #[test]
    fn what_is_left_out_is_that_of_1900() {
        assert_eq!(read("2024-03", "%Y-%m").as_deref(), Some("2024-03-01 00:00:00"));
        assert_eq!(read("4:05 PM", "%I:%M %p").as_deref(), Some("1900-01-01 16:05:00"));
        assert_eq!(read("2024-01-02 03:04:05.123", "%Y-%m-%d %H:%M:%S.%f").as_deref(), Some("2024-01-02 03:04:05.123"));
        assert_eq!(read("2024-01-02 x", "%Y-%m-%d"), None);
    }
}
