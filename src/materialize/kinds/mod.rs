//! The materialisations.

mod ephemeral;
mod seed;
mod table;
mod view;

use super::Materialization;

/// All of them, sorted.
pub(super) static ALL: &[&dyn Materialization] = &[&ephemeral::Ephemeral, &seed::Seed, &table::Table, &view::View];
