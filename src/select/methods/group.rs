//! `group:finance`, `group:fin*`: nodes by the group that they are configured to be in.

use crate::graph::Node;
use crate::parse::NodeKind;
use crate::select::methods::{Method, Wanted};
use crate::select::{Surroundings, wildcard};

#[derive(Debug)]
pub(super) struct Group;

impl Method for Group {
    fn name(&self) -> &'static str {
        "group"
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        group(node).is_some_and(|it| wildcard::fits(wanted.value, it))
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        group(node).map(str::to_owned).into_iter().collect()
    }
}

/// As in dbt, of what stands in a manifest's `nodes`, and of metrics.
fn group(node: &Node) -> Option<&str> {
    let has_none = matches!(
        node.facts.kind,
        NodeKind::Exposure(_)
            | NodeKind::Function(_)
            | NodeKind::Monitor(_)
            | NodeKind::SavedQuery(_)
            | NodeKind::SemanticModel(_)
            | NodeKind::Source(_)
            | NodeKind::UnitTest(_)
    );
    if has_none { None } else { node.facts.config.text("group") }
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_hint, graph};

    #[test]
    fn by_name_or_pattern() {
        let graph = graph("a -> b -> metric_m; a: group=finance; metric_m: group=fun");
        check(&graph, "group:finance", "a");
        check(&graph, "group:f*", "a metric_m");
        check_hint(&graph, "group:finanze", "did you mean `finance`?");
    }
}
