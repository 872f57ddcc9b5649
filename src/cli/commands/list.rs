//! `list`: names, paths, selectors or JSON of nodes.

use crate::cli::arguments::{ListOutput, Selecting};
use crate::cli::prepare;
use crate::cli::{Exit, Settings, Stop};
use crate::graph::Node;
use crate::parse::NodeKind;

pub(super) fn run(settings: &Settings, selecting: &Selecting, output: ListOutput) -> Result<Exit, Stop> {
    let mut loaded = prepare::load(settings)?;
    let chosen = prepare::choose(&mut loaded, selecting, &[])?;
    prepare::report(settings, std::mem::take(&mut loaded.found))?;
    let mut lines: Vec<String> =
        chosen.iter().filter_map(|id| loaded.graph.get(id)).map(|it| line(it, output)).collect();
    lines.sort();
    for line in lines {
        settings.console.print(&line);
    }
    Ok(Exit::Success)
}

fn line(node: &Node, output: ListOutput) -> String {
    let facts = &node.facts;
    match output {
        ListOutput::Name => facts.name.clone(),
        ListOutput::Path => facts.path.clone(),
        ListOutput::Selector => match &facts.kind {
            NodeKind::Source(source) => format!("source:{}.{}.{}", facts.package, source.source, facts.name),
            NodeKind::Exposure(_) => format!("exposure:{}.{}", facts.package, facts.name),
            _ => facts.fqn.join("."),
        },
        ListOutput::Json => {
            let config: serde_json::Map<_, _> = facts.config.iter().map(|(k, v)| (k.to_owned(), v.clone())).collect();
            serde_json::json!({
                "name": facts.name,
                "resource_type": facts.resource_type().as_str(),
                "package_name": facts.package,
                "original_file_path": facts.path,
                "unique_id": facts.id.as_str(),
                "alias": facts.relation.identifier,
                "config": config,
                "tags": facts.config.tags(),
                "depends_on": {"nodes": node.inputs.iter().map(|it| it.as_str()).collect::<Vec<_>>(), "macros": node.macros},
            })
            .to_string()
        }
    }
}
