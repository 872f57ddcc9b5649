//! The name of a relation.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Database, schema and identifier. Printed with every part quoted: `"warehouse"."main"."orders"`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
