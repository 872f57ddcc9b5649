//! What types values give, and what quotes files have.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};

use super::column_names;
use super::flavour::Flavour;
use super::guess::Guess;
use crate::project::Dialect;

fn type_of(values: &[&str]) -> String {
    let column: ArrayRef = Arc::new(StringArray::from(values.to_vec()));
    let mut guess = Guess::default();
    guess.look_at(&column);
    guess.data_type(Dialect::DuckDb).to_string()
}

#[track_caller]
fn check(expected: &str, values: &[&str]) {
    assert_eq!(type_of(values), expected, "{values:?}");
}

#[test]
fn numbers() {
    check("Int32", &["1", " 29.00 ", "1e3", "007", "+3", "1_000", "", "null"]);
    check("Int32", &[]);
    check("Int32", &["", "NULL", " "]);
    check("Int64", &["1", "3000000000"]);
    check("Float64", &["1", "1.5"]);
    check("Float64", &["1e-3", "nan", "-Infinity"]);
    check("Utf8", &["1", "123456789012345678901234567890"]);
    for text in ["$5", "5%", "1,000", "--5", "1__0", "_1", "1.5.1", "0x10", "-", ".", "e5", "1e", "infinite"] {
        check("Utf8", &[text]);
    }
}

#[test]
fn the_engines_own_integers_are_wide() {
    assert_eq!(Guess::default().data_type(Dialect::DataFusion).to_string(), "Int64");
    assert_eq!(Guess::default().data_type(Dialect::Postgres).to_string(), "Int32");
}

#[test]
fn dates_times_and_booleans() {
    check("Date32", &["2024-01-05", "2024-1-5", "", " 2024-12-31 "]);
    check("Timestamp(µs)", &["2024-01-05 10:00:00", "2024-1-5 1:2:3"]);
    check("Timestamp(µs)", &["2024-01-05T10:00:00.123456789Z", "2024-01-05T10:00", "2024-01-05T10:00:00-07:53"]);
    check("Boolean", &["true", "FALSE", ""]);
    check("Utf8", &["2024-01-05", "2024-01-05 10:00:00"]);
    for text in ["2024-02-30", "24-01-01", "0000-01-01", "2024-01-05 10:00:00.5", "2024-01-05 10:00", "yes", "t"] {
        check("Utf8", &[text]);
    }
    for text in ["2024-01-05T10", "2024-01-05T10:00:60", "T10:00", "2024-01-05T", "2024-01-05T10:00:00+é2", "é"] {
        check("Utf8", &[text]);
    }
}

#[test]
fn quotes_are_found() {
    let check = |text: &str, quote: u8, escape: Option<u8>| {
        assert_eq!(Flavour::of(text.as_bytes(), b','), Flavour { delimiter: b',', quote, escape }, "{text}");
    };
    check("a,b\nx,1\n", b'"', None);
    check("a,b\n'q',1\n\"x\",2\n", b'"', None);
    check("a,b\n'',1\nit's,2\n", b'\'', None);
    check("a,b\n'quo'ted,2\n", b'"', None);
    check("a,b\n\"back\\\"slash\",2\n", b'"', Some(b'\\'));
    check("a,b\n\"ab\"c,2\n", 0, None);
}

#[test]
fn an_empty_line_of_one_column_is_a_row() {
    let whole = |text: &str| {
        let whole = Flavour::of_python(b',').whole(text.as_bytes().to_vec(), 1);
        String::from_utf8(whole).unwrap()
    };
    assert_eq!(whole("a\n1\n\n2"), "a\n1\n\"\"\n2");
    assert_eq!(whole("a\r\n\r\n2\r\n"), "a\r\n\"\"\r\n2\r\n");
    assert_eq!(whole("a\n\"x\n\ny\"\n"), "a\n\"x\n\ny\"\n");
}

#[test]
fn every_column_has_a_name_of_its_own() {
    assert_eq!(column_names(["a", "", "a", "a"].into_iter()), ["a", "b", "a_2", "a_3"]);
}
