//! What the values of a column must meet, one file per kind of rule. A rule says of all rows of a batch at once which of
//! them break it; words are found only for those.
//! To add a kind: a file with a `RuleKind`, and its line in `ALL`.

mod accepted_values;
mod arguments;
mod expression;
mod json;
mod length;
mod not_null;
mod pattern;
mod range;
mod timestamp;
mod uuid;

pub(crate) use arguments::RuleOf;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::compute::prep_null_mask_filter;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use datafusion::physical_plan::PhysicalExpr;

use crate::diagnostics::{Code, Diagnostic, Span, closest};
use crate::project::RuleProperties;

/// One kind of rule.
pub(crate) trait RuleKind: Sync {
    /// Its name under `rules`.
    fn name(&self) -> &'static str;

    /// A rule of this kind.
    ///
    /// # Errors
    /// Arguments that it does not take.
    fn read(&self, of: &RuleOf<'_>) -> Result<Rule, Diagnostic>;
}

/// SQL over the columns of a row.
pub(crate) trait Expressions {
    /// What computes it, true where the row is good.
    ///
    /// # Errors
    /// What is wrong with it, at its place.
    fn compile(&self, sql: &str, place: &Span) -> Result<Arc<dyn PhysicalExpr>, Diagnostic>;
}

/// A declared rule.
#[derive(Clone)]
pub(crate) enum Rule {
    /// Looks at values.
    Checks(Arc<dyn Check>),
    /// Says how a text becomes a value.
    Converts(Arc<dyn Convert>),
}

/// The values of one column in some rows.
pub(crate) struct Values<'a> {
    /// As they are in the file.
    pub(crate) raw: &'a ArrayRef,
    /// As the contract has them; null also where that can't be had.
    pub(crate) typed: &'a ArrayRef,
    /// The whole rows, as the contract has them.
    pub(crate) rows: &'a RecordBatch,
}

/// Looks at values.
pub(crate) trait Check: Send + Sync {
    /// True for each row that breaks the rule. A null breaks nothing but `not_null`.
    ///
    /// # Errors
    /// It can't be computed.
    fn broken(&self, values: &Values<'_>) -> Result<BooleanArray, ArrowError>;

    /// What is wrong with a value that breaks it: `is none of 'a', 'b'`, behind the value.
    fn words(&self) -> &str;
}

/// Makes values of texts.
pub(crate) trait Convert: Send + Sync {
    /// The values of the contract's type, null for texts that are none.
    ///
    /// # Errors
    /// They can't be made.
    fn convert(&self, texts: &ArrayRef) -> Result<ArrayRef, ArrowError>;

    /// What is wrong with a text that is none: `is no time in any of …`.
    fn words(&self) -> &str;
}

/// All kinds of rules, sorted.
static ALL: &[&dyn RuleKind] = &[
    &accepted_values::AcceptedValues,
    &expression::Expression,
    &json::JsonText,
    &length::Length,
    &not_null::NotNull,
    &pattern::Pattern,
    &range::Range,
    &timestamp::Timestamp,
    &uuid::UuidText,
];

/// A rule of this kind by name, without arguments.
pub(crate) fn not_null() -> Arc<dyn Check> {
    Arc::new(not_null::IsThere)
}

/// Makes a rule of its declaration.
///
/// # Errors
/// There is no such kind, or it does not take these arguments.
pub(crate) fn read(
    declared: &RuleProperties,
    data_type: Option<&DataType>,
    expressions: &dyn Expressions,
) -> Result<Rule, Diagnostic> {
    let kind = ALL.iter().find(|it| it.name() == declared.name.value).ok_or_else(|| {
        let names = ALL.iter().map(|it| it.name());
        Diagnostic::error(Code::UnknownRule, format!("there is no rule `{}`", declared.name.value))
            .at(declared.name.span.clone())
            .help_if(closest(&declared.name.value, names.clone()), |it| format!("did you mean `{it}`?"))
            .note(format!("there is: {}", names.collect::<Vec<_>>().join(", ")))
    })?;
    kind.read(&RuleOf { rule: kind.name(), arguments: &declared.arguments, data_type, expressions })
}

/// What is not known to break a rule breaks none.
pub(crate) fn known(broken: BooleanArray) -> BooleanArray {
    if broken.null_count() == 0 { broken } else { prep_null_mask_filter(&broken) }
}

/// Texts of a column whatever its type, for rules about texts.
pub(crate) fn texts(values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match values.data_type() {
        DataType::Utf8 => Ok(Arc::clone(values)),
        _ => arrow::compute::cast(values, &DataType::Utf8),
    }
}

/// True where a predicate is false of a text; nulls break nothing.
pub(crate) fn broken_texts(values: &ArrayRef, is_good: impl Fn(&str) -> bool) -> Result<BooleanArray, ArrowError> {
    let texts = texts(values)?;
    let texts = arrow::array::AsArray::as_string::<i32>(&texts);
    Ok(texts.iter().map(|it| Some(it.is_some_and(|it| !is_good(it)))).collect())
}

#[cfg(test)]
mod tests;
