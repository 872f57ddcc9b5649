//! What each kind makes of answers, without an engine: the answers are written down.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::*;
use crate::diagnostics::{SourceText, render_terminal};
use crate::freshness::{Criteria, Limit, Period};
use crate::jinja::{Cell, moment};
use crate::project::{Json, Properties, RenderText};

/// There are no templates here.
struct AsWritten;

impl RenderText for AsWritten {
    fn render(&self, text: &str) -> Result<Json, Diagnostic> {
        Ok(Json::from(text))
    }
}

fn monitor(text: &str) -> (Option<Monitor>, Diagnostics) {
    let mut found = Diagnostics::new();
    let source = SourceText::new("m.yml", format!("monitors:\n- {{name: a, {text}}}\n"));
    let properties = Properties::read(&source, &AsWritten, &mut found);
    let read = properties.monitors.iter().filter_map(|it| read(it, &mut found)).next();
    (read, found)
}

/// The diagnostics of a monitor's text.
fn problems(text: &str) -> String {
    render_terminal(&monitor(text).1, false)
}

fn now() -> DateTime<Utc> {
    moment("2026-03-31 09:30").unwrap()
}

fn around<'a>(types: &'a [ValueType], history: &'a [Past]) -> Around<'a> {
    Around { now: now(), relation: "r", shown: "orders", is_source: false, types, promised: None, history }
}

/// Verdict, value and words of each check.
fn judged(text: &str, around: &Around<'_>, answers: &[Answer]) -> String {
    let (monitor, found) = monitor(text);
    let monitor = monitor.unwrap_or_else(|| panic!("{found:?}"));
    let mut out = String::new();
    for check in monitor.watch.judge(around, answers) {
        let Check { subject, status, measured, expected, .. } = check;
        writeln!(out, "{} {subject}: {measured}; {expected}", status.as_str()).unwrap();
    }
    out.trim_end().to_owned()
}

fn rows(rows: &[&[Cell]]) -> Answer {
    Answer::Rows(rows.iter().map(|it| it.to_vec()).collect())
}

fn counts(counts: &[i64]) -> Answer {
    rows(&[&counts.iter().map(|it| Cell::Integer(*it)).collect::<Vec<_>>()])
}

fn text(value: &str) -> Cell {
    Cell::Text(value.to_owned())
}

fn past(at: &str, subject: &str, value: f64, detail: Option<Json>) -> Past {
    Past { measured_at: moment(at).unwrap(), subject: subject.to_owned(), value: Some(value), detail }
}

#[test]
fn kinds_are_sorted_by_the_names_that_users_type() {
    assert!(kinds::ALL.is_sorted_by_key(|it| it.name()));
}

#[test]
fn a_monitor_is_of_one_kind() {
    assert!(problems("tags: x").contains("does not say what it watches"));
    assert!(problems("volum: {}").contains("did you mean `volume`?"));
    assert!(problems("tests: {select: b}, volume: {}").contains("is of two kinds"));
    assert!(problems("tests: b").contains("must be a mapping"));
    assert_eq!(problems("tests: {select: b}"), "");
}

#[test]
fn values_are_read_with_their_kinds() {
    let wrong = [
        "null_rate: {relation: r, columns: [c], max: 1.5}",
        "null_rate: {relation: r, columns: [[c]]}",
        "null_rate: {relation: r}",
        "volume: {relation: r, ratio: [2, 1]}",
        "volume: {relation: r, weeks: 0}",
        "volume: {relation: r, per: week}",
        "volume: {relation: r, z_score: many}",
        "distribution: {relation: r, columns: [c], time: t, window: {count: 4000000, period: day}}",
        "distribution: {relation: r, columns: [c], time: t, reference: {from: 2026-02-01, to: 2026-01-01}}",
        "distribution: {relation: r, columns: [c], method: chi}",
        "error_rate: {relation: r, run: id}",
        "freshness: {relation: r, error_after: {count: 1, period: week}}",
        "bounds: {expression: a}",
        "tests: {}",
        "severity: loud, tests: {select: a}",
    ];
    for text in wrong {
        assert!(monitor(text).1.has_errors(), "{text}");
    }
}

