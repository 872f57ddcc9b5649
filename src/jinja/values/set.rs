//! Python's sets, for `set(…)`. Their order is that in which the items came; Python's own order means nothing.

use std::cmp::Ordering;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexSet;
use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use super::arguments::Arguments;
use super::{failed, repr};

type Items = IndexSet<Value>;

/// A set.
#[derive(Debug)]
pub(in crate::jinja) struct Set(Mutex<Items>);

/// A set of some items.
///
/// # Errors
/// Where the value can't be iterated over.
pub(in crate::jinja) fn set(items: &Value) -> Result<Value, Error> {
    Ok(of(items.try_iter()?.collect()))
}

fn of(items: Items) -> Value {
    Value::from_object(Set(Mutex::new(items)))
}

impl Set {
    fn items(&self) -> MutexGuard<'_, Items> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `a - b`.
    pub(super) fn without(&self, other: &Set) -> Value {
        let other = other.items().clone();
        of(self.items().iter().filter(|it| !other.contains(*it)).cloned().collect())
    }
}

impl Object for Set {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        None
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.items().iter().cloned().collect())
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let sorted = |it: &Set| {
            let mut items: Vec<Value> = it.items().iter().cloned().collect();
            items.sort();
            items
        };
        Some(sorted(self).cmp(&sorted(other.downcast_ref::<Set>()?)))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let arguments = Arguments::new(method, args);
        let mut others = Vec::new();
        if !matches!(method, "add" | "remove" | "discard") {
            for other in arguments.positional {
                others.push(other.try_iter()?.collect::<Items>());
            }
        }
        let mine = self.items().clone();
        let other = others.first();
        Ok(match method {
            "add" => {
                self.items().insert(arguments.needed(0, "element")?);
                Value::from(())
            }
            "remove" | "discard" => {
                let value = arguments.needed(0, "element")?;
                if !self.items().shift_remove(&value) && method == "remove" {
                    return Err(failed(format!("{value} is not in the set")));
                }
                Value::from(())
            }
            "pop" => {
                let mut items = self.items();
                items.shift_remove_index(0).ok_or_else(|| failed("pop from an empty set"))?
            }
            "clear" => {
                self.items().clear();
                Value::from(())
            }
            "update" => {
                self.items().extend(others.into_iter().flatten());
                Value::from(())
            }
            "copy" => of(mine),
            "union" => of(mine.into_iter().chain(others.into_iter().flatten()).collect()),
            "intersection" => of(mine.into_iter().filter(|it| others.iter().all(|o| o.contains(it))).collect()),
            "difference" => of(mine.into_iter().filter(|it| !others.iter().any(|o| o.contains(it))).collect()),
            "symmetric_difference" => {
                let other = other.cloned().unwrap_or_default();
                of(mine.symmetric_difference(&other).cloned().collect())
            }
            "issubset" => Value::from(other.is_some_and(|it| mine.is_subset(it))),
            "issuperset" => Value::from(other.is_some_and(|it| mine.is_superset(it))),
            "isdisjoint" => Value::from(other.is_some_and(|it| mine.is_disjoint(it))),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<String> = self.items().iter().map(repr).collect();
        if items.is_empty() { f.write_str("set()") } else { write!(f, "{{{}}}", items.join(", ")) }
    }
}
