//! `incremental`: a table that new rows are added to. What becomes of the old ones is part of its plan
//! (`plan/incremental.rs`); the file is written whole and replaced atomically, as any table's.

use super::super::{Decision, Existing, Materialization, Reason, Step};

pub(super) struct Incremental;

impl Materialization for Incremental {
    fn name(&self) -> &'static str {
        "incremental"
    }

    fn decide(&self, existing: Existing) -> Decision {
        let reason = match existing {
            Existing::Absent => Reason::New,
            Existing::Table => Reason::Grown,
            Existing::View => Reason::KindChanged,
            Existing::Unknown => Reason::Distrusted,
        };
        Decision { steps: vec![Step::Stage, Step::Publish], reason }
    }
}
