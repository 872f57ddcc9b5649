//! `distribution`: how far the values of columns have moved from those of the time before.

use std::sync::Arc;

use serde_json::json;

use super::{Kind, Watch};
use crate::diagnostics::{Diagnostic, Span};
use crate::jinja::Cell;
use crate::monitors::answers::{Answer, Around, Asked, MustBe, Piece, Question, ValueType, count, number};
use crate::monitors::checks::{Check, Status};
use crate::monitors::fields::Fields;
use crate::monitors::history::{self, Past};
use crate::monitors::shown;
use crate::monitors::statistics::{
    Counts, Points, chance_of_distance, chance_of_divergence, chance_of_index, distance, jensen_shannon,
    population_stability_index,
};
use crate::monitors::windows::{Windows, within};
use crate::project::{Json, Located};

/// Categories that are told apart where nothing is said; the rest count as one.
const CATEGORIES: u32 = 50;

/// What all rarer categories together are called.
const REST: &str = "(others)";

/// What null is called.
const NULL: &str = "(null)";

#[derive(Debug)]
pub(super) struct Distribution;

/// The statistic that says how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    /// Of categories.
    JensenShannon,
    /// Of numbers: the Kolmogorov–Smirnov statistic.
    Ks,
    /// Of categories: the population stability index.
    Psi,
}

impl Method {
    const ALL: [Method; 3] = [Method::JensenShannon, Method::Ks, Method::Psi];

    fn word(self) -> &'static str {
        match self {
            Method::JensenShannon => "jensen_shannon",
            Method::Ks => "ks",
            Method::Psi => "psi",
        }
    }

    /// How far is let pass where nothing is said. Of the index, more than 0.2 is called a significant shift in credit
    /// scoring, where it comes from; the others are of that size.
    fn most(self) -> f64 {
        match self {
            Method::JensenShannon => 0.05,
            Method::Ks => 0.1,
            Method::Psi => 0.2,
        }
    }
}

#[derive(Debug)]
struct Watching {
    relation: Located<String>,
    windows: Windows,
    columns: Vec<Located<String>>,
    method: Option<Located<Method>>,
    max: Option<f64>,
    categories: u32,
    place: Span,
}

impl Kind for Distribution {
    fn name(&self) -> &'static str {
        "distribution"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["categories", "columns", "history", "max", "method", "reference", "relation", "time", "where", "window"]
    }

    fn read(&self, fields: &mut Fields<'_>) -> Option<Arc<dyn Watch>> {
        let relation = fields.required("relation", "write `relation: ref('model')` or `source('source', 'table')`");
        let columns = fields.texts("columns");
        if columns.is_empty() {
            fields.missing(&["columns"], "say which: `columns: [country]`");
        }
        let method = fields.text("method").and_then(|text| {
            let known = Method::ALL.into_iter().find(|it| it.word() == text.value);
            if known.is_none() {
                let words = Method::ALL.map(Method::word).join("`, `");
                fields.wrong(
                    &text.span,
                    "method",
                    &format!("must be one of `{words}`"),
                    "leave it away to let the type decide",
                );
            }
            Some(Located::new(known?, text.span))
        });
        let (max, categories) = (fields.number("max"), fields.count("categories", 1000).unwrap_or(CATEGORIES));
        let (windows, place) = (Windows::read(fields), fields.place());
        let relation = relation?;
        (!columns.is_empty()).then(|| -> Arc<dyn Watch> {
            Arc::new(Watching { relation, windows, columns, method, max, categories, place })
        })
    }
}

/// The values of one column at two times.
enum Compared {
    Categories { now: Counts, before: Counts },
    Numbers { distance: f64, now: f64, before: f64 },
}

impl Compared {
    /// How many rows there are now, and before.
    fn rows(&self) -> (f64, f64) {
        match self {
            Compared::Categories { now, before } => (now.values().sum(), before.values().sum()),
            Compared::Numbers { now, before, .. } => (*now, *before),
        }
    }

    /// How far the one is from the other, and how far it may be by chance.
    fn measure(&self, method: Method) -> (f64, f64) {
        match self {
            Compared::Categories { now, before } if method == Method::JensenShannon => {
                (jensen_shannon(now, before), chance_of_divergence(now, before))
            }
            Compared::Categories { now, before } => {
                (population_stability_index(now, before), chance_of_index(now, before))
            }
            Compared::Numbers { distance, now, before } => (*distance, chance_of_distance(*now, *before)),
        }
    }
}

