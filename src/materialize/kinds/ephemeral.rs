//! `ephemeral`: a common table expression of the queries that use it.

use super::super::{Decision, Existing, Materialization, Reason};

pub(super) struct Ephemeral;

impl Materialization for Ephemeral {
    fn name(&self) -> &'static str {
        "ephemeral"
    }

    fn decide(&self, _: Existing) -> Decision {
        Decision { steps: Vec::new(), reason: Reason::Inlined }
    }
}
