//! The name of a relation, as templates print it and ask about its parts.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

/// Database, schema and identifier. Printed with every part quoted: `"warehouse"."main"."orders"`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationName {
    /// The database (catalog).
    pub database: String,
    /// The schema.
    pub schema: String,
    /// The relation itself.
    pub identifier: String,
}

impl RelationName {
    /// A name from its parts.
    pub fn new(database: impl Into<String>, schema: impl Into<String>, identifier: impl Into<String>) -> Self {
        RelationName { database: database.into(), schema: schema.into(), identifier: identifier.into() }
    }

    /// Whether two names mean one relation; case makes no difference.
    pub fn is_same(&self, other: &RelationName) -> bool {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        same(&self.identifier, &other.identifier)
            && same(&self.schema, &other.schema)
            && same(&self.database, &other.database)
    }
}

impl fmt::Display for RelationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = |part: &str| format!("\"{}\"", part.replace('"', "\"\""));
        // An ephemeral model has neither: it is a common table expression of the query that uses it.
        if self.schema.is_empty() {
            return f.write_str(&self.identifier);
        }
        write!(f, "{}.{}.{}", quote(&self.database), quote(&self.schema), quote(&self.identifier))
    }
}

impl Object for RelationName {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str()? {
            "database" => Value::from(self.database.as_str()),
            "schema" => Value::from(self.schema.as_str()),
            "identifier" | "name" | "table" => Value::from(self.identifier.as_str()),
            "type" => Value::from("table"),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        match (method, args) {
            ("render", []) => Ok(Value::from(self.to_string())),
            ("include" | "quote", _) => Ok(Value::from_dyn_object(Arc::clone(self))),
            _ => Err(Error::new(ErrorKind::UnknownMethod, format!("a relation has no method `{method}`"))),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
