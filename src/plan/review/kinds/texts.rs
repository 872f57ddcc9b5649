//! Texts compared with numbers and times that no such text stands for: no row can match, and other engines fail.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::ExprSchemable;

use super::super::comparison::{Comparison, Form};
use super::super::finding::{Finding, Place, name};
use super::super::{Review, Step};
use crate::diagnostics::{Code, Severity};
use crate::dialect;

pub(super) struct Texts;

impl Review for Texts {
    fn comparison(&self, comparison: &Comparison<'_>, step: &Step<'_>, found: &mut Vec<Finding>) {
        let Some(text) = comparison.value.try_as_str().flatten() else { return };
        let Ok(data_type) = comparison.subject.get_type(step.schema()) else { return };
        let Some((kind, example)) = kind(&data_type).filter(|_| !is_readable(text, &data_type)) else { return };
        let Some(place) = Place::of(comparison) else { return };
        let words = format!("{} is {kind}, and '{text}' can't be read as one", name(comparison.subject));
        let mut finding =
            Finding::warning(Code::WrongType, words, place).help(format!("compare with a value such as {example}"));
        // A list is often not looked at to its end.
        let is_sure = !matches!(comparison.form, Form::In | Form::NotIn | Form::When);
        if is_sure {
            finding.severity = Severity::Error;
        }
        found.push(finding);
    }
}

/// What a type is called here, and a value of it; only of types that texts are turned into for a comparison.
pub(in crate::plan) fn kind(data_type: &DataType) -> Option<(&'static str, &'static str)> {
    match data_type {
        DataType::Date32 | DataType::Date64 => Some(("a date", "'2026-01-31'")),
        DataType::Timestamp(_, _) => Some(("a timestamp", "'2026-01-31 10:00:00'")),
        it if it.is_numeric() => Some(("a number", "1")),
        _ => None,
    }
}

/// Whether a text stands for a value of a type. In doubt it does.
pub(in crate::plan) fn is_readable(text: &str, data_type: &DataType) -> bool {
    let text = text.trim();
    match data_type {
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => {
            let is_cast = || ScalarValue::from(text).cast_to(data_type).is_ok();
            let special = ["epoch", "infinity", "-infinity"];
            special.iter().any(|it| it.eq_ignore_ascii_case(text)) || dialect::is_time(text) || is_cast()
        }
        it if it.is_numeric() => {
            text.starts_with("0x") || text.replace('_', "").parse::<f64>().is_ok() || ["true", "false"].contains(&text)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::TimeUnit;

    use super::*;

    #[test]
    fn what_can_be_read_is() {
        let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
        for (text, data_type) in [
            ("2026-01-31", &DataType::Date32),
            ("2026-1-5", &DataType::Date32),
            ("2026-01-31 10:00:00", &DataType::Date32),
            ("infinity", &DataType::Date32),
            ("2026-01-31", &timestamp),
            ("2026-01-31T10:00:00Z", &timestamp),
            (" 12 ", &DataType::Int64),
            ("1e3", &DataType::Int64),
            ("12.5", &DataType::Decimal128(10, 2)),
            ("anything", &DataType::Utf8),
        ] {
            assert!(is_readable(text, data_type), "{text} {data_type}");
        }
        for (text, data_type) in [
            ("yesterday", &DataType::Date32),
            ("2026-13-01", &DataType::Date32),
            ("n/a", &timestamp),
            ("x", &DataType::Int64),
            ("", &DataType::Int64),
        ] {
            assert!(!is_readable(text, data_type), "{text} {data_type}");
        }
    }
}
