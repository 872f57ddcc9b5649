//! `materialized_view`: rows that are kept and made anew at each run, so as fresh as the last one: a table.

use super::super::{Decision, Existing, Materialization};
use super::table::Table;

pub(super) struct MaterializedView;

impl Materialization for MaterializedView {
    fn name(&self) -> &'static str {
        "materialized_view"
    }

    fn decide(&self, existing: Existing) -> Decision {
        Table.decide(existing)
    }
}
