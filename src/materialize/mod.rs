//! What it takes to make a model's relation: a pure decision from what is configured and what exists, with its reason.
//! One file per materialisation; to add one: a file in `kinds/`, and its line in `kinds::ALL`. Performs nothing.

mod export;
mod kinds;

pub use export::{Export, ExportFormat};

use std::fmt;

/// What the warehouse has under a relation's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Nothing.
    Absent,
    /// A table whose record fits its file.
    Table,
    /// A view.
    View,
    /// Something whose record and file don't agree: not to be trusted.
    Unknown,
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Run the query and write its rows beside the warehouse.
    Stage,
    /// Put what was staged in place, and record it.
    Publish,
    /// Record the query as a view.
    RecordView,
    /// Remove the data file of a relation that is no table any more.
    RemoveData,
    /// Write the table to the place that its configuration names.
    Export,
}

/// Why a relation is made the way it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is not there yet.
    New,
    /// It is made anew at each run.
    Replaced,
    /// It was of another kind before.
    KindChanged,
    /// Its record did not fit its file.
    Distrusted,
    /// New rows join those that are there.
    Grown,
    /// It lives only in the queries that use it.
    Inlined,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::New => "not there yet",
            Reason::Replaced => "made anew at each run",
            Reason::KindChanged => "was of another kind before",
            Reason::Distrusted => "its record did not fit its file",
            Reason::Grown => "new rows join those that are there",
            Reason::Inlined => "lives in the queries that use it",
        })
    }
}

/// What to do, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// In order.
    pub steps: Vec<Step>,
    /// For `--explain` and logs.
    pub reason: Reason,
}

/// A materialisation.
pub(crate) trait Materialization: Sync {
    /// The name in configuration.
    fn name(&self) -> &'static str;

    /// What to do where this is asked for and that exists.
    fn decide(&self, existing: Existing) -> Decision;
}

/// The names of all materialisations, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    kinds::ALL.iter().map(|it| it.name())
}

/// What to do for a materialisation; `None` where there is none of that name.
pub fn decide(materialized: &str, existing: Existing) -> Option<Decision> {
    kinds::ALL.iter().find(|it| it.name() == materialized).map(|it| it.decide(existing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions() {
        let check = |name: &str, existing, steps: &[Step], reason| {
            let steps = steps.to_vec();
            assert_eq!(decide(name, existing), Some(Decision { steps, reason }));
        };
        check("table", Existing::Absent, &[Step::Stage, Step::Publish], Reason::New);
        check("table", Existing::View, &[Step::Stage, Step::Publish], Reason::KindChanged);
        check("view", Existing::Table, &[Step::RecordView, Step::RemoveData], Reason::KindChanged);
        check("view", Existing::View, &[Step::RecordView], Reason::Replaced);
        check("incremental", Existing::Table, &[Step::Stage, Step::Publish], Reason::Grown);
        check("external", Existing::Table, &[Step::Stage, Step::Publish, Step::Export], Reason::Replaced);
        check("materialized_view", Existing::View, &[Step::Stage, Step::Publish], Reason::KindChanged);
        check("ephemeral", Existing::Absent, &[], Reason::Inlined);
        assert_eq!(decide("tabel", Existing::Absent), None);
    }
}
