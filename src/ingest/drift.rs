//! How a file's columns are not what they should be: against the contract, and against the file before it.
//! Decides on names and types alone.

use std::fmt;

use crate::ingest::contract::Contract;
use crate::ingest::reading::RawColumn;
use crate::ingest::validate::Mapping;

/// One way in which columns are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Drift {
    /// A column that the contract does not know.
    Added(String),
    /// A column of the contract that the file has not.
    Missing(String),
    /// The same columns in another order than the last file had.
    Reordered,
    /// A column of another type than in the last file.
    Retyped {
        /// Which.
        column: String,
        /// What it was.
        was: String,
        /// What it is.
        is: String,
    },
}

impl Drift {
    /// Whether it is one where each row names its columns too. There a key may be left out, or come at another place.
    pub(crate) fn is_of_every_row(&self) -> bool {
        match self {
            Drift::Added(_) | Drift::Retyped { .. } => true,
            Drift::Missing(_) | Drift::Reordered => false,
        }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Drift::Added(column) => write!(f, "column `{column}` is new"),
            Drift::Missing(column) => write!(f, "column `{column}` is missing"),
            Drift::Reordered => f.write_str("the columns are in another order than in the last file"),
            Drift::Retyped { column, was, is } => {
                write!(f, "column `{column}` was {was} in the last file, and is {is}")
            }
        }
    }
}

/// Which column of a file each column of the contract is: the one of its name, in any case if there is one only.
pub(crate) fn map(contract: &Contract, columns: &[RawColumn]) -> Mapping {
    let find = |raw: &str| {
        let same = |it: &RawColumn| it.name.eq_ignore_ascii_case(raw);
        let exact = columns.iter().position(|it| it.name == raw);
        exact.or_else(|| columns.iter().position(same).filter(|_| columns.iter().filter(|it| same(it)).count() == 1))
    };
    contract.columns.iter().map(|it| find(&it.raw)).collect()
}

/// Letters may be large or small.
fn is_same(name: &str, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}

/// All ways in which a file's columns are not what they should be. `last` are those of the last file that was taken.
pub(crate) fn of(
    contract: &Contract,
    mapping: &Mapping,
    columns: &[RawColumn],
    typed: &[(String, String)],
    last: Option<&[(String, String)]>,
) -> Vec<Drift> {
    let mut found = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        // What the last file had too is known, if not by the contract.
        let was_there = last.is_some_and(|it| it.iter().any(|(name, _)| is_same(name, &column.name)));
        if !mapping.contains(&Some(at)) && !was_there {
            found.push(Drift::Added(column.name.clone()));
        }
    }
    for (column, at) in contract.columns.iter().zip(mapping) {
        if at.is_none() {
            found.push(Drift::Missing(column.raw.clone()));
        }
    }
    let Some(last) = last else { return found };
    for (name, was) in last {
        match typed.iter().find(|(it, _)| is_same(it, name)) {
            Some((_, is)) if is != was => {
                found.push(Drift::Retyped { column: name.clone(), was: was.clone(), is: is.clone() });
            }
            Some(_) => {}
            None if contract.columns.iter().any(|it| is_same(&it.raw, name)) => {}
            None => found.push(Drift::Missing(name.clone())),
        }
    }
    let common = |of: &[(String, String)], other: &[(String, String)]| -> Vec<String> {
        let names = of.iter().map(|it| &it.0).filter(|it| other.iter().any(|(name, _)| is_same(name, it)));
        names.map(|it| it.to_ascii_lowercase()).collect()
    };
    if common(typed, last) != common(last, typed) {
        found.push(Drift::Reordered);
    }
    found
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;

    fn check(columns: &[(&str, &str)], last: Option<&[(&str, &str)]>, expected: &[&str]) {
        let contract = Contract::of_columns(&[("id", DataType::Int64), ("name", DataType::Utf8)]);
        let owned = |it: &[(&str, &str)]| -> Vec<(String, String)> {
            it.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect()
        };
        let raw: Vec<RawColumn> =
            columns.iter().map(|(name, _)| RawColumn { name: (*name).to_owned(), data_type: DataType::Utf8 }).collect();
        let last = last.map(owned);
        let found = of(&contract, &map(&contract, &raw), &raw, &owned(columns), last.as_deref());
        let found: Vec<String> = found.iter().map(Drift::to_string).collect();
        assert_eq!(found, expected, "{columns:?}");
    }

    #[test]
    fn against_the_contract() {
        check(&[("id", "varchar"), ("name", "varchar")], None, &[]);
        check(&[("NAME", "varchar"), ("ID", "varchar")], None, &[]);
        check(&[("id", "varchar"), ("x", "varchar")], None, &["column `x` is new", "column `name` is missing"]);
        // Two that could be it are none.
        check(
            &[("Id", "varchar"), ("iD", "varchar"), ("name", "varchar")],
            None,
            &["column `Id` is new", "column `iD` is new", "column `id` is missing"],
        );
    }

    #[test]
    fn against_the_last_file() {
        let last: &[(&str, &str)] = &[("id", "bigint"), ("name", "varchar"), ("x", "varchar")];
        check(last, Some(last), &[]);
        check(
            &[("id", "double"), ("name", "varchar"), ("x", "varchar")],
            Some(last),
            &["column `id` was bigint in the last file, and is double"],
        );
        check(
            &[("name", "varchar"), ("id", "bigint")],
            Some(last),
            &["column `x` is missing", "the columns are in another order than in the last file"],
        );
    }
}
