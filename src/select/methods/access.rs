//! `access:public`: models by who may refer to them. Compared whole: `private`, `protected` or `public`.

use crate::graph::Node;
use crate::parse::NodeKind;
use crate::select::Surroundings;
use crate::select::methods::{Method, Wanted};

#[derive(Debug)]
pub(super) struct Access;

impl Method for Access {
    fn name(&self) -> &'static str {
        "access"
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        matches!(node.facts.kind, NodeKind::Model) && node.facts.access() == wanted.value
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        let is_model = matches!(node.facts.kind, NodeKind::Model);
        if is_model { vec![node.facts.access().to_owned()] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_hint, graph};

    #[test]
    fn models_are_protected_unless_they_say_otherwise() {
        let graph = graph("seed_s -> a -> b; a: access=public");
        check(&graph, "access:public", "a");
        check(&graph, "access:protected", "b");
        check_hint(&graph, "access:pubic", "did you mean `public`?");
    }
}
