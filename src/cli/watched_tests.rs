//! The tests that monitors select.

use std::collections::BTreeMap;

use crate::cli::prepare::Loaded;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::graph::Node;
use crate::parse::{NodeId, NodeKind, ResourceType};
use crate::select::{self, Knowledge, Selection, Selectors};

/// Of each of these monitors that selects tests, the tests, in the order of their ids; and what is wrong with what it
/// says.
pub(super) fn find(loaded: &Loaded, monitors: &[NodeId]) -> (BTreeMap<NodeId, Vec<NodeId>>, Diagnostics) {
    let mut found = Diagnostics::new();
    let mut tests = BTreeMap::new();
    for node in monitors.iter().filter_map(|id| loaded.graph.get(id)) {
        if let Some(of_monitor) = of(loaded, node, &mut found) {
            tests.insert(node.facts.id.clone(), of_monitor);
        }
    }
    (tests, found)
}

fn of(loaded: &Loaded, node: &Node, found: &mut Diagnostics) -> Option<Vec<NodeId>> {
    let NodeKind::Monitor(facts) = &node.facts.kind else { return None };
    let wanted = facts.monitor.watch.tests()?;
    let selection = Selection {
        select: wanted.select.clone(),
        exclude: wanted.exclude.clone(),
        resource_types: vec![ResourceType::Test, ResourceType::UnitTest],
        project: loaded.project.file.name.value.clone(),
        ..Selection::default()
    };
    let selectors = Selectors::of(&loaded.project, &mut Diagnostics::new());
    let knowledge = Knowledge { selectors: Some(&selectors), state: None };
    let (chosen, problems) = select::select(&selection, &loaded.graph, &knowledge);
    let nothing_said = problems.is_empty();
    for mut problem in problems {
        // It speaks of the command line, where this text is not from.
        problem.message = format!("{}: {}", node.facts.display(), problem.message.replace("--", ""));
        problem.place = Some(wanted.place.clone());
        found.push(problem);
    }
    if chosen.is_empty() && nothing_said {
        let words = format!("{} selects no tests: `{}`", node.facts.display(), wanted.select.join(" "));
        found.push(Diagnostic::warning(Code::NothingSelected, words).at(wanted.place));
    }
    Some(chosen.into_iter().collect())
}
