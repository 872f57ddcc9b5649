//! `timestamp: {formats: ["%d.%m.%Y %H:%M"], time_zone: Europe/Berlin}`: how a text is read as a time. Without formats,
//! ISO 8601 is. A time without a zone is of `time_zone`, which is UTC where none is named; what is kept is UTC.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::error::ArrowError;
use chrono::format::{Parsed, StrftimeItems, parse};
use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::{Convert, Rule, RuleKind, RuleOf, texts};
use crate::diagnostics::{Diagnostic, closest};
use crate::project::Json;

/// What ISO 8601 and RFC 3339 allow and people write, most exact first.
const ISO: [&str; 7] = [
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
];

pub(super) struct Timestamp;

impl RuleKind for Timestamp {
    fn name(&self) -> &'static str {
        "timestamp"
    }

    fn read(&self, of: &RuleOf<'_>) -> Result<Rule, Diagnostic> {
        let data_type = of.column_type()?;
        if !matches!(data_type, DataType::Timestamp(..) | DataType::Date32) {
            return Err(of
                .problem(format!("`timestamp` is about columns of times, not of {}", crate::plan::sql_type(data_type)))
                .help("declare `data_type: timestamp` for the column"));
        }
        let empty = serde_json::Map::new();
        let map = match &of.arguments.value {
            Json::Null | Json::Bool(true) => &empty,
            _ => of.mapping(&["formats", "time_zone"], "{formats: [\"%d.%m.%Y\"]}")?,
        };
        let formats = match map.get("formats") {
            Some(formats) => of.texts(formats, "{formats: [\"%d.%m.%Y\"]}")?,
            None => Vec::new(),
        };
        if let Some(bad) = formats.iter().find(|it| StrftimeItems::new(it).any(is_wrong)) {
            return Err(of
                .problem(format!("`{bad}` is no format of times"))
                .help("letters are those of strftime: `%Y-%m-%d %H:%M:%S`"));
        }
        let zone = match map.get("time_zone") {
            None => Tz::UTC,
            Some(name) => zone(of, name)?,
        };
        let words = match formats.as_slice() {
            [] => "is no time".to_owned(),
            formats => format!("is no time like {}", formats.join(" or ")),
        };
        let formats = if formats.is_empty() { ISO.map(str::to_owned).to_vec() } else { formats };
        Ok(Rule::Converts(Arc::new(Times { formats, zone, data_type: data_type.clone(), words })))
    }
}

fn is_wrong(item: chrono::format::Item<'_>) -> bool {
    matches!(item, chrono::format::Item::Error)
}

fn zone(of: &RuleOf<'_>, name: &Json) -> Result<Tz, Diagnostic> {
    let name = name.as_str().unwrap_or_default();
    name.parse().map_err(|_| {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|it| it.name());
        of.problem(format!("there is no time zone `{name}`"))
            .help_if(closest(name, names), |it| format!("did you mean `{it}`?"))
    })
}

struct Times {
    formats: Vec<String>,
    zone: Tz,
    data_type: DataType,
    words: String,
}

impl Times {
    fn read(&self, text: &str) -> Option<i64> {
        self.formats.iter().find_map(|format| self.read_as(text, format)).map(|it| it.timestamp_micros())
    }

    fn read_as(&self, text: &str, format: &str) -> Option<DateTime<Utc>> {
        let mut parsed = Parsed::new();
        parse(&mut parsed, text, StrftimeItems::new(format)).ok()?;
        if let Some(seconds) = parsed.timestamp() {
            return DateTime::from_timestamp(seconds, parsed.nanosecond().unwrap_or(0));
        }
        let time = match (parsed.hour_div_12(), parsed.hour_mod_12()) {
            (None, None) => NaiveTime::MIN,
            _ => parsed.to_naive_time().ok()?,
        };
        let local = NaiveDateTime::new(parsed.to_naive_date().ok()?, time);
        match parsed.offset() {
            Some(_) => Some(parsed.to_fixed_offset().ok()?.from_local_datetime(&local).single()?.to_utc()),
            // Of an hour that a change of clocks makes twice, the first; one that it leaves out is none.
            None => Some(self.zone.from_local_datetime(&local).earliest()?.to_utc()),
        }
    }
}

impl Convert for Times {
    fn convert(&self, values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let options = CastOptions { safe: true, ..CastOptions::default() };
        if !values.data_type().is_string() {
            return cast_with_options(values, &self.data_type, &options);
        }
        let texts = texts(values)?;
        let times = texts.as_string::<i32>().iter().map(|it| it.and_then(|it| self.read(it)));
        let times: ArrayRef = Arc::new(times.collect::<TimestampMicrosecondArray>());
        match &self.data_type {
            DataType::Timestamp(TimeUnit::Microsecond, None) => Ok(times),
            other => cast_with_options(&times, other, &options),
        }
    }

    fn words(&self) -> &str {
        &self.words
    }
}
