//! Lists that change, as Python's do: `{% do columns.append('x') %}`. The template engine's own never change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use super::arguments::Arguments;
use super::{failed, holds};

/// A list.
#[derive(Debug)]
pub(super) struct List(Mutex<Vec<Value>>);

/// A list of some items.
pub(in crate::jinja) fn list(items: Vec<Value>) -> Value {
    Value::from_object(List(Mutex::new(items)))
}

impl List {
    fn items(&self) -> MutexGuard<'_, Vec<Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A list within itself could neither be printed nor compared.
    fn check(&self, value: &Value) -> Result<(), Error> {
        let is_this = |it: &Value| it.downcast_object_ref::<List>().is_some_and(|it| std::ptr::eq(it, self));
        if holds(value, &is_this) { Err(failed("a list can't hold itself")) } else { Ok(()) }
    }
}

/// A position as Python counts: from the end when it is negative.
fn position(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    usize::try_from(if index < 0 { index + length } else { index }).ok()
}

/// The items sorted as `sort` and `sorted` do.
pub(super) fn sort(items: &mut [Value], reverse: bool) {
    items.sort();
    if reverse {
        items.reverse();
    }
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.items().get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.items().clone())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.items().len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::new(method, args);
        match method {
            "append" => {
                let value = arguments.needed(0, "object")?;
                self.check(&value)?;
                self.items().push(value);
            }
            "extend" => {
                let more: Vec<Value> = arguments.needed(0, "iterable")?.try_iter()?.collect();
                more.iter().try_for_each(|it| self.check(it))?;
                self.items().extend(more);
            }
            "insert" => {
                let (at, value) = (arguments.whole(0, "index")?, arguments.needed(1, "object")?);
                self.check(&value)?;
                let mut items = self.items();
                let length = items.len();
                let at = if at < 0 { position(at, length).unwrap_or(0) } else { usize::try_from(at).unwrap_or(length) };
                items.insert(at.min(length), value);
            }
            "pop" => {
                let at = arguments.whole_or(0, "index", -1)?;
                let mut items = self.items();
                let length = items.len();
                let at = position(at, length).filter(|it| *it < length);
                let at = at.ok_or_else(|| failed("pop from an empty list, or beyond its end"))?;
                return Ok(items.remove(at));
            }
            "remove" => {
                let value = arguments.needed(0, "value")?;
                let found = self.items().clone().iter().position(|it| *it == value);
                let at = found.ok_or_else(|| failed(format!("{value} is not in the list")))?;
                self.items().remove(at);
            }
            "sort" => {
                let mut sorted = self.items().clone();
                sort(&mut sorted, arguments.flag("reverse"));
                *self.items() = sorted;
            }
            "clear" => self.items().clear(),
            "reverse" => self.items().reverse(),
            "copy" => return Ok(list(self.items().clone())),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(Value::from(()))
    }
}
