//! The materialisations.

mod ephemeral;
mod external;
mod incremental;
mod materialized_view;
mod seed;
mod snapshot;
mod table;
mod view;

use super::Materialization;

/// All of them, sorted.
pub(super) static ALL: &[&dyn Materialization] = &[
    &ephemeral::Ephemeral,
    &external::External,
    &incremental::Incremental,
    &materialized_view::MaterializedView,
    &seed::Seed,
    &snapshot::Snapshot,
    &table::Table,
    &view::View,
];
