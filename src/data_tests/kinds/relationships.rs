//! `relationships`: every value stands in a column of another relation; nulls need not.

use super::super::{Arguments, DataTest};
use crate::diagnostics::Diagnostic;

pub(super) struct Relationships;

impl DataTest for Relationships {
    fn name(&self) -> &'static str {
        "relationships"
    }

    fn query(&self, model: &str, arguments: &Arguments<'_>) -> Result<String, Diagnostic> {
        let column = arguments.column(self.name())?;
        let (to, field) = (arguments.text(self.name(), "to")?, arguments.text(self.name(), "field")?);
        Ok(format!(
            "with child as (\n    select {column} as from_field\n    from {model}\n    where {column} is not null\n),\n\n\
             parent as (\n    select {field} as to_field\n    from {to}\n)\n\n\
             select from_field\nfrom child\nleft join parent on child.from_field = parent.to_field\n\
             where parent.to_field is null"
        ))
    }
}
