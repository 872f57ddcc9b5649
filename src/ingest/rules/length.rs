//! `length: {min: 1, max: 200}`: how many characters a text has.

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::error::ArrowError;

use super::{Check, Rule, RuleKind, RuleOf, Values, broken_texts};
use crate::diagnostics::Diagnostic;
use crate::project::Json;

pub(super) struct Length;

impl RuleKind for Length {
    fn name(&self) -> &'static str {
        "length"
    }

    fn read(&self, of: &RuleOf<'_>) -> Result<Rule, Diagnostic> {
        of.column_type()?;
        let map = of.mapping(&["min", "max"], "{min: 1, max: 200}")?;
        let number = |key: &str| -> Result<Option<usize>, Diagnostic> {
            let whole = |it: &Json| it.as_u64().and_then(|it| usize::try_from(it).ok());
            map.get(key)
                .map(|it| whole(it).ok_or_else(|| of.problem(format!("`{key}` must be a whole number, but is `{it}`"))))
                .transpose()
        };
        let (min, max) = (number("min")?, number("max")?);
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            return Err(of.problem("`min` is greater than `max`, so that every text is wrong"));
        }
        let words = match (min, max) {
            (Some(min), None) => format!("is shorter than {min} characters"),
            (None, Some(max)) => format!("is longer than {max} characters"),
            (min, max) => format!("has not {} to {} characters", min.unwrap_or(0), max.unwrap_or(usize::MAX)),
        };
        Ok(Rule::Checks(Arc::new(Fits { min: min.unwrap_or(0), max: max.unwrap_or(usize::MAX), words })))
    }
}

struct Fits {
    min: usize,
    max: usize,
    words: String,
}

impl Check for Fits {
    fn broken(&self, values: &Values<'_>) -> Result<BooleanArray, ArrowError> {
        broken_texts(values.typed, |it| (self.min..=self.max).contains(&it.chars().count()))
    }

    fn words(&self) -> &str {
        &self.words
    }
}
