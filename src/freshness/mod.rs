//! How old the rows of a source may be, and the verdict on how old they are.
//! <https://docs.getdbt.com/reference/resource-properties/freshness>; knows configuration and numbers, nothing else.

use serde_json::json;

use crate::project::{Config, Json};

/// What a source promises.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Criteria {
    /// Older rows are worth a warning.
    pub warn_after: Option<Limit>,
    /// Older rows are an error.
    pub error_after: Option<Limit>,
    /// The rows that count, as SQL.
    pub filter: Option<String>,
    /// As dbt writes it: what was taken back is null, what was never said has nulls in it.
    pub written: Json,
}

/// An age: `{count: 12, period: hour}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub count: i64,
    /// Of what.
    pub period: Period,
}

/// Units of age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Sixty seconds.
    Minute,
    /// Sixty minutes.
    Hour,
    /// 24 hours.
    Day,
}

impl Period {
    const ALL: [Period; 3] = [Period::Minute, Period::Hour, Period::Day];

    /// dbt's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Period::Minute => "minute",
            Period::Hour => "hour",
            Period::Day => "day",
        }
    }

    /// How long it is.
    pub fn seconds(self) -> i64 {
        match self {
            Period::Minute => 60,
            Period::Hour => 3600,
            Period::Day => 86_400,
        }
    }
}

/// How to learn when a source was last loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadedAt {
    /// A query gives it: a template.
    Query(String),
    /// The greatest value of an SQL expression over the rows.
    Field(String),
    /// The files were written then.
    Files,
}

/// What is said of a source's age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As fresh as promised.
    Fresh,
    /// Older than `warn_after`.
    Warn,
    /// Older than `error_after`.
    Stale,
}

impl Verdict {
    /// dbt's word in `sources.json`.
    pub fn status(self) -> &'static str {
        match self {
            Verdict::Fresh => "pass",
            Verdict::Warn => "warn",
            Verdict::Stale => "error",
        }
    }
}

impl Criteria {
    /// What a source's configuration says; `None` where it promises nothing.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with `freshness`.
    pub fn read(config: &Config) -> Result<Option<Criteria>, String> {
        let Some(freshness) = config.get("freshness") else { return Ok(None) };
        let Some(set) = freshness.as_object() else { return Err(format!("must be a mapping, but is `{freshness}`")) };
        let criteria = Criteria {
            warn_after: Limit::read("warn_after", set.get("warn_after"))?,
            error_after: Limit::read("error_after", set.get("error_after"))?,
            filter: match set.get("filter") {
                None | Some(Json::Null) => None,
                Some(Json::String(text)) => Some(text.clone()),
                Some(other) => return Err(format!("has a `filter` that is no SQL: `{other}`")),
            },
            written: written(set),
        };
        Ok(Some(criteria).filter(|it| it.warn_after.is_some() || it.error_after.is_some()))
    }

    /// The verdict on rows of this age, in seconds.
    pub fn verdict(&self, age: f64) -> Verdict {
        let exceeds = |limit: Option<Limit>| {
            #[expect(clippy::cast_precision_loss, reason = "nobody counts that many days")]
            limit.is_some_and(|it| age > it.count as f64 * it.period.seconds() as f64)
        };
        if exceeds(self.error_after) {
            return Verdict::Stale;
        }
        if exceeds(self.warn_after) { Verdict::Warn } else { Verdict::Fresh }
    }
}

impl Limit {
    /// `{count: 12, period: hour}`; nothing where one of the two is missing.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with what it belongs to.
    pub fn read(key: &str, value: Option<&Json>) -> Result<Option<Limit>, String> {
        let part = |part: &str| value.and_then(|it| it.get(part)).filter(|it| !it.is_null());
        match value {
            None | Some(Json::Null | Json::Object(_)) => {}
            Some(other) => {
                return Err(format!("has a `{key}` that is no mapping with `count` and `period`: `{other}`"));
            }
        }
        let (Some(count), Some(period)) = (part("count"), part("period")) else { return Ok(None) };
        let whole = count.as_i64().or_else(|| count.as_str().and_then(|it| it.trim().parse().ok()));
        let count = whole.ok_or_else(|| format!("has a `count` in `{key}` that is no whole number: `{count}`"))?;
        let known = Period::ALL.into_iter().find(|it| period.as_str() == Some(it.as_str()));
        let period =
            known.ok_or_else(|| format!("has a `period` in `{key}` that is not minute, hour or day: `{period}`"))?;
        Ok(Some(Limit { count, period }))
    }
}

impl std::fmt::Display for Limit {
    /// `12 hours`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}{}", self.count, self.period.as_str(), if self.count == 1 { "" } else { "s" })
    }
}

impl LoadedAt {
    /// What a source's configuration says. A query wins over a field, as in dbt.
    pub fn read(config: &Config) -> LoadedAt {
        let text = |key: &str| config.text(key).filter(|it| !it.trim().is_empty()).map(str::to_owned);
        match (text("loaded_at_query"), text("loaded_at_field")) {
            (Some(query), _) => LoadedAt::Query(query),
            (None, Some(field)) => LoadedAt::Field(field),
            (None, None) => LoadedAt::Files,
        }
    }
}

fn written(set: &serde_json::Map<String, Json>) -> Json {
    let limit = |key: &str| match set.get(key) {
        Some(Json::Null) => Json::Null,
        it => {
            let part = |part: &str| it.and_then(|it| it.get(part)).cloned().unwrap_or_default();
            json!({"count": part("count"), "period": part("period")})
        }
    };
    json!({
        "warn_after": limit("warn_after"),
        "error_after": limit("error_after"),
        "filter": set.get("filter").cloned().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(freshness: Json) -> Result<Option<Criteria>, String> {
        let mut config = Config::default();
        config.set("freshness", freshness, None);
        Criteria::read(&config)
    }

    #[test]
    fn a_limit_is_exceeded_only_by_more_than_it() {
        let criteria = read(json!({
            "warn_after": {"count": 12, "period": "hour"}, "error_after": {"count": 1, "period": "day"},
        }));
        let criteria = criteria.unwrap().unwrap();
        assert_eq!(criteria.verdict(-5.0), Verdict::Fresh);
        assert_eq!(criteria.verdict(12.0 * 3600.0), Verdict::Fresh);
        assert_eq!(criteria.verdict(12.0 * 3600.0 + 0.1), Verdict::Warn);
        assert_eq!(criteria.verdict(86_400.5), Verdict::Stale);
    }

    #[test]
    fn half_a_limit_is_none() {
        assert_eq!(read(Json::Null), Ok(None));
        assert_eq!(read(json!({"warn_after": {"count": 1}, "filter": "a > 1"})), Ok(None));
        assert_eq!(read(json!({"warn_after": null})), Ok(None));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = [
            json!(3),
            json!({"warn_after": 3}),
            json!({"warn_after": {"count": "x", "period": "day"}}),
            json!({"error_after": {"count": 1, "period": "week"}}),
            json!({"warn_after": {"count": 1, "period": "day"}, "filter": 1}),
        ];
        for freshness in wrong {
            assert!(read(freshness.clone()).is_err(), "{freshness}");
        }
    }
}
