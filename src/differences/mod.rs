//! What two tables do not have in common: columns, numbers of rows, rows, and a few of these to look at.
//! Knows neither tables nor where they are: `execute::compare` finds the differences, here they are told.

mod key;
mod markdown;
mod table;

pub use key::keys;

use serde::Serialize;

/// Rows of each kind that are shown.
pub const EXAMPLES: usize = 5;

/// One of the two tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// What it is called: `version 3`, a path.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
}

/// A column that only one of them has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnType {
    /// Its name.
    pub name: String,
    /// Its type, as SQL has it.
    pub data_type: String,
}

/// A column that both have, with different types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retyped {
    /// Its name.
    pub name: String,
    /// Its type before.
    pub from: String,
    /// Its type after.
    pub to: String,
    /// Whether values of the two types can be compared. If not, the column is left out of the rows.
    pub compared: bool,
}

/// How the columns differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ColumnDifferences {
    /// New ones.
    pub added: Vec<ColumnType>,
    /// Those that are gone.
    pub removed: Vec<ColumnType>,
    /// Those of another type.
    pub retyped: Vec<Retyped>,
}

/// How many rows differ, in the columns that both tables have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RowDifferences {
    /// Rows that are new.
    pub added: u64,
    /// Rows that are gone.
    pub removed: u64,
    /// Rows whose key is in both, and something else is not.
    pub changed: u64,
    /// Rows that are as they were.
    pub unchanged: u64,
    /// Keys that several rows of one table have. Their rows are compared as whole rows.
    pub repeated_keys: u64,
}

/// In how many rows a column has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedColumn {
    /// Its name.
    pub name: String,
    /// In how many rows.
    pub rows: u64,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Something of it has changed.
    Changed,
}

/// A value of a row that is shown; `None` is null.
pub type Shown = Option<String>;

/// A column of a row that is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// The column.
    pub column: String,
    /// Its value; of what has changed, the value before.
    pub value: Shown,
    /// The value after, of what has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub became: Option<Shown>,
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// What became of it.
    pub what: What,
    /// Its key and, of what has changed, the columns that have; otherwise all columns.
    pub cells: Vec<Cell>,
}

/// What two tables do not have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Differences {
    /// Which node's tables they are.
    pub model: String,
    /// The table before.
    pub from: Side,
    /// The table after.
    pub to: Side,
    /// Whether there is no difference.
    pub equal: bool,
    /// The columns that tell rows apart; none where rows are compared as wholes.
    pub key: Vec<String>,
    /// How columns differ.
    pub columns: ColumnDifferences,
    /// How rows differ.
    pub rows: RowDifferences,
    /// The columns that have changed, most often changed first.
    pub changed_columns: Vec<ChangedColumn>,
    /// A few rows of each kind.
    pub examples: Vec<Example>,
}

impl ColumnDifferences {
    /// Whether both have the same columns.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.retyped.is_empty()
    }
}

impl RowDifferences {
    /// Whether both have the same rows.
    pub fn is_empty(&self) -> bool {
        self.added + self.removed + self.changed == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn example() -> Differences {
        let cell = |column: &str, value: &str| Cell { column: column.into(), value: Some(value.into()), became: None };
        let paid = Cell { column: "status".into(), value: None, became: Some(Some("a | b".into())) };
        Differences {
            model: "orders".into(),
            from: Side { name: "version 2".into(), rows: 1000 },
            to: Side { name: "version 3, in place".into(), rows: 1001 },
            equal: false,
            key: vec!["id".into()],
            columns: ColumnDifferences {
                added: vec![ColumnType { name: "discount".into(), data_type: "double".into() }],
                removed: Vec::new(),
                retyped: vec![Retyped {
                    name: "day".into(),
                    from: "varchar".into(),
                    to: "date".into(),
                    compared: false,
                }],
            },
            rows: RowDifferences { added: 1, removed: 0, changed: 1, unchanged: 999, repeated_keys: 0 },
            changed_columns: vec![ChangedColumn { name: "status".into(), rows: 1 }],
            examples: vec![
                Example { what: What::Added, cells: vec![cell("id", "7"), cell("status", "open")] },
                Example { what: What::Changed, cells: vec![cell("id", "4"), paid] },
            ],
        }
    }
}
