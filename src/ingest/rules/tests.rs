//! Each kind of rule on values that meet it and values that do not, and what it says of arguments that it does not take.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit, TimestampMicrosecondType};
use datafusion::physical_plan::PhysicalExpr;
use serde_json::json;

use super::{Expressions, Rule, Values, read};
use crate::diagnostics::{Diagnostic, SourceText, Span};
use crate::project::{Json, Located, RuleProperties};

/// Nothing is computed here.
struct NoExpressions;

impl Expressions for NoExpressions {
    fn compile(&self, _: &str, place: &Span) -> Result<Arc<dyn PhysicalExpr>, Diagnostic> {
        Err(Diagnostic::error(crate::diagnostics::Code::BadSql, "no SQL here").at(place.clone()))
    }
}

fn rule(name: &str, arguments: Json, data_type: &DataType) -> Result<Rule, String> {
    let span = Span::file(&SourceText::new("a.yml", ""));
    let declared =
        RuleProperties { name: Located::new(name.to_owned(), span.clone()), arguments: Located::new(arguments, span) };
    read(&declared, Some(data_type), &NoExpressions).map_err(|it| it.message)
}

/// Which of the texts break the rule.
fn broken(name: &str, arguments: Json, data_type: &DataType, texts: &[Option<&str>]) -> Vec<bool> {
    let raw: ArrayRef = Arc::new(texts.iter().copied().collect::<StringArray>());
    let options = CastOptions { safe: true, ..CastOptions::default() };
    let typed = cast_with_options(&raw, data_type, &options).unwrap();
    let schema = Schema::new(vec![Field::new("it", data_type.clone(), true)]);
    let rows = RecordBatch::try_new(Arc::new(schema), vec![Arc::clone(&typed)]).unwrap();
    match rule(name, arguments, data_type).unwrap() {
        Rule::Checks(check) => {
            let broken = check.broken(&Values { raw: &raw, typed: &typed, rows: &rows }).unwrap();
            broken.iter().map(|it| it == Some(true)).collect()
        }
        Rule::Converts(convert) => {
            let values = convert.convert(&raw).unwrap();
            (0..values.len()).map(|at| values.is_null(at) && raw.is_valid(at)).collect()
        }
    }
}

fn check(name: &str, arguments: Json, data_type: DataType, good: &[&str], bad: &[&str]) {
    let texts: Vec<Option<&str>> = good.iter().chain(bad).map(|it| Some(*it)).collect();
    let found = broken(name, arguments, &data_type, &texts);
    let expected: Vec<bool> = good.iter().map(|_| false).chain(bad.iter().map(|_| true)).collect();
    assert_eq!(found, expected, "{name}: {texts:?}");
}

