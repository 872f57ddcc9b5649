//! The built-in kinds, as dbt defines them.

mod accepted_values;
mod not_null;
mod relationships;
mod unique;

use super::DataTest;

/// All built-in kinds, sorted.
pub(super) static ALL: &[&dyn DataTest] =
    &[&accepted_values::AcceptedValues, &not_null::NotNull, &relationships::Relationships, &unique::Unique];

/// A built-in kind by its name.
pub(super) fn find(name: &str) -> Option<&'static dyn DataTest> {
    ALL.iter().copied().find(|it| it.name() == name)
}
