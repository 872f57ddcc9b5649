//! `list`: names, paths, selectors or JSON of nodes.

use std::collections::BTreeMap;

use crate::artifacts;
use crate::cli::arguments::{ListOutput, Selecting};
use crate::cli::prepare;
use crate::cli::{Exit, Settings, Stop};
use crate::diagnostics::{Code, Diagnostic};
use crate::graph::Node;
use crate::parse::{NodeKind, ResourceType};
use crate::project::Json;

/// The keys of JSON where none are asked for: dbt's `ALLOWED_KEYS`.
const KEYS: [&str; 10] = [
    "alias",
    "config",
    "depends_on",
    "name",
    "original_file_path",
    "package_name",
    "resource_type",
    "source_name",
    "tags",
    "unique_id",
];

pub(super) fn run(
    settings: &Settings,
    selecting: &Selecting,
    output: ListOutput,
    keys: &[String],
) -> Result<Exit, Stop> {
    let mut loaded = prepare::load(settings)?;
    // Hooks are never listed; analyses where all is asked for: dbt's `DEFAULT_RESOURCE_VALUES`. Monitors are listed where
    // they are asked for: who reads lists of dbt's knows none.
    let all = selecting.resource_type.iter().any(|it| it == "all");
    let is_listed = |it: &ResourceType| match it {
        ResourceType::Monitor | ResourceType::Operation => false,
        ResourceType::Analysis => all,
        _ => true,
    };
    let types: Vec<ResourceType> = ResourceType::ALL.into_iter().filter(is_listed).collect();
    let chosen = prepare::choose(settings, &mut loaded, selecting, &types)?;
    if chosen.is_empty() && loaded.found.is_empty() {
        loaded.found.push(Diagnostic::warning(Code::NothingSelected, "no nodes are selected"));
    }
    prepare::report(settings, std::mem::take(&mut loaded.found))?;
    let manifest = match output {
        ListOutput::Json => {
            let manifest = artifacts::manifest(&loaded.project, &loaded.graph, &BTreeMap::new());
            serde_json::to_value(manifest).map_err(Stop::outside)?
        }
        ListOutput::Name | ListOutput::Path | ListOutput::Selector => Json::Null,
    };
    // As in dbt, in the order of the ids.
    let mut nodes: Vec<&Node> = chosen.iter().filter_map(|id| loaded.graph.get(id)).collect();
    nodes.sort_by(|a, b| a.facts.id.cmp(&b.facts.id));
    for node in nodes {
        settings.console.print(&line(node, output, keys, &manifest));
    }
    Ok(Exit::Success)
}

fn line(node: &Node, output: ListOutput, keys: &[String], manifest: &Json) -> String {
    let facts = &node.facts;
    match output {
        ListOutput::Name => match &facts.kind {
            NodeKind::Source(source) => format!("{}.{}", source.source, facts.name),
            _ => facts.full_name(),
        },
        ListOutput::Path => facts.path.clone(),
        ListOutput::Selector => {
            let named = |kind: &str| format!("{kind}:{}.{}", facts.package, facts.name);
            match &facts.kind {
                NodeKind::Source(source) => format!("source:{}.{}.{}", facts.package, source.source, facts.name),
                NodeKind::UnitTest(test) => {
                    let version = test.version.as_ref().map(|it| format!("_{it}")).unwrap_or_default();
                    format!("unit_test:{}.{}{version}", facts.package, facts.name)
                }
                NodeKind::Exposure(_) => named("exposure"),
                NodeKind::Metric(_) => named("metric"),
                NodeKind::Monitor(_) => named("monitor"),
                NodeKind::SavedQuery(_) => named("saved_query"),
                NodeKind::SemanticModel(_) => named("semantic_model"),
                _ => facts.fqn.join("."),
            }
        }
        ListOutput::Json => {
            let sections = manifest.as_object().into_iter().flat_map(|it| it.values());
            let entry = sections.filter_map(|it| it.get(facts.id.as_str())).find(|it| it.get("unique_id").is_some());
            json(entry.unwrap_or(&Json::Null), keys).to_string()
        }
    }
}

/// The keys that are asked for, nested ones with dots, or dbt's usual ones.
fn json(entry: &Json, keys: &[String]) -> Json {
    if keys.is_empty() {
        let usual = entry.as_object().into_iter().flatten().filter(|(key, _)| KEYS.contains(&key.as_str()));
        return Json::Object(usual.map(|(key, value)| (key.clone(), value.clone())).collect());
    }
    let mut found = serde_json::Map::new();
    for key in keys.iter().flat_map(|it| it.split_whitespace()) {
        let value = key.split('.').try_fold(entry, |value, part| value.get(part));
        // As in dbt: a nested key that leads nowhere is left out.
        if let Some(value) = value.filter(|it| !key.contains('.') || !it.is_null()) {
            found.insert(key.to_owned(), value.clone());
        }
    }
    Json::Object(found)
}