impl Watching {
    /// The statistic of each column: numbers have their own.
    fn methods(&self, around: &Around<'_>) -> Vec<Method> {
        let types = &around.types[self.windows.pieces().len().min(around.types.len())..];
        let of = |at: usize| match (&self.method, types.get(at)) {
            (Some(method), _) => method.value,
            (None, Some(ValueType::Number)) => Method::Ks,
            (None, _) => Method::Psi,
        };
        (0..self.columns.len()).map(of).collect()
    }

    /// The query of one column. Its rows have as their last columns how many there are in all.
    fn query(&self, around: &Around<'_>, column: &str, method: Method) -> String {
        let relation = around.relation;
        let spans = match &self.windows.time {
            None => None,
            Some(time) => {
                let (judged, before) = (self.windows.judged(around.now), self.windows.before(around.now));
                Some((within(&time.value, judged), within(&time.value, before)))
            }
        };
        let mut conditions: Vec<String> = spans.iter().map(|(now, before)| format!("({now} or {before})")).collect();
        let counts = match &spans {
            None => "count(*) as rows_now, 0 as rows_before".to_owned(),
            Some((now, before)) => {
                format!(
                    "count(case when {now} then 1 end) as rows_now, count(case when {before} then 1 end) as rows_before"
                )
            }
        };
        let value = match method {
            Method::Ks => {
                conditions.push(format!("({column}) is not null"));
                format!("cast(({column}) as double precision)")
            }
            Method::JensenShannon | Method::Psi => format!("cast(({column}) as varchar)"),
        };
        let condition = self.windows.condition(&conditions);
        let counted = format!("select {value} as item, {counts}\n  from {relation}{condition}\n  group by 1");
        match (method, spans) {
            (Method::JensenShannon | Method::Psi, _) => format!(
                "select item, rows_now, rows_before, sum(rows_now) over () as all_now, sum(rows_before) over () as all_before\n\
                 from (\n  {counted}\n) as counted\norder by rows_now + rows_before desc, item\nlimit {}",
                self.categories
            ),
            // The greatest difference between the two distribution functions, over all values that there are.
            (Method::Ks, Some(_)) => format!(
                "select max(abs(cast(seen_now as double precision) / nullif(all_now, 0) - cast(seen_before as double precision) / nullif(all_before, 0))) as distance,\n  \
                 max(all_now) as all_now, max(all_before) as all_before\nfrom (\n  select\n    \
                 sum(rows_now) over (order by item rows between unbounded preceding and current row) as seen_now,\n    \
                 sum(rows_before) over (order by item rows between unbounded preceding and current row) as seen_before,\n    \
                 sum(rows_now) over () as all_now, sum(rows_before) over () as all_before\n  from (\n  {counted}\n  ) as counted\n) as seen"
            ),
            // Each value at which the distribution function passes another hundredth: at most a hundred.
            (Method::Ks, None) => format!(
                "select item, seen, all_rows\nfrom (\n  select item, rows_now,\n    \
                 sum(rows_now) over (order by item rows between unbounded preceding and current row) as seen,\n    \
                 sum(rows_now) over () as all_rows\n  from (\n  {counted}\n  ) as counted\n) as seen\n\
                 where floor(cast(seen as double precision) * 100 / all_rows) > floor(cast(seen - rows_now as double precision) * 100 / all_rows)\norder by item"
            ),
        }
    }

    fn check(&self, around: &Around<'_>, column: &str, method: Method, answer: &Answer) -> Check {
        let subject = format!("{column} of {}", around.shown);
        let most = self.max.unwrap_or_else(|| method.most());
        let since = self.windows.since(around.now);
        let history: Vec<&Past> = history::of(around.history, &subject, since).collect();
        let (compared, detail) = match (method, self.windows.time.is_some()) {
            (Method::Ks, true) => (distances(answer), None),
            (Method::Ks, false) => points_of(answer, &history),
            (Method::JensenShannon | Method::Psi, true) => {
                let (now, before) = (categories(answer, 1), categories(answer, 2));
                (Compared::Categories { now, before }, None)
            }
            (Method::JensenShannon | Method::Psi, false) => {
                let now = categories(answer, 1);
                let detail = json!({ "categories": now });
                (Compared::Categories { now, before: earlier_categories(&history) }, Some(detail))
            }
        };
        let (now, before) = compared.rows();
        let expected = format!("{} at most {}", method.word(), shown::number(most));
        let check = if now <= 0.0 {
            Check::new(&subject, Status::Unknown, "no rows", expected)
        } else if before <= 0.0 {
            Check::new(&subject, Status::Unknown, shown::counted(now, "row"), "no history yet")
        } else {
            let (value, by_chance) = compared.measure(method);
            let high = most.max(by_chance);
            let status = if value > high { Status::Fail } else { Status::Pass };
            let note = if by_chance > most {
                format!("; chance of few rows gives up to {}", shown::number(by_chance))
            } else {
                String::new()
            };
            let measured =
                format!("{}: {} against {}", shown::number(value), shown::counted(now, "row"), shown::number(before));
            Check::new(&subject, status, measured, format!("{expected}{note}")).value(value).between(None, Some(high))
        };
        Check { detail, ..check }
    }
}

