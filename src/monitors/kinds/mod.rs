//! The kinds of monitors: one file each, and its line in [`ALL`].

mod bounds;
mod distribution;
mod error_rate;
mod freshness;
mod null_rate;
mod selected_tests;
mod volume;

use std::fmt::Debug;
use std::sync::Arc;

use crate::diagnostics::Diagnostic;
use crate::monitors::answers::{Answer, Around, Piece, Question, TestSelection};
use crate::monitors::checks::Check;
use crate::monitors::fields::Fields;
use crate::project::Located;

/// All kinds, sorted.
pub(super) static ALL: &[&dyn Kind] = &[
    &bounds::Bounds,
    &distribution::Distribution,
    &error_rate::ErrorRate,
    &freshness::Freshness,
    &null_rate::NullRate,
    &selected_tests::SelectedTests,
    &volume::Volume,
];

/// A kind of monitor.
pub(super) trait Kind: Sync {
    /// The key that users write.
    fn name(&self) -> &'static str;

    /// The keys below it.
    fn keys(&self) -> &'static [&'static str];

    /// Reads one of this kind; nothing where it can't be used, which is reported.
    fn read(&self, fields: &mut Fields<'_>) -> Option<Arc<dyn Watch>>;
}

/// One monitor: what it asks and how it judges.
pub trait Watch: Debug + Send + Sync {
    /// The relation that it is about, as it is written.
    fn relation(&self) -> Option<&Located<String>>;

    /// Pieces of SQL that it is made of.
    fn pieces(&self) -> Vec<Piece>;

    /// Tests of the project that it asks for.
    fn tests(&self) -> Option<TestSelection> {
        None
    }

    /// What is to be asked, in order.
    ///
    /// # Errors
    /// What is missing, now that it is known what the relation is.
    fn questions(&self, around: &Around<'_>) -> Result<Vec<Question>, Diagnostic>;

    /// What is to be said, from the answers in the order of the questions.
    fn judge(&self, around: &Around<'_>, answers: &[Answer]) -> Vec<Check>;
}
