//! `external`, dbt-duckdb's: a table that is written to a place of its own too, in a format of its own.
//! <https://github.com/duckdb/dbt-duckdb#external-file-materialization>

use super::super::{Decision, Existing, Materialization, Step};
use super::table::Table;

pub(super) struct External;

impl Materialization for External {
    fn name(&self) -> &'static str {
        "external"
    }

    fn decide(&self, existing: Existing) -> Decision {
        let mut decision = Table.decide(existing);
        decision.steps.push(Step::Export);
        decision
    }
}
