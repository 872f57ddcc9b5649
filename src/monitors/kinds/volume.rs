//! `volume`: how many rows came, against the same weekday of the weeks before.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{Kind, Watch};
use crate::diagnostics::{Diagnostic, Span};
use crate::freshness::{Limit, Period};
use crate::jinja::TimeSpan;
use crate::monitors::answers::{Answer, Around, Asked, Piece, Question, count, time};
use crate::monitors::checks::{Check, Status};
use crate::monitors::fields::Fields;
use crate::monitors::shown;
use crate::monitors::statistics::{deviation_of_counts, median, z_score_of_count};
use crate::monitors::windows::{Windows, floor, within};
use crate::project::Located;

/// Weeks that are compared with where nothing is said.
const WEEKS: u32 = 4;

/// Fewer weeks than this say nothing of what is usual.
const FEWEST: u32 = 2;

/// Half and twice the usual: what is let pass where nothing is said.
const RATIO: (f64, f64) = (0.5, 2.0);

#[derive(Debug)]
pub(super) struct Volume;

#[derive(Debug)]
struct Watching {
    relation: Located<String>,
    windows: Windows,
    weeks: u32,
    min_weeks: u32,
    ratio: Option<(f64, f64)>,
    z_score: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    place: Span,
}

impl Kind for Volume {
    fn name(&self) -> &'static str {
        "volume"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["max", "min", "min_weeks", "per", "ratio", "relation", "time", "weeks", "where", "z_score"]
    }

    fn read(&self, fields: &mut Fields<'_>) -> Option<Arc<dyn Watch>> {
        let relation = fields.required("relation", "write `relation: ref('model')` or `source('source', 'table')`");
        let period = match fields.text("per") {
            None => Period::Day,
            Some(text) => match text.value.as_str() {
                "day" => Period::Day,
                "hour" => Period::Hour,
                _ => {
                    fields.wrong(&text.span, "per", "must be `day` or `hour`", "");
                    Period::Day
                }
            },
        };
        let mut windows = Windows::read(fields);
        windows.window = Limit { count: 1, period };
        let (ratio, z_score) = (fields.range("ratio"), fields.number("z_score"));
        let (min, max) = (fields.number("min"), fields.number("max"));
        let by_default = ratio.is_none() && z_score.is_none() && min.is_none() && max.is_none();
        let weeks = fields.count("weeks", 52).unwrap_or(WEEKS);
        Some(Arc::new(Watching {
            relation: relation?,
            weeks,
            min_weeks: fields.count("min_weeks", 52).unwrap_or(FEWEST).min(weeks),
            ratio: if by_default { Some(RATIO) } else { ratio },
            z_score,
            min,
            max,
            place: fields.place(),
            windows,
        }))
    }
}

impl Watching {
    /// The time that is judged, and the same time of each of the weeks before, the nearest first.
    fn spans(&self, around: &Around<'_>) -> Vec<TimeSpan> {
        let judged = self.windows.judged(around.now);
        let before = |week: u32| {
            let ago = TimeDelta::weeks(i64::from(week));
            (judged.0 - ago, judged.1 - ago)
        };
        (0..=self.weeks).map(before).collect()
    }

    /// The counts of the weeks before, as far as they are known: from the rows themselves where these go back so far, and
    /// else from what was measured then.
    fn earlier(&self, around: &Around<'_>, answers: &[Answer]) -> Vec<f64> {
        let first = answers.get(1).and_then(|it| time(it.row().first()));
        let first = first.map(|it| floor(it, self.windows.window.period));
        let mut earlier = Vec::new();
        for (at, span) in self.spans(around).into_iter().enumerate().skip(1) {
            let counted =
                answers.first().and_then(|it| it.row().get(at)).filter(|_| first.is_some_and(|it| it <= span.0));
            let measured = || {
                let is_then = |at: chrono::DateTime<chrono::Utc>| self.windows.judged(at) == span;
                let mut then = around.history.iter().filter(|it| it.subject == around.shown && is_then(it.measured_at));
                then.next_back().and_then(|it| it.value)
            };
            earlier.extend(counted.map(|it| count(Some(it))).or_else(measured));
        }
        earlier
    }
}

