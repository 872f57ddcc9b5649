//! What a template sees at its top: the scope of its rendering, and behind it all functions, macros and packages.
//! It is `context` too, so that templates can ask for members by a name that they compute.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Environment, Value};

use crate::jinja::scope::{MEMBERS, Scope};

/// Functions, macros and packages by name; the same for every rendering.
pub(super) type Globals = Arc<BTreeMap<String, Value>>;

/// All that an environment has so far.
pub(super) fn globals(environment: &Environment<'static>) -> Globals {
    Arc::new(environment.globals().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A scope and what stands behind it.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) scope: Arc<Scope>,
    pub(super) globals: Globals,
}

impl Root {
    /// As the value that a template is rendered with.
    pub(super) fn value(scope: &Arc<Scope>, globals: &Globals) -> Value {
        Value::from_object(Root { scope: Arc::clone(scope), globals: Arc::clone(globals) })
    }
}

impl Object for Root {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match key {
            "context" => Some(Value::from_dyn_object(Arc::clone(self))),
            _ => self.scope.member(key).or_else(|| self.globals.get(key).cloned()),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let public = self.globals.keys().filter(|it| !it.starts_with("__")).map(|it| Value::from(it.as_str()));
        Enumerator::Values(MEMBERS.iter().map(|it| Value::from(*it)).chain(public).collect())
    }
}
