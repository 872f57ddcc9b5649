//! `accepted_values`: every value is one of a list; nulls may be there.

use super::super::{Arguments, DataTest};
use crate::diagnostics::{Code, Diagnostic};
use crate::project::Json;

pub(super) struct AcceptedValues;

impl DataTest for AcceptedValues {
    fn name(&self) -> &'static str {
        "accepted_values"
    }

    fn query(&self, model: &str, arguments: &Arguments<'_>) -> Result<String, Diagnostic> {
        let column = arguments.column(self.name())?;
        let values = match arguments.rest.get("values") {
            Some(Json::Array(values)) if !values.is_empty() => values,
            Some(other) if !other.is_null() => {
                return Err(Diagnostic::error(
                    Code::WrongValue,
                    format!("`values` must be a list with something in it, but is {other}"),
                )
                .at(arguments.span.clone()));
            }
            _ => return Err(arguments.missing(self.name(), "values")),
        };
        let quote = arguments.rest.get("quote").and_then(Json::as_bool).unwrap_or(true);
        let listed: Vec<String> = values.iter().map(|it| literal(it, quote)).collect();
        Ok(format!(
            "with all_values as (\n    select {column} as value_field, count(*) as n_records\n    from {model}\n    \
             group by {column}\n)\n\nselect *\nfrom all_values\nwhere value_field not in (\n    {}\n)",
            listed.join(", ")
        ))
    }
}

fn literal(value: &Json, quote: bool) -> String {
    let text = match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    if quote { format!("'{}'", text.replace('\'', "''")) } else { text }
}