#[test]
fn texts() {
    let text = DataType::Utf8;
    check("accepted_values", json!(["a", "b"]), text.clone(), &["a", "b"], &["c", "A", " a"]);
    check("accepted_values", json!({"values": ["a"]}), text.clone(), &["a"], &["b"]);
    check("pattern", json!("^[a-z]+$"), text.clone(), &["abc"], &["ab1", "Abc"]);
    check("pattern", json!("b"), text.clone(), &["abc"], &["ac"]);
    check("length", json!({"min": 2, "max": 3}), text.clone(), &["äö", "abc"], &["ä", "abcd"]);
    check("length", json!({"max": 1}), text.clone(), &["", "x"], &["xx"]);
    check(
        "uuid",
        Json::Null,
        text.clone(),
        &["0190163d-8694-739b-aea5-966c26f8ad91"],
        &[
            "0190163d8694739baea5966c26f8ad91",
            "{0190163d-8694-739b-aea5-966c26f8ad91}",
            "0190163d-8694-739b-aea5-966c26f8ad9g",
            "",
        ],
    );
    check("json", Json::Null, text.clone(), &["{}", "[1, \"a\"]", "3", "null"], &["{", "{'a': 1}", "{\"a\": 1,}", ""]);
    check(
        "json",
        json!({"paths": ["$.a.b[1]"]}),
        text,
        &[r#"{"a": {"b": [1, 2]}}"#],
        &[r#"{"a": {"b": [1]}}"#, r#"{"a": {"b": [1, null]}}"#, "[]"],
    );
}

#[test]
fn numbers_and_times() {
    check("range", json!({"min": 0, "max": 10}), DataType::Int64, &["0", "10"], &["-1", "11"]);
    check("range", json!({"min": 0.5}), DataType::Float64, &["0.5", "1e9"], &["0.49"]);
    check("range", json!({"max": "2026-01-31"}), DataType::Date32, &["2026-01-31"], &["2026-02-01"]);
    check("accepted_values", json!([1, 2]), DataType::Int64, &["1", "02"], &["3"]);
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    check("range", json!({"min": "2026-01-01"}), time, &["2026-01-01 00:00:00"], &["2025-12-31 23:59:59"]);
}

#[test]
fn null_breaks_nothing_but_not_null() {
    let text = DataType::Utf8;
    assert_eq!(broken("not_null", Json::Null, &text, &[None, Some("a")]), [true, false]);
    let others = [
        ("accepted_values", json!(["a"])),
        ("json", Json::Null),
        ("length", json!({"min": 1})),
        ("pattern", json!("a")),
        ("uuid", Json::Null),
    ];
    for (name, arguments) in others {
        assert_eq!(broken(name, arguments, &text, &[None]), [false], "{name}");
    }
    assert_eq!(broken("range", json!({"min": 1}), &DataType::Int64, &[None, Some("x")]), [false, false]);
}

#[test]
fn times_in_many_ways() {
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let read = |arguments: Json, text: &str| -> Option<String> {
        let Rule::Converts(convert) = rule("timestamp", arguments, &time).unwrap() else { panic!("it converts") };
        let raw: ArrayRef = Arc::new(StringArray::from_iter_values([text]));
        let values = convert.convert(&raw).unwrap();
        let values = values.as_primitive::<TimestampMicrosecondType>();
        values.value_as_datetime(0).filter(|_| values.is_valid(0)).map(|it| it.to_string())
    };
    let german = json!({"formats": ["%d.%m.%Y %H:%M", "%d.%m.%Y"], "time_zone": "Europe/Berlin"});
    assert_eq!(read(german.clone(), "01.07.2026 12:00").as_deref(), Some("2026-07-01 10:00:00"));
    assert_eq!(read(german.clone(), "01.01.2026").as_deref(), Some("2025-12-31 23:00:00"));
    // An hour that the clocks leave out, and one that they make twice.
    assert_eq!(read(german.clone(), "29.03.2026 02:30"), None);
    assert_eq!(read(german.clone(), "25.10.2026 02:30").as_deref(), Some("2026-10-25 00:30:00"));
    assert_eq!(read(german, "2026-01-01"), None);
    assert_eq!(read(json!({"formats": ["%s"]}), "1767225600").as_deref(), Some("2026-01-01 00:00:00"));
    assert_eq!(read(Json::Null, "2026-01-01T10:00:00.250+02:00").as_deref(), Some("2026-01-01 08:00:00.250"));
    assert_eq!(read(Json::Null, "2026-01-01 10:00:00Z").as_deref(), Some("2026-01-01 10:00:00"));
    assert_eq!(read(Json::Null, "2026-01-01").as_deref(), Some("2026-01-01 00:00:00"));
    assert_eq!(read(Json::Null, "2026-02-30"), None);
    assert_eq!(
        read(json!({"time_zone": "America/New_York"}), "2026-01-01 00:00").as_deref(),
        Some("2026-01-01 05:00:00")
    );
}

#[test]
fn mistakes_in_arguments() {
    let problem = |name: &str, arguments: Json, data_type: DataType| rule(name, arguments, &data_type).err().unwrap();
    let text = || DataType::Utf8;
    assert_eq!(problem("nul", Json::Null, text()), "there is no rule `nul`");
    assert_eq!(problem("length", json!({"mim": 1}), text()), "`length` does not take `mim`");
    assert_eq!(problem("length", json!(3), text()), "`length` must be given a mapping");
    assert_eq!(problem("uuid", json!(3), text()), "`uuid` takes nothing");
    assert_eq!(
        problem("range", json!({"min": 1}), text()),
        "`range` is about numbers, dates and times, not about varchar"
    );
    assert_eq!(problem("range", json!({"min": "x"}), DataType::Int64), "`min` must be a bigint, but is `x`");
    assert_eq!(
        problem("accepted_values", json!(["x"]), DataType::Int64),
        "`accepted_values` has a value that is no bigint"
    );
    assert!(problem("pattern", json!("a("), text()).starts_with("`a(` is no regular expression"));
    assert_eq!(problem("json", json!({"paths": ["a"]}), text()), "`a` is no path into JSON");
    assert_eq!(problem("expression", Json::Null, text()), "`expression` must be given SQL");
}
