//! `view`: a recorded query, computed where it is read.

use super::super::{Decision, Existing, Materialization, Reason, Step};

pub(super) struct View;

impl Materialization for View {
    fn name(&self) -> &'static str {
        "view"
    }

    fn decide(&self, existing: Existing) -> Decision {
        let (steps, reason) = match existing {
            Existing::Absent => (vec![Step::RecordView], Reason::New),
            Existing::View => (vec![Step::RecordView], Reason::Replaced),
            // First the record, then the file: a reader that comes between sees the view.
            Existing::Table => (vec![Step::RecordView, Step::RemoveData], Reason::KindChanged),
            Existing::Unknown => (vec![Step::RecordView, Step::RemoveData], Reason::Distrusted),
        };
        Decision { steps, reason }
    }
}
