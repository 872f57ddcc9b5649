//! Dicts that change, as Python's do: `{% do settings.update({'x': 1}) %}`. The template engine's own never change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use minijinja::value::{Enumerator, Kwargs, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use super::arguments::Arguments;
use super::{failed, holds};

/// A dict's entries, in the order in which they came.
pub(in crate::jinja) type Entries = IndexMap<Value, Value>;

/// A dict.
#[derive(Debug)]
pub(super) struct Dict(Mutex<Entries>);

/// A dict of some entries.
pub(in crate::jinja) fn dict(entries: Entries) -> Value {
    Value::from_object(Dict(Mutex::new(entries)))
}

/// What `dict(…)` makes of its arguments.
pub(super) fn from_arguments(items: Option<&Value>, named: Option<&Kwargs>) -> Result<Value, Error> {
    let mut entries = IndexMap::new();
    merge(&mut entries, items, named)?;
    Ok(dict(entries))
}

/// Adds a mapping's entries, or pairs, and named ones.
fn merge(entries: &mut Entries, items: Option<&Value>, named: Option<&Kwargs>) -> Result<(), Error> {
    if let Some(items) = items {
        let is_mapping = items.kind() == minijinja::value::ValueKind::Map;
        for item in items.try_iter()? {
            if is_mapping {
                let value = items.get_item(&item)?;
                entries.insert(item, value);
                continue;
            }
            let pair: Vec<Value> = item.try_iter()?.collect();
            let Ok([key, value]) = <[Value; 2]>::try_from(pair) else {
                return Err(failed("a dict is made of pairs of key and value"));
            };
            entries.insert(key, value);
        }
    }
    for key in named.into_iter().flat_map(Kwargs::args) {
        let value: Option<Value> = named.map(|it| it.get(key)).transpose()?;
        entries.insert(Value::from(key), value.unwrap_or_default());
    }
    Ok(())
}

impl Dict {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A dict within itself could neither be printed nor compared.
    fn check(&self, value: &Value) -> Result<(), Error> {
        let is_this = |it: &Value| it.downcast_object_ref::<Dict>().is_some_and(|it| std::ptr::eq(it, self));
        if holds(value, &is_this) { Err(failed("a dict can't hold itself")) } else { Ok(()) }
    }
}

impl Object for Dict {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.entries().get(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.entries().keys().cloned().collect())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.entries().len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::new(method, args);
        match method {
            "update" => {
                let mut more = IndexMap::new();
                merge(&mut more, arguments.positional.first(), arguments.named.as_ref())?;
                more.values().try_for_each(|it| self.check(it))?;
                self.entries().extend(more);
            }
            "clear" => self.entries().clear(),
            "setdefault" => {
                let key = arguments.needed(0, "key")?;
                let default = arguments.given(1, "default").unwrap_or_else(|| Value::from(()));
                self.check(&default)?;
                return Ok(self.entries().entry(key).or_insert(default).clone());
            }
            "pop" => {
                let key = arguments.needed(0, "key")?;
                let popped = self.entries().shift_remove(&key).or_else(|| arguments.given(1, "default"));
                return popped.ok_or_else(|| failed(format!("{key} is not in the dict")));
            }
            "popitem" => {
                let (key, value) = self.entries().pop().ok_or_else(|| failed("popitem from an empty dict"))?;
                return Ok(super::tuple(vec![key, value]));
            }
            "copy" => return Ok(dict(self.entries().clone())),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(Value::from(()))
    }
}
