//! How a test is answered: by the plan, by what a file says of itself, in a scan that it shares, or by a query of its own.
//! The decision is a value that says why; who takes it knows plans and files.

use std::fmt;

/// How a test is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// It passed the last time, and what it asks about is what it was.
    Unchanged,
    /// The tested relation's own query leaves no room for failures.
    Proved(Proof),
    /// What the data file says of its columns leaves no room for failures.
    Statistics,
    /// No value in the dictionaries of the relation's file is one of a failing row.
    Dictionaries,
    /// One scan answers all tests of a relation that are due.
    SharedScan {
        /// How many they are.
        tests: usize,
    },
    /// By a query of its own.
    Alone(Alone),
}

/// What makes failures impossible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The condition of a failing row asks a column to be null that never is.
    NeverNull {
        /// The column.
        column: String,
    },
    /// Everything that a column can be is acceptable.
    Values {
        /// The column.
        column: String,
    },
    /// The tested columns hold a key.
    Key {
        /// The columns of the key.
        columns: Vec<String>,
        /// What makes them one.
        because: KeyOf,
    },
}

/// What makes columns a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOf {
    /// Rows are grouped by them.
    GroupBy,
    /// Only distinct rows are kept.
    Distinct,
    /// Of the rows with the same key, only the first is kept.
    RowNumber,
    /// There is only one row.
    OneRow,
}

/// Why a test has a query of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alone {
    /// `store_failures`: all failing rows are wanted.
    KeepsFailures,
    /// Rows of several relations are brought together in a way that is not that of `relationships`.
    SeveralRelations,
    /// It holds a query within an expression.
    Subquery,
    /// It asks for random numbers, or for something else that changes from row to row.
    Volatile,
    /// It compares rows with other rows.
    ComparesRows,
    /// It groups rows and asks more of the groups than whether they have several rows.
    Groups,
    /// It takes some of the rows before it looks at them.
    TakesSome,
    /// Its keys are of a type whose equal values may have different bits.
    KeyType,
    /// It holds a value that can't be looked up in a set.
    PartnerType,
    /// The other relation has too many keys to be held.
    ManyPartners,
    /// It reads no relation.
    NoRelation,
    /// Its scan failed, because of one of the tests or for want of memory.
    ScanFailed,
    /// It has to be seen which rows fail.
    Fails,
    /// Its query could not be planned before the run.
    Late,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Proved(proof) => write!(f, "proved by the plan: {proof}"),
            Way::Unchanged => f.write_str("reused"),
            Way::Statistics => f.write_str("proved by the file's statistics"),
            Way::Dictionaries => f.write_str("proved by the file's dictionaries"),
            Way::SharedScan { tests: 1 } => f.write_str("one scan"),
            Way::SharedScan { tests } => write!(f, "one scan for {tests} tests"),
            Way::Alone(because) => write!(f, "asked alone because {because}"),
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Proof::NeverNull { column } => write!(f, "`{column}` is never null"),
            Proof::Values { column } => write!(f, "`{column}` has only these values"),
            Proof::Key { columns, because } => {
                let columns = columns.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
                match because {
                    KeyOf::GroupBy => write!(f, "{columns} is what rows are grouped by"),
                    KeyOf::Distinct => write!(f, "only distinct {columns} are kept"),
                    KeyOf::RowNumber => write!(f, "only the first row of each {columns} is kept"),
                    KeyOf::OneRow => f.write_str("there is only one row"),
                }
            }
        }
    }
}

impl fmt::Display for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Alone::KeepsFailures => "its failing rows are stored",
            Alone::SeveralRelations => "it brings rows of several relations together",
            Alone::Subquery => "it has a query within an expression",
            Alone::Volatile => "it asks for what is never the same twice",
            Alone::ComparesRows => "it compares rows with one another",
            Alone::Groups => "it asks more of groups than whether they have several rows",
            Alone::TakesSome => "it looks at some of the rows only",
            Alone::KeyType => "its keys are of a type in which equal values may look different",
            Alone::PartnerType => "its keys are of a type that can't be looked up",
            Alone::ManyPartners => "the other relation has many keys",
            Alone::NoRelation => "it reads no relation",
            Alone::ScanFailed => "the scan for several tests failed",
            Alone::Fails => "its failing rows are to be shown",
            Alone::Late => "it could not be planned before the run",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_say_why() {
        let key = Proof::Key { columns: vec!["day".into(), "user_id".into()], because: KeyOf::GroupBy };
        let text = "proved by the plan: `day`, `user_id` is what rows are grouped by";
        assert_eq!(Way::Proved(key).to_string(), text);
        assert_eq!(Way::SharedScan { tests: 3 }.to_string(), "one scan for 3 tests");
        assert_eq!(Way::Alone(Alone::KeepsFailures).to_string(), "asked alone because its failing rows are stored");
    }
}
