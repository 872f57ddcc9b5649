//! `resource_type:model`: nodes of a type. dbt's words for types that are never part of a graph fit nothing.

use crate::diagnostics::{Code, Diagnostic, closest};
use crate::graph::Node;
use crate::parse;
use crate::select::Surroundings;
use crate::select::methods::{Method, Wanted};

/// The other values of dbt's `NodeType`, which no node of the graph has.
const ELSEWHERE: &[&str] = &["doc", "fixture", "group", "macro", "rpc", "sql_operation"];

#[derive(Debug)]
pub(super) struct ResourceType;

impl Method for ResourceType {
    fn name(&self) -> &'static str {
        "resource_type"
    }

    fn check(&self, wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
        let known = parse::ResourceType::ALL.map(parse::ResourceType::as_str);
        if known.contains(&wanted.value) || ELSEWHERE.contains(&wanted.value) {
            return Ok(());
        }
        Err(Diagnostic::error(Code::BadSelector, format!("there is no resource type `{}`", wanted.value))
            .help_if(closest(wanted.value, known), |it| format!("did you mean `{it}`?"))
            .note(format!("there are {}", known.join(", "))))
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        node.facts.resource_type().as_str() == wanted.value
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        vec![node.facts.resource_type().as_str().to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_refused, graph};

    const ALL_TYPES: &str = "raw.events -> a -> test_t; a -> exposure_e; a -> analysis_x; seed_s -> a; a -> snapshot_k";

    #[test]
    fn each_type() {
        check(&graph(ALL_TYPES), "resource_type:test", "test_t");
        check(&graph(ALL_TYPES), "resource_type:exposure", "exposure_e");
        check(&graph(ALL_TYPES), "resource_type:analysis", "analysis_x");
        check(&graph(ALL_TYPES), "resource_type:seed", "seed_s");
        check(&graph(ALL_TYPES), "resource_type:source", "raw.events");
        check(&graph("a -> b; seed_s -> a"), "resource_type:model", "a b");
        check(&graph(ALL_TYPES), "resource_type:snapshot", "snapshot_k");
        check(&graph(ALL_TYPES), "resource_type:metric resource_type:macro", "");
    }

    #[test]
    fn mistakes() {
        check_refused("resource_type:modle", "resource_type:modle", "did you mean `model`?");
    }
}
