//! The kinds of findings.

mod contradictions;
mod itself;
mod joins;
mod known_values;
mod nulls;
mod swapped;
mod texts;

pub(in crate::plan) use texts::{is_readable, kind as kind_of_type};

use super::Review;

/// All kinds, sorted.
pub(super) static ALL: &[&dyn Review] = &[
    &contradictions::Contradictions,
    &itself::Itself,
    &joins::Joins,
    &known_values::KnownValues,
    &nulls::Nulls,
    &swapped::Swapped,
    &texts::Texts,
];