#[test]
fn volume_against_the_median_of_weeks() {
    let volume = "volume: {relation: r, time: t}";
    let first = rows(&[&[Cell::Timestamp(moment("2026-01-01 05:00").unwrap().naive_utc())]]);
    let judge = |now: &[i64]| judged(volume, &around(&[], &[]), &[counts(now), first.clone()]);
    let usual = "50 to 200; the median of 4 weeks is 100";
    assert_eq!(judge(&[150, 100, 100, 3, 120]), format!("pass orders: 150 rows on Mon 2026-03-30; {usual}"));
    assert_eq!(judge(&[49, 100, 100, 3, 120]), format!("fail orders: 49 rows on Mon 2026-03-30; {usual}"));
    assert_eq!(judge(&[201, 100, 100, 3, 120]), format!("fail orders: 201 rows on Mon 2026-03-30; {usual}"));
    // Nothing came then, and nothing came now.
    assert!(judge(&[0, 0, 0, 0, 0]).starts_with("pass"));
    assert!(judge(&[1, 0, 0, 0, 0]).starts_with("fail"));
}

#[test]
fn volume_takes_weeks_that_rows_do_not_reach_from_what_was_measured() {
    let volume = "volume: {relation: r, time: t, min_weeks: 3}";
    // The first row is of the Monday two weeks ago.
    let first = rows(&[&[Cell::Timestamp(moment("2026-03-16 05:00").unwrap().naive_utc())]]);
    let answers = [counts(&[30, 10, 10, 0, 0]), first];
    let too_few = "unknown orders: 30 rows on Mon 2026-03-30; 2 weeks of history, 3 needed";
    assert_eq!(judged(volume, &around(&[], &[]), &answers), too_few);
    let history = [past("2026-03-10 12:00", "orders", 11.0, None), past("2026-03-11 12:00", "orders", 99.0, None)];
    let expected = "fail orders: 30 rows on Mon 2026-03-30; 5 to 20; the median of 3 weeks is 10";
    assert_eq!(judged(volume, &around(&[], &history), &answers), expected);
}

#[test]
fn nulls_of_few_rows_are_no_alarm() {
    let nulls = "null_rate: {relation: r, columns: [c], time: t}";
    let judge = |answer: &[i64]| judged(nulls, &around(&[], &[]), &[counts(answer)]);
    // Rows now, nulls now, rows before, nulls before.
    assert!(judge(&[1000, 160, 9000, 900]).starts_with("fail c of orders: 16 %: 160 of 1000 rows; at most 15 %"));
    assert!(judge(&[20, 4, 9000, 900]).starts_with("pass"), "{}", judge(&[20, 4, 9000, 900]));
    assert!(judge(&[1000, 10, 9000, 900]).starts_with("pass"));
    assert!(judge(&[0, 0, 9000, 900]).starts_with("unknown"));
    assert!(judge(&[1000, 10, 0, 0]).starts_with("unknown"));
    let bounded = "null_rate: {relation: r, columns: [c], max: 0}";
    assert!(judged(bounded, &around(&[], &[]), &[counts(&[10, 1])]).starts_with("fail"));
    assert!(judged(bounded, &around(&[], &[]), &[counts(&[10, 0])]).starts_with("pass"));
}

#[test]
fn nulls_against_earlier_measures() {
    let nulls = "null_rate: {relation: r, columns: [c], history: {count: 7, period: day}}";
    let of = |at: &str, value: f64| past(at, "c of orders", value, None);
    let history = [of("2026-03-01", 0.9), of("2026-03-28", 0.1), of("2026-03-29", 0.12), of("2026-03-30", 0.5)];
    let expected = "fail c of orders: 20 %: 2 of 10 rows; at most 17 %: 5 points above the usual 12 %";
    assert_eq!(judged(nulls, &around(&[], &history), &[counts(&[10, 2])]), expected);
}

