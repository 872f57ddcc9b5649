//! `snapshot`: a table of all versions that rows have had. What becomes of the old ones is part of its query
//! (`jinja/builtin/snapshots.sql`); the file is written whole and replaced atomically, as any table's.

use super::super::{Decision, Existing, Materialization};
use super::incremental::Incremental;

pub(super) struct Snapshot;

impl Materialization for Snapshot {
    fn name(&self) -> &'static str {
        "snapshot"
    }

    fn decide(&self, existing: Existing) -> Decision {
        Incremental.decide(existing)
    }
}
