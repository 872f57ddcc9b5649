//! What templates may ask of the warehouse while they render, and how it may refuse.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use crate::jinja::RelationName;

/// What a relation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationType {
    /// Rows in a file.
    Table,
    /// A query by name.
    View,
}

impl RelationType {
    /// As dbt writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            RelationType::Table => "table",
            RelationType::View => "view",
        }
    }
}

/// One column of a relation or of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnType {
    /// Its name.
    pub name: String,
    /// Its type, in upper case as `information_schema` has it: `DECIMAL(18,3)`.
    pub data_type: String,
}

/// One value of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// SQL's null.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// Text, and everything that has no kind of its own here.
    Text(String),
    /// A date.
    Date(NaiveDate),
    /// A time of day.
    Time(NaiveTime),
    /// A time without zone.
    Timestamp(NaiveDateTime),
    /// A point in time.
    Instant(DateTime<Utc>),
    /// A list.
    List(Vec<Cell>),
}

/// Rows that a query gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// Their columns.
    pub columns: Vec<ColumnType>,
    /// The rows, each with a cell for each column.
    pub rows: Vec<Vec<Cell>>,
}

/// Why the warehouse gives no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The answer depends on rows that are not there yet: ask again when they are.
    TooEarly,
    /// The statement is wrong, or could not be carried out.
    Failed(String),
}

/// The warehouse, as templates see it.
pub trait Database: Send + Sync + fmt::Debug {
    /// The project's nodes, as `graph` has them.
    fn graph(&self) -> Arc<serde_json::Value>;

    /// What a relation is; `None` where there is none.
    fn find(&self, relation: &RelationName) -> Option<RelationType>;

    /// The columns of a relation; `None` where there is none.
    ///
    /// # Errors
    /// They can't be known yet.
    fn columns(&self, relation: &RelationName) -> Result<Option<Vec<ColumnType>>, Refusal>;

    /// The relations of a schema.
    fn list(&self, schema: &str) -> Vec<(RelationName, RelationType)>;

    /// The columns that a query gives.
    ///
    /// # Errors
    /// The query is wrong.
    fn describe(&self, sql: &str) -> Result<Vec<ColumnType>, Refusal>;

    /// Carries out a statement, a query or any other one that the warehouse knows.
    ///
    /// # Errors
    /// It is too early for it, or it fails.
    fn execute(&self, sql: &str) -> Result<Rows, Refusal>;
}

/// A warehouse of nothing: what descriptions and other texts see that have no business there.
#[derive(Debug, Clone, Copy)]
pub struct NoDatabase;

impl Database for NoDatabase {
    fn graph(&self) -> Arc<serde_json::Value> {
        Arc::default()
    }

    fn find(&self, _: &RelationName) -> Option<RelationType> {
        None
    }

    fn columns(&self, _: &RelationName) -> Result<Option<Vec<ColumnType>>, Refusal> {
        Ok(None)
    }

    fn list(&self, _: &str) -> Vec<(RelationName, RelationType)> {
        Vec::new()
    }

    fn describe(&self, _: &str) -> Result<Vec<ColumnType>, Refusal> {
        Err(Refusal::Failed("there is no warehouse to ask here".to_owned()))
    }

    fn execute(&self, _: &str) -> Result<Rows, Refusal> {
        Err(Refusal::Failed("there is no warehouse to ask here".to_owned()))
    }
}
