//! The materialisations.

mod ephemeral;
mod incremental;
mod seed;
mod table;
mod view;

use super::Materialization;

/// All of them, sorted.
pub(super) static ALL: &[&dyn Materialization] =
    &[&ephemeral::Ephemeral, &incremental::Incremental, &seed::Seed, &table::Table, &view::View];
