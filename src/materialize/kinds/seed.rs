//! `seed`: a CSV file of the project, as a table.

use super::super::{Decision, Existing, Materialization};
use super::table::Table;

pub(super) struct Seed;

impl Materialization for Seed {
    fn name(&self) -> &'static str {
        "seed"
    }

    fn decide(&self, existing: Existing) -> Decision {
        Table.decide(existing)
    }
}
