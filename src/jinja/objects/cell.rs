//! Values of results as values of templates.

use minijinja::Value;

use crate::jinja::database::Cell;
use crate::jinja::functions::Moment;

/// One cell. Whole numbers stay whole; times print as Python prints them.
pub(super) fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::from(()),
        Cell::Boolean(it) => Value::from(*it),
        Cell::Integer(it) => Value::from(*it),
        Cell::Number(it) => Value::from(*it),
        Cell::Text(it) => Value::from(it.as_str()),
        Cell::Date(it) => Value::from(it.format("%Y-%m-%d").to_string()),
        Cell::Time(it) => Value::from(it.format("%H:%M:%S%.f").to_string()),
        Cell::Timestamp(it) => Value::from(it.format("%Y-%m-%d %H:%M:%S%.f").to_string()),
        Cell::Instant(it) => Value::from_object(Moment(*it)),
        Cell::List(items) => items.iter().map(value).collect(),
    }
}
