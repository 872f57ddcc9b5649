//! Configuration of the project file that is about nothing in the project, as dbt's `UnusedResourceConfigPath` has it.

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::parse::facts::ParsedNode;
use crate::parse::kinds::NodeKind;
use crate::project::ProjectFile;

/// Warns of each such path of the root project.
pub(super) fn report(file: &ProjectFile, nodes: &[&ParsedNode], found: &mut Diagnostics) {
    for (section, tree) in &file.configs {
        for (path, place) in tree.paths() {
            let is_used = nodes.iter().any(|it| is_of(section, &it.facts.kind) && it.facts.fqn.starts_with(&path));
            if !is_used {
                let path = path.join(".");
                found.push(
                    Diagnostic::warning(
                        Code::UnusedConfig,
                        format!("nothing in the project is configured by `{section}.{path}`"),
                    )
                    .at_if(place)
                    .help("a path is the package's name, then folders below the resource folder"),
                );
            }
        }
    }
}

/// Whether a section of the project file is about nodes of a kind.
fn is_of(section: &str, kind: &NodeKind) -> bool {
    match section {
        "data_tests" => matches!(kind, NodeKind::Test(_)),
        "exposures" => matches!(kind, NodeKind::Exposure(_)),
        "functions" => matches!(kind, NodeKind::Function(_)),
        "metrics" => matches!(kind, NodeKind::Metric(_)),
        "models" => matches!(kind, NodeKind::Model | NodeKind::Analysis),
        "saved_queries" => matches!(kind, NodeKind::SavedQuery(_)),
        "seeds" => matches!(kind, NodeKind::Seed),
        "semantic_models" => matches!(kind, NodeKind::SemanticModel(_)),
        "snapshots" => matches!(kind, NodeKind::Snapshot(_)),
        "sources" => matches!(kind, NodeKind::Source(_)),
        "unit_tests" => matches!(kind, NodeKind::UnitTest(_)),
        _ => true,
    }
}
