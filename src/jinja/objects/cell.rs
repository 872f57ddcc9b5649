//! Values of results as values of templates.

use minijinja::Value;

use crate::jinja::database::Cell;
use crate::jinja::modules::{Moment, calendar_date};
use crate::jinja::values;

/// One cell. Whole numbers stay whole; dates and times are Python's.
pub(super) fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::from(()),
        Cell::Boolean(it) => Value::from(*it),
        Cell::Integer(it) => Value::from(*it),
        Cell::Number(it) => Value::from(*it),
        Cell::Text(it) => Value::from(it.as_str()),
        Cell::Date(it) => calendar_date(*it),
        Cell::Time(it) => Value::from(it.format("%H:%M:%S%.f").to_string()),
        Cell::Timestamp(it) => Value::from_object(Moment::naive(*it)),
        Cell::Instant(it) => Value::from_object(Moment::utc(*it)),
        Cell::List(items) => values::list(items.iter().map(value).collect()),
    }
}
