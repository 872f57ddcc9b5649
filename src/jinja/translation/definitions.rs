//! The macros that a file defines: their names, parameters, and whether they take more arguments than they name.

use std::ops::Range;

use crate::jinja::rewriting::Change;

/// Named parameters, in order.
#[derive(Debug, Clone, Default)]
pub(in crate::jinja) struct Parameters {
    pub(in crate::jinja) names: Vec<String>,
    pub(super) trailing_comma: bool,
}

/// A macro, generic test or materialisation that a file defines.
#[derive(Debug, Clone)]
pub(in crate::jinja) struct Definition {
    /// As dbt knows it: `test_…` for a generic test.
    pub(in crate::jinja) name: String,
    /// Where the name is written.
    pub(in crate::jinja) written: Range<usize>,
    /// The keyword and the name.
    pub(in crate::jinja) opening: Range<usize>,
    /// `None` where they could not be read, which is an error that the engine reports.
    pub(in crate::jinja) parameters: Option<Parameters>,
    /// Where the parameters' closing parenthesis is.
    pub(super) close: Option<usize>,
    /// The body mentions `varargs`: the macro takes any number of arguments.
    pub(in crate::jinja) varargs: bool,
    /// The body mentions `kwargs`: the macro takes arguments of any name.
    pub(in crate::jinja) kwargs: bool,
}

impl Definition {
    /// Notes a word of the body.
    pub(super) fn sees(&mut self, word: &str) {
        let names = |it: &Definition| it.parameters.as_ref().is_some_and(|it| it.names.iter().any(|it| it == word));
        match word {
            "varargs" if !names(self) => self.varargs = true,
            "kwargs" if !names(self) => self.kwargs = true,
            _ => {}
        }
    }

    /// The engine has neither `varargs` nor `kwargs`; they become parameters, which whoever calls the macro fills.
    pub(super) fn hidden_parameters(&self) -> Option<Change> {
        let (close, parameters) = (self.close?, self.parameters.as_ref()?);
        let hidden = match (self.varargs, self.kwargs) {
            (false, false) => return None,
            (true, false) => "varargs=()",
            (false, true) => "kwargs={}",
            (true, true) => "varargs=(), kwargs={}",
        };
        let comma = if parameters.names.is_empty() || parameters.trailing_comma { "" } else { ", " };
        Some((close..close, format!("{comma}{hidden}").into()))
    }
}
