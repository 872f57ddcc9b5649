//! `table`: one data file, written whole and replaced atomically.

use super::super::{Decision, Existing, Materialization, Reason, Step};

pub(super) struct Table;

impl Materialization for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn decide(&self, existing: Existing) -> Decision {
        let reason = match existing {
            Existing::Absent => Reason::New,
            Existing::Table => Reason::Replaced,
            Existing::View => Reason::KindChanged,
            Existing::Unknown => Reason::Distrusted,
        };
        Decision { steps: vec![Step::Stage, Step::Publish], reason }
    }
}
