//! `unique`: no value may occur twice; nulls may.

use super::super::{Arguments, DataTest};
use crate::diagnostics::Diagnostic;

pub(super) struct Unique;

impl DataTest for Unique {
    fn name(&self) -> &'static str {
        "unique"
    }

    fn query(&self, model: &str, arguments: &Arguments<'_>) -> Result<String, Diagnostic> {
        let column = arguments.column(self.name())?;
        Ok(format!(
            "select {column} as unique_field, count(*) as n_records\nfrom {model}\nwhere {column} is not null\n\
             group by {column}\nhaving count(*) > 1"
        ))
    }
}
