//! The materialisations.

mod ephemeral;
mod incremental;
mod seed;
mod snapshot;
mod table;
mod view;

use super::Materialization;

/// All of them, sorted.
pub(super) static ALL: &[&dyn Materialization] =
    &[&ephemeral::Ephemeral, &incremental::Incremental, &seed::Seed, &snapshot::Snapshot, &table::Table, &view::View];