fn distances(answer: &Answer) -> Compared {
    let row = answer.row();
    Compared::Numbers { distance: count(row.first()), now: count(row.get(1)), before: count(row.get(2)) }
}

/// Counts by category from rows of an item, its counts, and the totals of these, each two columns behind its count.
fn categories(answer: &Answer, at: usize) -> Counts {
    let mut counts = Counts::new();
    for row in answer.rows() {
        let name = match row.first() {
            Some(Cell::Text(name)) => name.clone(),
            _ => NULL.to_owned(),
        };
        *counts.entry(name).or_default() += count(row.get(at));
    }
    let rest = count(answer.row().get(at + 2)) - counts.values().sum::<f64>();
    if rest > 0.0 {
        counts.insert(REST.to_owned(), rest);
    }
    counts
}

/// All categories of earlier measures together.
fn earlier_categories(history: &[&Past]) -> Counts {
    let mut counts = Counts::new();
    let kept = history.iter().filter_map(|it| it.detail.as_ref()?.get("categories")?.as_object());
    for (name, value) in kept.flatten() {
        *counts.entry(name.clone()).or_default() += value.as_f64().unwrap_or_default();
    }
    counts
}

/// Points of the distribution function now, against the mean of the earlier ones.
fn points_of(answer: &Answer, history: &[&Past]) -> (Compared, Option<Json>) {
    let all = count(answer.row().get(2));
    let point = |row: &Vec<Cell>| Some((number(row.first())?, count(row.get(1)) / all));
    let now: Points = answer.rows().iter().filter_map(point).collect();
    let kept: Vec<(Points, f64)> = history.iter().filter_map(|it| kept_points(it.detail.as_ref()?)).collect();
    let before: f64 = kept.iter().map(|(_, rows)| rows).sum();
    let distance = if before > 0.0 { distance(&now, &mean(&kept, before)) } else { 0.0 };
    let detail = json!({"points": now, "rows": all});
    (Compared::Numbers { distance, now: all, before }, Some(detail))
}

fn kept_points(detail: &Json) -> Option<(Points, f64)> {
    let points = detail.get("points")?.as_array()?;
    let point = |it: &Json| Some((it.get(0)?.as_f64()?, it.get(1)?.as_f64()?));
    Some((points.iter().filter_map(point).collect(), detail.get("rows")?.as_f64()?))
}

/// One distribution function of several, each weighed by its rows.
fn mean(kept: &[(Points, f64)], all: f64) -> Points {
    let mut steps: Points = Vec::new();
    for (points, rows) in kept {
        let mut below = 0.0;
        for (value, share) in points {
            steps.push((*value, (share - below) * rows / all));
            below = *share;
        }
    }
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut sum = 0.0;
    let running = |(value, step): (f64, f64)| {
        sum += step;
        (value, sum)
    };
    steps.into_iter().map(running).collect()
}

impl Watch for Watching {
    fn relation(&self) -> Option<&Located<String>> {
        Some(&self.relation)
    }

    fn pieces(&self) -> Vec<Piece> {
        let must_be = match &self.method {
            Some(method) if method.value == Method::Ks => MustBe::Number,
            _ => MustBe::Anything,
        };
        let column = |it: &Located<String>| Piece { sql: it.clone(), key: "columns", must_be };
        self.windows.pieces().into_iter().chain(self.columns.iter().map(column)).collect()
    }

    fn questions(&self, around: &Around<'_>) -> Result<Vec<Question>, Diagnostic> {
        let question = |(column, method): (&Located<String>, Method)| {
            let sql = self.query(around, &column.value, method);
            let is_row = method == Method::Ks && self.windows.time.is_some();
            Question { asked: if is_row { Asked::Row(sql) } else { Asked::Rows(sql) }, place: self.place.clone() }
        };
        Ok(self.columns.iter().zip(self.methods(around)).map(question).collect())
    }

    fn judge(&self, around: &Around<'_>, answers: &[Answer]) -> Vec<Check> {
        let asked = self.columns.iter().zip(self.methods(around)).zip(answers);
        asked.map(|((column, method), answer)| self.check(around, column.value.trim(), method, answer)).collect()
    }
}
