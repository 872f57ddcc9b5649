//! Sources that can't be read: one of them is no reason not to look at the others.

use crate::cli::prepare::Planned;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::graph::Node;
use crate::parse::NodeId;

/// Those of the sources that could not be read, each with the reason; and the rest of what was found.
pub(super) fn unread(
    sources: &[&Node],
    planned: &Planned,
    found: Diagnostics,
) -> (Vec<(NodeId, Diagnostic)>, Diagnostics) {
    let mut about = Vec::new();
    let mut others = Diagnostics::new();
    let unread: Vec<&&Node> = sources.iter().filter(|it| !planned.plan.sources.contains_key(&it.facts.id)).collect();
    for problem in found {
        match unread.iter().find(|it| problem.message.contains(&it.facts.display())) {
            Some(source) => about.push((source.facts.id.clone(), problem)),
            None => others.push(problem),
        }
    }
    (about, others)
}
