//! `not_null`: no row may lack a value.

use super::super::{Arguments, DataTest};
use crate::diagnostics::Diagnostic;

pub(super) struct NotNull;

impl DataTest for NotNull {
    fn name(&self) -> &'static str {
        "not_null"
    }

    fn query(&self, model: &str, arguments: &Arguments<'_>) -> Result<String, Diagnostic> {
        let column = arguments.column(self.name())?;
        Ok(format!("select *\nfrom {model}\nwhere {column} is null"))
    }
}