#[test]
fn distributions_of_categories() {
    let shapes = "distribution: {relation: r, columns: [c], time: t}";
    let judge = |now: [i64; 2], before: [i64; 2]| {
        let (all_now, all_before) = (now[0] + now[1], before[0] + before[1]);
        let row = |name: Cell, at: usize| {
            let counts = [now[at], before[at], all_now, all_before].map(Cell::Integer);
            std::iter::once(name).chain(counts).collect::<Vec<_>>()
        };
        let answer = rows(&[&row(text("x"), 0), &row(Cell::Null, 1)]);
        judged(shapes, &around(&[ValueType::Time, ValueType::Other], &[]), &[answer])
    };
    assert!(judge([500, 500], [5000, 5000]).starts_with("pass c of orders: 0: 1000 rows against 10000"));
    assert!(judge([800, 200], [5000, 5000]).starts_with("fail"));
    assert!(judge([9, 1], [5000, 5000]).starts_with("pass"), "ten rows prove nothing");
    assert!(judge([0, 0], [5000, 5000]).starts_with("unknown"));
    assert!(judge([5, 5], [0, 0]).starts_with("unknown"));
}

#[test]
fn categories_beyond_the_limit_count_as_one() {
    let shapes = "distribution: {relation: r, columns: [c], categories: 1, where: x}";
    let answer = rows(&[&[text("x"), Cell::Integer(60), Cell::Integer(0), Cell::Integer(100), Cell::Integer(0)]]);
    let earlier = |counts: Json| [past("2026-03-30", "c of orders", 0.0, Some(json!({"categories": counts})))];
    let same = earlier(json!({"x": 600, "(others)": 400}));
    let types = [ValueType::Boolean, ValueType::Other];
    let judge = |history: &[Past]| judged(shapes, &around(&types, history), std::slice::from_ref(&answer));
    assert!(judge(&same).starts_with("pass"), "{}", judge(&same));
    assert!(judge(&earlier(json!({"y": 1000}))).starts_with("fail"));
    assert!(judge(&[]).starts_with("unknown"));
}

#[test]
fn distributions_of_numbers() {
    let shapes = "distribution: {relation: r, columns: [c], time: t}";
    let types = [ValueType::Time, ValueType::Number];
    let judge = |distance: Cell, now: i64, before: i64| {
        let answer = rows(&[&[distance, Cell::Integer(now), Cell::Integer(before)]]);
        judged(shapes, &around(&types, &[]), &[answer])
    };
    assert!(judge(Cell::Number(0.11), 5000, 50_000).starts_with("fail"));
    assert!(judge(Cell::Number(0.11), 50, 50_000).starts_with("pass"));
    assert!(judge(Cell::Null, 0, 50_000).starts_with("unknown"));
    let kept = "distribution: {relation: r, columns: [c]}";
    let answer = rows(&[
        &[Cell::Number(1.0), Cell::Integer(500), Cell::Integer(1000)],
        &[Cell::Number(2.0), Cell::Integer(1000), Cell::Integer(1000)],
    ]);
    let history =
        [past("2026-03-30", "c of orders", 0.0, Some(json!({"points": [[1.0, 0.1], [2.0, 1.0]], "rows": 1000.0})))];
    let found = judged(kept, &around(&[ValueType::Number], &history), &[answer]);
    assert_eq!(found, "fail c of orders: 0.4: 1000 rows against 1000; ks at most 0.1");
}

#[test]
fn a_rate_of_errors_above_its_limit_fails() {
    let rate = "error_rate: {}";
    let judge = |read: Cell, invalid: Cell| judged(rate, &around(&[], &[]), &[rows(&[&[read, invalid]])]);
    let expected = "fail orders: 5.8 %: 58 of 1000 rows; at most 5 %";
    assert_eq!(judge(Cell::Integer(1000), Cell::Integer(58)), expected);
    assert!(judge(Cell::Integer(1000), Cell::Integer(50)).starts_with("pass"));
    assert!(judge(text("1000.0"), text("50.1")).starts_with("fail"), "sums of decimals are texts");
    assert!(judge(Cell::Null, Cell::Null).starts_with("unknown"));
    assert!(judge(Cell::Integer(0), Cell::Integer(0)).starts_with("unknown"));
    let by = "error_rate: {by: file}";
    let parts = rows(&[
        &[Cell::Integer(10), Cell::Integer(9), text("a.csv")],
        &[Cell::Integer(10), Cell::Integer(0), Cell::Null],
    ]);
    let expected = "fail a.csv of orders: 90 %: 9 of 10 rows; at most 5 %\n\
                    pass null of orders: 0 %: 0 of 10 rows; at most 5 %";
    assert_eq!(judged(by, &around(&[], &[]), &[parts]), expected);
}