impl Watch for Watching {
    fn relation(&self) -> Option<&Located<String>> {
        Some(&self.relation)
    }

    fn pieces(&self) -> Vec<Piece> {
        self.windows.pieces()
    }

    fn questions(&self, around: &Around<'_>) -> Result<Vec<Question>, Diagnostic> {
        let question = |sql: String| Question { asked: Asked::Row(sql), place: self.place.clone() };
        let relation = around.relation;
        let Some(at) = &self.windows.time else {
            let condition = self.windows.condition(&[]);
            return Ok(vec![question(format!("select count(*) as count_0\nfrom {relation}{condition}"))]);
        };
        let spans = self.spans(around);
        let counts = spans
            .iter()
            .enumerate()
            .map(|(week, span)| format!("count(case when {} then 1 end) as count_{week}", within(&at.value, *span)));
        let counts: Vec<String> = counts.collect();
        let (first, last) = (spans.last().map(|it| it.0), spans.first().map(|it| it.1));
        let whole = first.zip(last).map(|it| within(&at.value, it));
        let condition = self.windows.condition(&whole.into_iter().collect::<Vec<_>>());
        let sql = format!("select\n  {}\nfrom {relation}{condition}", counts.join(",\n  "));
        let first = format!("select min({}) as first_time\nfrom {relation}{}", at.value, self.windows.condition(&[]));
        Ok(vec![question(sql), question(first)])
    }

    fn judge(&self, around: &Around<'_>, answers: &[Answer]) -> Vec<Check> {
        let value = count(answers.first().and_then(|it| it.row().first()));
        let earlier = self.earlier(around, answers);
        let enough = earlier.len() >= self.min_weeks as usize;
        let usual = median(&earlier).filter(|_| enough);
        let by_ratio = usual.zip(self.ratio).map(|(usual, (low, high))| (usual * low, usual * high));
        let by_score = usual.zip(self.z_score).zip(deviation_of_counts(&earlier));
        let by_score = by_score.map(|((usual, most), deviation)| (usual - most * deviation, usual + most * deviation));
        let lows = [self.min, by_ratio.map(|it| it.0), by_score.map(|it| it.0)];
        let highs = [self.max, by_ratio.map(|it| it.1), by_score.map(|it| it.1)];
        let low = lows.into_iter().flatten().reduce(f64::max);
        let high = highs.into_iter().flatten().reduce(f64::min);
        let is_good = low.is_none_or(|it| value >= it) && high.is_none_or(|it| value <= it);
        let status = match (low.is_some() || high.is_some(), is_good) {
            (false, _) => Status::Unknown,
            (true, true) => Status::Pass,
            (true, false) => Status::Fail,
        };
        let bounds = shown::bounds(low.map(|it| it.max(0.0).ceil()), high.map(f64::floor), shown::number);
        let weeks = shown::counted(u32::try_from(earlier.len()).unwrap_or(u32::MAX).into(), "week");
        let history = match usual {
            Some(usual) => format!("the median of {weeks} is {}", shown::number(usual)),
            None => format!("{weeks} of history, {} needed", self.min_weeks),
        };
        let expected = if bounds.is_empty() { history } else { format!("{bounds}; {history}") };
        let score = z_score_of_count(value, &earlier).filter(|_| enough && self.z_score.is_some());
        let score = score.map(|it| format!(", z = {}", shown::number(it))).unwrap_or_default();
        let span = match (&self.windows.time, self.spans(around).first()) {
            (Some(_), Some((start, _))) => match self.windows.window.period {
                Period::Hour => start.format(" at %Y-%m-%d %H:00").to_string(),
                Period::Day | Period::Minute => start.format(" on %a %Y-%m-%d").to_string(),
            },
            _ => String::new(),
        };
        let measured = format!("{}{span}{score}", shown::counted(value, "row"));
        vec![Check::new(around.shown, status, measured, expected).value(value).between(low, high)]
    }
}
