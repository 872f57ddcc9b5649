//! The arguments of a call, by position or by name.

use minijinja::value::Kwargs;
use minijinja::{Error, ErrorKind, Value};

/// Positional and named arguments of one call.
pub(in crate::jinja) struct Arguments<'a> {
    /// What is called, for messages.
    pub(in crate::jinja) of: &'a str,
    pub(in crate::jinja) positional: &'a [Value],
    pub(in crate::jinja) named: Option<Kwargs>,
}

impl<'a> Arguments<'a> {
    /// Takes them apart.
    pub(in crate::jinja) fn new(of: &'a str, args: &'a [Value]) -> Self {
        let (positional, named) = crate::jinja::functions::split(args);
        Arguments { of, positional, named }
    }

    /// An argument that may be left out.
    pub(in crate::jinja) fn given(&self, at: usize, name: &str) -> Option<Value> {
        let named = || self.named.as_ref().filter(|it| it.has(name)).and_then(|it| it.get::<Value>(name).ok());
        self.positional.get(at).cloned().or_else(named)
    }

    /// An argument that may not be left out.
    ///
    /// # Errors
    /// When it is.
    pub(in crate::jinja) fn needed(&self, at: usize, name: &str) -> Result<Value, Error> {
        self.given(at, name)
            .ok_or_else(|| Error::new(ErrorKind::MissingArgument, format!("{} needs an argument `{name}`", self.of)))
    }

    /// A whole number.
    ///
    /// # Errors
    /// When it is missing or another value.
    pub(in crate::jinja) fn whole(&self, at: usize, name: &str) -> Result<i64, Error> {
        let value = self.needed(at, name)?;
        value.as_i64().ok_or_else(|| self.wrong(name, "a whole number", &value))
    }

    /// A whole number, or what is meant without.
    ///
    /// # Errors
    /// When it is another value.
    pub(in crate::jinja) fn whole_or(&self, at: usize, name: &str, default: i64) -> Result<i64, Error> {
        match self.given(at, name) {
            Some(value) if !value.is_none() => value.as_i64().ok_or_else(|| self.wrong(name, "a whole number", &value)),
            _ => Ok(default),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// When it is missing or another value.
    pub(in crate::jinja) fn text(&self, at: usize, name: &str) -> Result<String, Error> {
        let value = self.needed(at, name)?;
        value.as_str().map(str::to_owned).ok_or_else(|| self.wrong(name, "a text", &value))
    }

    /// A text, where it is given.
    ///
    /// # Errors
    /// When it is another value.
    pub(in crate::jinja) fn text_or_none(&self, at: usize, name: &str) -> Result<Option<String>, Error> {
        match self.given(at, name) {
            Some(value) if !value.is_none() => {
                value.as_str().map(|it| Some(it.to_owned())).ok_or_else(|| self.wrong(name, "a text", &value))
            }
            _ => Ok(None),
        }
    }

    /// A named flag; false when it is left out.
    pub(in crate::jinja) fn flag(&self, name: &str) -> bool {
        self.given(usize::MAX, name).is_some_and(|it| it.is_true())
    }

    /// Says that an argument is of the wrong kind.
    pub(in crate::jinja) fn wrong(&self, name: &str, wanted: &str, value: &Value) -> Error {
        let message = format!("argument `{name}` of {} is {wanted}, not {}", self.of, super::repr(value));
        Error::new(ErrorKind::InvalidOperation, message)
    }
}
