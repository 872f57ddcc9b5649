//! `clean`: removes what can be made again.

use crate::cli::prepare;
use crate::cli::{Exit, Settings, Stop};
use crate::files::ProjectFiles;

pub(super) fn run(settings: &Settings) -> Result<Exit, Stop> {
    let loaded = prepare::load(settings)?;
    let file = &loaded.project.file;
    let paths = &file.paths;
    let precious = [&paths.models, &paths.seeds, &paths.tests, &paths.macros, &paths.snapshots, &paths.analyses];
    for target in &file.clean_targets {
        let clean = target.trim_start_matches("./").trim_end_matches('/');
        let outside =
            clean.is_empty() || clean == "." || clean.starts_with('/') || clean.split('/').any(|it| it == "..");
        // As in dbt: never outside of the project, never what people have written.
        if outside || precious.iter().any(|folders| folders.iter().any(|it| it.starts_with(clean))) {
            return Err(Stop::Outside(format!(
                "`{target}` in clean-targets is not removed: it holds more than what can be made again"
            )));
        }
        if settings.files.exists(clean) {
            let removed = settings.files.remove(clean);
            removed.map_err(|error| Stop::Outside(format!("cannot remove {clean}: {error}")))?;
            settings.console.say(&format!("removed {clean}"));
        }
    }
    Ok(Exit::Success)
}
