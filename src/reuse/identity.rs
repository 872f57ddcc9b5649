//! What a relation's rows are, told without looking at them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::reuse::Digest;

/// Which rows a relation has, and for each column, which value each row has in it. Two relations of equal `rows` whose
/// digests of some columns are equal too have the same rows in those columns, as often, and if `order` is equal, in the
/// same order as far as the query says one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Which rows there are.
    pub rows: Digest,
    /// How they are sorted, where the query says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Digest>,
    /// What stands in each column.
    pub columns: BTreeMap<String, Digest>,
}

impl Identity {
    /// The identity of a relation that is known as a whole only: by its files, or by all of its content.
    pub fn of_whole<'a>(whole: &Digest, columns: impl IntoIterator<Item = (&'a str, String)>) -> Identity {
        let column = |(name, data_type): (&'a str, String)| {
            (name.to_owned(), Digest::texts("column", [whole.to_string().as_str(), name, &data_type]))
        };
        Identity { rows: Digest::of("whole", [whole]), order: None, columns: columns.into_iter().map(column).collect() }
    }
}

/// Everything that a relation was made of: the result is the same for as long as all of it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeOf {
    /// The versions of this program and of its engine.
    pub planner: String,
    /// The query, its inputs by their names.
    pub query: Digest,
    /// What is configured about the relation.
    pub config: Digest,
    /// For each input, what the query reads of it.
    pub inputs: BTreeMap<String, Digest>,
    /// Names, types and identities of the columns, in their order.
    pub result: Digest,
}
