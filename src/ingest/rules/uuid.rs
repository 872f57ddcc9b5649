//! `uuid`: 32 hexadecimal digits in five groups, RFC 9562.

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::error::ArrowError;
use uuid::Uuid;

use super::{Check, Rule, RuleKind, RuleOf, Values, broken_texts};
use crate::diagnostics::Diagnostic;

/// Digits and hyphens. The library also knows forms without hyphens and with braces, which other readers don't.
const HYPHENATED: usize = 36;

pub(super) struct UuidText;

impl RuleKind for UuidText {
    fn name(&self) -> &'static str {
        "uuid"
    }

    fn read(&self, of: &RuleOf<'_>) -> Result<Rule, Diagnostic> {
        of.column_type()?;
        of.nothing()?;
        Ok(Rule::Checks(Arc::new(IsUuid)))
    }
}

struct IsUuid;

impl Check for IsUuid {
    fn broken(&self, values: &Values<'_>) -> Result<BooleanArray, ArrowError> {
        broken_texts(values.typed, |it| it.len() == HYPHENATED && Uuid::try_parse(it).is_ok())
    }

    fn words(&self) -> &str {
        "is no UUID"
    }
}
