//! `parse`: reads the project and writes `manifest.json`.

use std::collections::BTreeMap;

use crate::cli::{Exit, Settings, Stop};
use crate::cli::{artifacts, prepare};

pub(super) fn run(settings: &Settings) -> Result<Exit, Stop> {
    let mut loaded = prepare::load(settings)?;
    prepare::report(settings, std::mem::take(&mut loaded.found))?;
    artifacts::write_manifest(settings, &loaded, &BTreeMap::new())?;
    settings.console.say(&format!("wrote {}/manifest.json", loaded.project.file.target_path));
    Ok(Exit::Success)
}
