//! `not_null`: there is a value.

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::compute::is_null;
use arrow::error::ArrowError;

use super::{Check, Rule, RuleKind, RuleOf, Values};
use crate::diagnostics::Diagnostic;

pub(super) struct NotNull;

impl RuleKind for NotNull {
    fn name(&self) -> &'static str {
        "not_null"
    }

    fn read(&self, of: &RuleOf<'_>) -> Result<Rule, Diagnostic> {
        of.column_type()?;
        of.nothing()?;
        Ok(Rule::Checks(Arc::new(IsThere)))
    }
}

pub(super) struct IsThere;

impl Check for IsThere {
    fn broken(&self, values: &Values<'_>) -> Result<BooleanArray, ArrowError> {
        // A text that is no value of the column's type is there, and wrong for that reason.
        is_null(values.raw)
    }

    fn words(&self) -> &str {
        "is missing"
    }
}
