//! `version:latest`, `version:old`, `version:prerelease`, `version:none`: models by where their version stands.

use crate::diagnostics::{Code, Diagnostic, closest};
use crate::graph::Node;
use crate::parse::NodeKind;
use crate::select::Surroundings;
use crate::select::methods::{Method, Wanted};

const KNOWN: &[&str] = &["latest", "none", "old", "prerelease"];

#[derive(Debug)]
pub(super) struct Version;

impl Method for Version {
    fn name(&self) -> &'static str {
        "version"
    }

    fn check(&self, wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
        if KNOWN.contains(&wanted.value) {
            return Ok(());
        }
        Err(Diagnostic::error(Code::BadSelector, format!("there is no kind of version `{}`", wanted.value))
            .help_if(closest(wanted.value, KNOWN.iter().copied()), |it| format!("did you mean `{it}`?"))
            .note(format!("there are {}", KNOWN.join(", "))))
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        kind(node) == Some(wanted.value)
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        kind(node).map(str::to_owned).into_iter().collect()
    }
}

fn kind(node: &Node) -> Option<&'static str> {
    if !matches!(node.facts.kind, NodeKind::Model) {
        return None;
    }
    let model = &node.facts.model;
    let (Some(version), Some(latest)) = (&model.version, &model.latest_version) else { return Some("none") };
    Some(match version.compare(latest) {
        std::cmp::Ordering::Less => "old",
        std::cmp::Ordering::Equal => "latest",
        std::cmp::Ordering::Greater => "prerelease",
    })
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_refused, graph};

    #[test]
    fn each_kind() {
        let graph = graph("a; b; c; d; seed_s; a: v=1 latest=2; b: v=2 latest=2; c: v=10 latest=2");
        check(&graph, "version:old", "a.v1");
        check(&graph, "version:latest", "b.v2");
        check(&graph, "version:prerelease", "c.v10");
        check(&graph, "version:none", "d");
    }

    #[test]
    fn mistakes() {
        check_refused("version:lates", "version:lates", "did you mean `latest`?");
    }
}
