//! Earlier states: read for `state:`, `result:` and `source_status:`, and deferred to with `--defer`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::artifacts;
use crate::cli::prepare::{self, Loaded};
use crate::cli::{Settings, Stop};
use crate::files::{Disk, ProjectFiles};
use crate::jinja::RelationName;
use crate::materialize::Existing;
use crate::parse::NodeId;
use crate::project::Json;
use crate::select::State;

/// The state that `--state` names, beside the project as it is now.
pub(super) fn state(settings: &Settings, loaded: &Loaded) -> Result<Option<State>, Stop> {
    let Some(folder) = &settings.state_folder else { return Ok(None) };
    warn_of_target(settings, loaded, folder);
    let before = read(settings, folder, "manifest.json")?;
    let now = artifacts::manifest(&loaded.project, &loaded.graph, &BTreeMap::new());
    let now = serde_json::to_value(now).map_err(Stop::outside)?;
    let mut state = State::new(folder.display().to_string(), before, now);
    state.results = read(settings, folder, "run_results.json")?;
    state.sources = read(settings, folder, "sources.json")?;
    state.sources_now = read(settings, Path::new(&loaded.project.file.target_path), "sources.json")?;
    Ok(Some(state))
}

/// A state that is written over while it is read; in dbt's words.
fn warn_of_target(settings: &Settings, loaded: &Loaded, folder: &Path) {
    if settings.folder.join(folder) == settings.folder.join(&loaded.project.file.target_path) {
        settings.console.say(&format!(
            "Warning: The state and target directories are the same: '{}'. This could lead to missing changes due to \
             overwritten state including non-idempotent retries.",
            folder.display()
        ));
    }
}

/// One file of a state; null where it is not there.
pub(super) fn read(settings: &Settings, folder: &Path, name: &str) -> Result<Json, Stop> {
    let folder = Disk::new(settings.folder.join(folder));
    if !folder.exists(name) {
        return Ok(Json::Null);
    }
    let wrong = |why: String| Stop::Outside(format!("cannot read {name} of the state: {why}"));
    let bytes = folder.read(name).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| wrong(format!("it is no JSON: {error}")))
}

/// The manifest that is deferred to, or cloned from.
///
/// # Errors
/// It is not named, or not there; in dbt's words.
pub(super) fn manifest(settings: &Settings, loaded: &Loaded) -> Result<Json, Stop> {
    let named = settings.flags.value("defer-state").map(Path::new).or(settings.state_folder.as_deref());
    let Some(folder) = named else {
        let words = "--state or --defer-state are required for deferral, but neither was provided";
        return Err(Stop::Outside(words.to_owned()));
    };
    warn_of_target(settings, loaded, folder);
    let manifest = read(settings, folder, "manifest.json")?;
    if manifest.is_null() {
        let words = format!("Could not find manifest in --state path: \"{}\"", folder.display());
        return Err(Stop::Outside(words));
    }
    Ok(manifest)
}

/// With `--defer`: what is not selected, and not in the warehouse, is read from where the state has it. As in dbt, with
/// `--favor-state` also what is in the warehouse.
pub(super) async fn defer(settings: &Settings, loaded: &mut Loaded, chosen: &[NodeId]) -> Result<(), Stop> {
    if settings.flags.on("defer") != Some(true) {
        return Ok(());
    }
    let manifest = manifest(settings, loaded)?;
    let favours = settings.flags.on("favor-state") == Some(true);
    let warehouse = prepare::warehouse(settings, &loaded.project)?;
    let mut moved = BTreeMap::new();
    for node in loaded.graph.nodes().filter(|it| it.facts.can_be_read() && !it.facts.is_ephemeral()) {
        let id = &node.facts.id;
        if chosen.contains(id) {
            continue;
        }
        let Some(relation) = relation(&manifest["nodes"][id.as_str()]) else { continue };
        let is_there = matches!(warehouse.existing(&node.facts.relation).await.0, Existing::Table | Existing::View);
        if favours || !is_there {
            moved.insert(id.clone(), relation);
        }
    }
    loaded.graph = Arc::new(loaded.graph.deferred(&moved));
    Ok(())
}

/// The relation of a node in a manifest.
pub(super) fn relation(node: &Json) -> Option<RelationName> {
    let text = |key: &str| node.get(key).and_then(Json::as_str);
    Some(RelationName::new(text("database")?, text("schema")?, text("alias")?))
}
