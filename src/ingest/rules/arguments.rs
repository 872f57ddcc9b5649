//! What a rule is declared about and what it is given, read with every mistake at its place.

use arrow::datatypes::DataType;
use serde_json::Map;

use super::Expressions;
use crate::diagnostics::{Code, Diagnostic, closest};
use crate::project::{Json, Located};

/// What a rule is declared about.
pub(crate) struct RuleOf<'a> {
    /// The rule's name.
    pub(crate) rule: &'static str,
    /// What it is given.
    pub(crate) arguments: &'a Located<Json>,
    /// The type of the column's values; `None` for rules about whole rows.
    pub(crate) data_type: Option<&'a DataType>,
    /// Turns SQL over the row's columns into something to compute.
    pub(crate) expressions: &'a dyn Expressions,
}

impl RuleOf<'_> {
    /// A mistake in the rule's arguments.
    pub(crate) fn problem(&self, words: impl Into<String>) -> Diagnostic {
        Diagnostic::error(Code::WrongValue, words).at(self.arguments.span.clone())
    }

    /// The type of the column.
    ///
    /// # Errors
    /// The rule is about whole rows, which have none.
    pub(crate) fn column_type(&self) -> Result<&DataType, Diagnostic> {
        self.data_type.ok_or_else(|| {
            self.problem(format!("`{}` is about a column, not about whole rows", self.rule))
                .help("put it under `meta: {rules: […]}` of a column; about rows there is `expression`")
        })
    }

    /// The arguments as a mapping with these keys and no others.
    ///
    /// # Errors
    /// They are no mapping, or have other keys.
    pub(crate) fn mapping(&self, keys: &[&str], example: &str) -> Result<&Map<String, Json>, Diagnostic> {
        let rule = self.rule;
        let help = || format!("write `{rule}: {example}`");
        let Json::Object(map) = &self.arguments.value else {
            return Err(self.problem(format!("`{rule}` must be given a mapping")).help(help()));
        };
        if let Some(key) = map.keys().find(|it| !keys.contains(&it.as_str())) {
            return Err(self
                .problem(format!("`{rule}` does not take `{key}`"))
                .help_if(closest(key, keys.iter().copied()), |it| format!("did you mean `{it}`?"))
                .note(format!("it takes: {}", keys.join(", "))));
        }
        if map.is_empty() {
            return Err(self.problem(format!("`{rule}` is given nothing")).help(help()));
        }
        Ok(map)
    }

    /// Nothing, or `true`.
    ///
    /// # Errors
    /// Anything else.
    pub(crate) fn nothing(&self) -> Result<(), Diagnostic> {
        match &self.arguments.value {
            Json::Null | Json::Bool(true) => Ok(()),
            _ => Err(self.problem(format!("`{}` takes nothing", self.rule)).help(format!("write `- {}`", self.rule))),
        }
    }

    /// The texts of one scalar or a list of them.
    ///
    /// # Errors
    /// Anything else.
    pub(crate) fn texts(&self, value: &Json, example: &str) -> Result<Vec<String>, Diagnostic> {
        let items = match value {
            Json::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        let texts: Option<Vec<String>> = items.iter().map(scalar_text).collect();
        texts.filter(|it| !it.is_empty()).ok_or_else(|| {
            self.problem(format!("`{}` must be given one value or a list of them", self.rule))
                .help(format!("write `{}: {example}`", self.rule))
        })
    }
}

/// A scalar's text.
pub(crate) fn scalar_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(_) | Json::Bool(_) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}
