//! `pattern: "^https?://"`: a regular expression is found in the text.

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::error::ArrowError;
use regex::Regex;

use super::{Check, Rule, RuleKind, RuleOf, Values, broken_texts};
use crate::diagnostics::Diagnostic;

pub(super) struct Pattern;

impl RuleKind for Pattern {
    fn name(&self) -> &'static str {
        "pattern"
    }

    fn read(&self, of: &RuleOf<'_>) -> Result<Rule, Diagnostic> {
        of.column_type()?;
        let text = of.arguments.value.as_str().ok_or_else(|| {
            of.problem("`pattern` must be given a regular expression").help("write `pattern: \"^[a-z]+$\"`")
        })?;
        let pattern = Regex::new(text).map_err(|error| {
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            of.problem(format!("`{text}` is no regular expression: {reason}"))
        })?;
        Ok(Rule::Checks(Arc::new(Matches { words: format!("does not match {text}"), pattern })))
    }
}

struct Matches {
    pattern: Regex,
    words: String,
}

impl Check for Matches {
    fn broken(&self, values: &Values<'_>) -> Result<BooleanArray, ArrowError> {
        broken_texts(values.typed, |it| self.pattern.is_match(it))
    }

    fn words(&self) -> &str {
        &self.words
    }
}
