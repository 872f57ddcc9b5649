//! `range: {min: 0, max: 100}`: a number, date or time lies between bounds, both included.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Scalar, StringArray};
use arrow::compute::kernels::cmp::{gt, lt};
use arrow::compute::{CastOptions, cast_with_options, or_kleene};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

use super::arguments::scalar_text;
use super::{Check, Rule, RuleKind, RuleOf, Values, known};
use crate::diagnostics::Diagnostic;

pub(super) struct Range;

impl RuleKind for Range {
    fn name(&self) -> &'static str {
        "range"
    }

    fn read(&self, of: &RuleOf<'_>) -> Result<Rule, Diagnostic> {
        let data_type = of.column_type()?;
        if !(data_type.is_numeric() || data_type.is_temporal()) {
            return Err(of
                .problem(format!(
                    "`range` is about numbers, dates and times, not about {}",
                    crate::plan::sql_type(data_type)
                ))
                .help("declare the column's `data_type`; about texts there are `length` and `pattern`"));
        }
        let map = of.mapping(&["min", "max"], "{min: 0, max: 100}")?;
        let bound = |key: &str| -> Result<Option<(ArrayRef, String)>, Diagnostic> {
            let Some(value) = map.get(key) else { return Ok(None) };
            let text = scalar_text(value).unwrap_or_else(|| value.to_string());
            let typed = as_value(&text, data_type).ok_or_else(|| {
                of.problem(format!("`{key}` must be a {}, but is `{text}`", crate::plan::sql_type(data_type)))
            })?;
            Ok(Some((typed, text)))
        };
        let (min, max) = (bound("min")?, bound("max")?);
        let words = match (&min, &max) {
            (Some((_, min)), Some((_, max))) => format!("is not between {min} and {max}"),
            (Some((_, min)), None) => format!("is below {min}"),
            (None, Some((_, max))) => format!("is above {max}"),
            (None, None) => String::new(),
        };
        let rule = Between { min: min.map(|it| it.0), max: max.map(|it| it.0), words };
        Ok(Rule::Checks(Arc::new(rule)))
    }
}

/// A text as one value of a type.
fn as_value(text: &str, data_type: &DataType) -> Option<ArrayRef> {
    let text: ArrayRef = Arc::new(StringArray::from_iter_values([text]));
    let options = CastOptions { safe: true, ..CastOptions::default() };
    cast_with_options(&text, data_type, &options).ok().filter(|it| it.null_count() == 0)
}

struct Between {
    min: Option<ArrayRef>,
    max: Option<ArrayRef>,
    words: String,
}

impl Check for Between {
    fn broken(&self, values: &Values<'_>) -> Result<BooleanArray, ArrowError> {
        let below = self.min.as_ref().map(|it| lt(values.typed, &Scalar::new(it))).transpose()?;
        let above = self.max.as_ref().map(|it| gt(values.typed, &Scalar::new(it))).transpose()?;
        let broken = match (below, above) {
            (Some(below), Some(above)) => or_kleene(&below, &above)?,
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => BooleanArray::from(vec![false; values.typed.len()]),
        };
        Ok(known(broken))
    }

    fn words(&self) -> &str {
        &self.words
    }
}
