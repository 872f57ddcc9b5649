//! Filters and tests of Jinja2 and dbt that the template engine lacks, or has otherwise. One file per topic.

mod dbt;
mod lists;
mod numbers;
mod predicates;
mod texts;
mod wrapping;

use minijinja::Environment;

/// Adds them.
pub(super) fn register(environment: &mut Environment<'static>) {
    dbt::register(environment);
    lists::register(environment);
    numbers::register(environment);
    predicates::register(environment);
    texts::register(environment);
    wrapping::register(environment);
}
