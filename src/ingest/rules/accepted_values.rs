//! `accepted_values: [a, b]`: a value is one of these.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

use super::{Check, Rule, RuleKind, RuleOf, Values, broken_texts, texts};
use crate::diagnostics::Diagnostic;
use crate::project::Json;

pub(super) struct AcceptedValues;

impl RuleKind for AcceptedValues {
    fn name(&self) -> &'static str {
        "accepted_values"
    }

    fn read(&self, of: &RuleOf<'_>) -> Result<Rule, Diagnostic> {
        let data_type = of.column_type()?;
        // dbt's test of this name is given `values`.
        let given = match &of.arguments.value {
            Json::Object(_) => {
                let map = of.mapping(&["values"], "[a, b]")?;
                map.get("values").unwrap_or(&Json::Null)
            }
            other => other,
        };
        let written = of.texts(given, "[a, b]")?;
        let accepted = as_values(&written, data_type).ok_or_else(|| {
            of.problem(format!("`accepted_values` has a value that is no {}", crate::plan::sql_type(data_type)))
        })?;
        let quoted: Vec<String> = written.iter().map(|it| format!("'{it}'")).collect();
        Ok(Rule::Checks(Arc::new(OneOf { accepted, words: format!("is none of {}", quoted.join(", ")) })))
    }
}

/// The values as the texts that a column of this type has.
fn as_values(written: &[String], data_type: &DataType) -> Option<BTreeSet<String>> {
    let written: ArrayRef = Arc::new(StringArray::from_iter_values(written));
    let options = CastOptions { safe: true, ..CastOptions::default() };
    let typed = cast_with_options(&written, data_type, &options).ok()?;
    if typed.null_count() > 0 {
        return None;
    }
    let texts = texts(&typed).ok()?;
    Some(texts.as_string::<i32>().iter().flatten().map(str::to_owned).collect())
}

struct OneOf {
    accepted: BTreeSet<String>,
    words: String,
}

impl Check for OneOf {
    fn broken(&self, values: &Values<'_>) -> Result<BooleanArray, ArrowError> {
        broken_texts(values.typed, |it| self.accepted.contains(it))
    }

    fn words(&self) -> &str {
        &self.words
    }
}
