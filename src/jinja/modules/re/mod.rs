//! Python's module `re`, on an engine without look-around and back-references, which therefore are errors.

mod found;
mod pattern;
mod replacement;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use crate::jinja::values::Arguments;
use pattern::Pattern;

/// The module as a value.
pub(super) fn module() -> Value {
    Value::from_object(Module::default())
}

/// Patterns that are kept compiled.
const KEPT: usize = 512;

#[derive(Debug, Default)]
struct Module {
    compiled: Mutex<BTreeMap<(String, i64), Arc<Pattern>>>,
}

impl Module {
    /// A pattern object as it is, or a text compiled, once for each.
    fn pattern(&self, arguments: &Arguments<'_>, flags: i64) -> Result<Arc<Pattern>, Error> {
        let given = arguments.needed(0, "pattern")?;
        if let Some(pattern) = given.downcast_object::<Pattern>() {
            return Ok(pattern);
        }
        let key = (arguments.text(0, "pattern")?, flags);
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pattern) = compiled.get(&key) {
            return Ok(Arc::clone(pattern));
        }
        let pattern = Arc::new(Pattern::new(&key.0, flags)?);
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        compiled.insert(key, Arc::clone(&pattern));
        Ok(pattern)
    }
}

/// Where a function has its flags among its arguments, if it takes any.
fn flags_at(function: &str) -> Option<usize> {
    match function {
        "compile" => Some(1),
        "search" | "match" | "fullmatch" | "findall" | "finditer" => Some(2),
        "split" => Some(3),
        "sub" | "subn" => Some(4),
        _ => None,
    }
}

impl Object for Module {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(Value::from(match key.as_str()? {
            "NOFLAG" => 0,
            "I" | "IGNORECASE" => pattern::IGNORE_CASE,
            "L" | "LOCALE" => 4,
            "M" | "MULTILINE" => pattern::MULTI_LINE,
            "S" | "DOTALL" => pattern::DOT_ALL,
            "U" | "UNICODE" => 32,
            "X" | "VERBOSE" => pattern::VERBOSE,
            "A" | "ASCII" => pattern::ASCII,
            _ => return None,
        }))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::new(name, args);
        if name == "escape" {
            return Ok(Value::from(pattern::escape(&arguments.text(0, "pattern")?)));
        }
        if name == "purge" {
            return Ok(Value::from(()));
        }
        let Some(at) = flags_at(name) else {
            return Err(Error::new(ErrorKind::UnknownMethod, format!("re has no function `{name}`")));
        };
        let flags = arguments.whole_or(at, "flags", 0)?;
        let pattern = self.pattern(&arguments, flags)?;
        if name == "compile" {
            return Ok(Value::from_dyn_object(pattern));
        }
        pattern.call(state, &arguments, 1)
    }
}
