//! `compile`: the final SQL of models and tests, written below the target folder.

use crate::cli::arguments::Selecting;
use crate::cli::prepare::{self, Purpose};
use crate::cli::{Exit, Settings, Stop};
use crate::parse::ResourceType;

pub(super) fn run(settings: &Settings, selecting: &Selecting) -> Result<Exit, Stop> {
    let mut loaded = prepare::load(settings)?;
    let types = [ResourceType::Analysis, ResourceType::Model, ResourceType::Test];
    let chosen = prepare::choose(settings, &mut loaded, selecting, &types)?;
    let (planned, found) =
        prepare::runtime()?.block_on(prepare::plan(settings, &mut loaded, &chosen, Purpose::Plan))?;
    prepare::report(settings, found)?;
    prepare::write_compiled(settings, &loaded, &planned.plan, &chosen)?;
    if let ([id], false) = (chosen.as_slice(), selecting.select.is_empty())
        && let Some(model) = planned.plan.models.get(id)
    {
        settings.console.print(model.sql.trim());
        return Ok(Exit::Success);
    }
    let folder = format!("{}/compiled", loaded.project.file.target_path);
    settings.console.say(&format!("compiled {} nodes into {folder}", chosen.len()));
    Ok(Exit::Success)
}
