//! What arguments a macro takes: those that it names, and, as in Jinja2, any others where its body asks for
//! `varargs` and `kwargs`.

use minijinja::Error;
use minijinja::value::{Kwargs, Value};

use crate::diagnostics::{Code, closest};
use crate::jinja::functions::split;
use crate::jinja::problem::Problem;
use crate::jinja::translation::Definition;
use crate::jinja::values;

/// The arguments of one macro.
#[derive(Debug, Clone, Default)]
pub(super) struct Signature {
    /// `None` where they could not be read; the engine says why.
    names: Option<Vec<String>>,
    varargs: bool,
    kwargs: bool,
}

impl Signature {
    /// As it is written.
    pub(super) fn of(definition: &Definition) -> Signature {
        let names = definition.parameters.as_ref().map(|it| it.names.clone());
        Signature { names, varargs: definition.varargs, kwargs: definition.kwargs }
    }

    /// The name of an argument by its position.
    pub(super) fn name(&self, at: usize) -> Option<&str> {
        self.names.as_ref()?.get(at).map(String::as_str)
    }

    /// A call's arguments as the engine wants them; `None` where they may stay as they are.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn arrange(&self, of: &str, args: &[Value]) -> Result<Option<Vec<Value>>, Error> {
        let Some(names) = &self.names else { return Ok(None) };
        let (positional, named) = split(args);
        let known = |it: &str| it == "caller" || names.iter().any(|name| name == it);
        if positional.len() > names.len() && !self.varargs {
            let plural = if names.len() == 1 { "" } else { "s" };
            let message =
                format!("macro `{of}` takes {} argument{plural}, but is called with {}", names.len(), positional.len());
            let help = (!names.is_empty()).then(|| format!("it takes `{}`", names.join("`, `")));
            return Err(Problem::error(Code::BadJinja, message, help));
        }
        if let Some(unknown) = named.iter().flat_map(Kwargs::args).find(|it| !known(it)).filter(|_| !self.kwargs) {
            let near = closest(unknown, names.iter().map(String::as_str)).map(|it| format!("did you mean `{it}`?"));
            let help = near.or_else(|| (!names.is_empty()).then(|| format!("it takes `{}`", names.join("`, `"))));
            return Err(Problem::error(Code::BadJinja, format!("macro `{of}` has no argument `{unknown}`"), help));
        }
        if !self.varargs && !self.kwargs {
            return Ok(None);
        }
        let (first, more) = positional.split_at(positional.len().min(names.len()));
        let mut others = values::Entries::new();
        let mut passed: Vec<(&str, Value)> = Vec::new();
        for name in named.iter().flat_map(Kwargs::args) {
            let value: Value = named.as_ref().map(|it| it.get(name)).transpose()?.unwrap_or_default();
            if known(name) {
                passed.push((name, value));
            } else {
                others.insert(Value::from(name), value);
            }
        }
        if self.varargs {
            passed.push(("varargs", values::tuple(more.to_vec())));
        }
        if self.kwargs {
            passed.push(("kwargs", values::dict(others)));
        }
        let mut arranged = first.to_vec();
        arranged.push(Value::from(Kwargs::from_iter(passed)));
        Ok(Some(arranged))
    }
}
