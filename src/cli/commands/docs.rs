//! `docs generate`: artifacts, lineage and the documentation page.

use crate::cli::arguments::Selecting;
use crate::cli::{Exit, Settings, Stop};

pub(super) fn run(_settings: &Settings, _selecting: &Selecting) -> Result<Exit, Stop> {
    Err(Stop::Outside("not wired".to_owned()))
}