#[test]
fn freshness_by_the_monitor_or_the_source() {
    let own =
        "freshness: {relation: r, time: t, warn_after: {count: 1, period: hour}, error_after: {count: 1, period: day}}";
    let at = |text: &str| rows(&[&[Cell::Timestamp(moment(text).unwrap().naive_utc())]]);
    let judge = |text: &str| judged(own, &around(&[], &[]), &[at(text)]);
    let limits = "warn after 1 hour, fail after 1 day";
    assert_eq!(judge("2026-03-31 09:00"), format!("pass orders: 30 minutes old; {limits}"));
    assert_eq!(judge("2026-03-31 08:00"), format!("warn orders: 90 minutes old; {limits}"));
    assert_eq!(judge("2026-03-01 08:00"), format!("fail orders: 30 days old; {limits}"));
    assert!(judge("2026-04-01 08:00").starts_with("pass orders: 0 seconds old"), "a clock that is behind");
    assert_eq!(judged(own, &around(&[], &[]), &[rows(&[&[Cell::Null]])]), format!("fail orders: no rows; {limits}"));
    let promised = Criteria { warn_after: Some(Limit { count: 1, period: Period::Day }), ..Criteria::default() };
    let around = Around { promised: Some(&promised), is_source: true, ..around(&[], &[]) };
    let old = Answer::LoadedAt(Some(moment("2026-03-29").unwrap()));
    assert_eq!(judged("freshness: {relation: r}", &around, &[old]), "warn orders: 2 days old; warn after 1 day");
    assert!(judged("freshness: {relation: r}", &around, &[Answer::LoadedAt(None)]).starts_with("warn orders: no rows"));
}

#[test]
fn bounds_of_truths_and_numbers() {
    let judge = |text: &str, cell: Cell| judged(text, &around(&[], &[]), &[rows(&[&[cell]])]);
    let truth = "bounds: {relation: r, expression: sum(a) > 0}";
    assert_eq!(judge(truth, Cell::Boolean(true)), "pass sum(a) > 0 of orders: true; true");
    assert_eq!(judge(truth, Cell::Boolean(false)), "fail sum(a) > 0 of orders: false; true");
    assert!(judge(truth, Cell::Null).starts_with("fail"));
    let number = "bounds: {relation: r, expression: sum(a), min: 1, max: 2.5}";
    assert_eq!(judge(number, text("2.50")), "pass sum(a) of orders: 2.5; 1 to 2.5");
    assert!(judge(number, Cell::Number(0.99)).starts_with("fail"));
    assert!(judge(number, Cell::Number(f64::NAN)).starts_with("fail"), "what is no number is not within bounds");
    assert!(judge("bounds: {relation: r, expression: a, min: -1}", Cell::Integer(-1)).ends_with("; at least -1"));
}

#[test]
fn tests_have_their_own_verdicts() {
    let end = |status, failures, problem: Option<&str>| TestEnd {
        name: "unique_id".to_owned(),
        status,
        failures,
        problem: problem.map(str::to_owned),
    };
    let ends = vec![end("pass", Some(0), None), end("fail", Some(1), None), end("error", None, Some("no such column"))];
    let expected = "pass unique_id: 0 failures; the test's own verdict\n\
                    fail unique_id: 1 failure; the test's own verdict\n\
                    error unique_id: no such column; the test's own verdict";
    assert_eq!(judged("tests: {select: x}", &around(&[], &[]), &[Answer::Tests(ends)]), expected);
    assert!(judged("tests: {select: x}", &around(&[], &[]), &[Answer::Tests(Vec::new())]).starts_with("unknown"));
}

#[test]
fn a_failure_weighs_what_its_monitor_weighs() {
    assert_eq!(Status::Fail.under(Severity::Warn), Status::Warn);
    assert_eq!(Status::Error.under(Severity::Warn), Status::Error);
    assert_eq!(Status::Fail.under(Severity::Critical), Status::Fail);
}
