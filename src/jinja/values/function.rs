//! Functions that take their arguments as Python's do: by position or by name, with any left out.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, State, Value};

use super::arguments::Arguments;

/// What a function does.
pub(in crate::jinja) type Run = fn(&mut State<'_, '_>, &Arguments<'_>) -> Result<Value, Error>;

struct Function {
    name: &'static str,
    run: Run,
}

/// A function as a value.
pub(in crate::jinja) fn function(name: &'static str, run: Run) -> Value {
    Value::from_object(Function { name, run })
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<function {}>", self.name)
    }
}

impl Object for Function {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        (self.run)(state, &Arguments::new(self.name, args))
    }
}
