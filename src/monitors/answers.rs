//! What monitors ask, and the forms that answers have.

use chrono::{DateTime, Utc};

use crate::diagnostics::Span;
use crate::freshness::Criteria;
use crate::jinja::Cell;
use crate::monitors::Past;
use crate::project::Located;

/// A piece of SQL over the relation, planned on its own so that a mistake in it is shown at its place.
#[derive(Debug, Clone)]
pub struct Piece {
    /// An expression.
    pub sql: Located<String>,
    /// The key that it stands under.
    pub key: &'static str,
    /// The type that it must have.
    pub must_be: MustBe,
}

/// Types that pieces must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MustBe {
    /// Of any type.
    Anything,
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// A date or a time.
    Time,
}

/// What kind of values a piece has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// True or false.
    Boolean,
    /// Numbers.
    Number,
    /// Dates or times.
    Time,
    /// Anything else.
    Other,
}

/// What a monitor knows when it asks and when it judges.
#[derive(Debug, Clone)]
pub struct Around<'a> {
    /// The run's clock.
    pub now: DateTime<Utc>,
    /// The relation as SQL has it.
    pub relation: &'a str,
    /// The relation as people call it.
    pub shown: &'a str,
    /// Whether it is a source, which may say of itself when it was loaded.
    pub is_source: bool,
    /// What the pieces are, in their order.
    pub types: &'a [ValueType],
    /// What the relation promises of its age, where it is a source that does.
    pub promised: Option<&'a Criteria>,
    /// Earlier measures of this monitor, oldest first.
    pub history: &'a [Past],
}

/// Something to ask.
#[derive(Debug, Clone)]
pub struct Question {
    /// What.
    pub asked: Asked,
    /// Where a mistake in it is shown.
    pub place: Span,
}

/// What is asked.
#[derive(Debug, Clone)]
pub enum Asked {
    /// A query that gives one row.
    Row(String),
    /// A query that gives few rows.
    Rows(String),
    /// When the source was last loaded, by what it says of itself.
    LoadedAt {
        /// The rows that count.
        filter: Option<String>,
    },
    /// The verdicts of the tests that it selects.
    Tests,
}

/// Tests, by the selection language.
#[derive(Debug, Clone)]
pub struct TestSelection {
    /// Which.
    pub select: Vec<String>,
    /// Which not.
    pub exclude: Vec<String>,
    /// Where that is written.
    pub place: Span,
}

/// An answer, of the form that its question has.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Rows of a query.
    Rows(Vec<Vec<Cell>>),
    /// When a source was last loaded; nothing where it never was.
    LoadedAt(Option<DateTime<Utc>>),
    /// How tests ended.
    Tests(Vec<TestEnd>),
}

/// How one test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestEnd {
    /// Its name.
    pub name: String,
    /// dbt's word: `pass`, `warn`, `fail` or `error`.
    pub status: &'static str,
    /// How many failures it has found.
    pub failures: Option<i64>,
    /// Why it could not be asked.
    pub problem: Option<String>,
}

impl Answer {
    /// The rows, of a query.
    pub(super) fn rows(&self) -> &[Vec<Cell>] {
        match self {
            Answer::Rows(rows) => rows,
            Answer::LoadedAt(_) | Answer::Tests(_) => &[],
        }
    }

    /// The cells of the only row.
    pub(super) fn row(&self) -> &[Cell] {
        self.rows().first().map(Vec::as_slice).unwrap_or_default()
    }
}

/// A cell as a number.
#[expect(clippy::cast_precision_loss, reason = "counts that a double can't hold are of no relation")]
pub(super) fn number(cell: Option<&Cell>) -> Option<f64> {
    match cell? {
        Cell::Integer(it) => Some(*it as f64),
        Cell::Number(it) => Some(*it),
        Cell::Boolean(it) => Some(f64::from(u8::from(*it))),
        // Decimals come as text, lest they lose digits.
        Cell::Text(it) => it.trim().parse().ok(),
        _ => None,
    }
}

/// A cell as a count; nothing is none.
pub(super) fn count(cell: Option<&Cell>) -> f64 {
    number(cell).unwrap_or_default()
}

/// A cell as a point in time.
pub(super) fn time(cell: Option<&Cell>) -> Option<DateTime<Utc>> {
    match cell? {
        Cell::Date(it) => Some(it.and_time(chrono::NaiveTime::MIN).and_utc()),
        Cell::Timestamp(it) => Some(it.and_utc()),
        Cell::Instant(it) => Some(*it),
        _ => None,
    }
}
