//! `semantic_model:orders`, `semantic_model:package.*`: semantic models by name.

use crate::diagnostics::Diagnostic;
use crate::graph::Node;
use crate::parse::NodeKind;
use crate::select::Surroundings;
use crate::select::methods::{Method, Wanted, check_package_and_name, fits_package_and_name};

#[derive(Debug)]
pub(super) struct SemanticModel;

impl Method for SemanticModel {
    fn name(&self) -> &'static str {
        "semantic_model"
    }

    fn check(&self, wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
        check_package_and_name(self.name(), wanted)
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        matches!(node.facts.kind, NodeKind::SemanticModel(_)) && fits_package_and_name(wanted, node)
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        let is_one = matches!(node.facts.kind, NodeKind::SemanticModel(_));
        if is_one { vec![node.facts.name.clone()] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_hint, check_refused, graph};

    #[test]
    fn by_name_and_package() {
        let graph = graph("a -> b -> semantic_model_x; c -> semantic_model_y");
        check(&graph, "semantic_model:semantic_model_x", "semantic_model_x");
        check(&graph, "semantic_model:shop.semantic_model_*", "semantic_model_x semantic_model_y");
        check(&graph, "+semantic_model:semantic_model_x", "a b semantic_model_x");
        check(&graph, "semantic_model:a semantic_model:other.*", "");
    }

    #[test]
    fn mistakes() {
        check_refused("semantic_model:a.b.c", "semantic_model:a.b.c", "write `semantic_model:name`");
        check_hint(
            &graph("a -> semantic_model_xyz"),
            "semantic_model:semantic_model_xzy",
            "did you mean `semantic_model_xyz`?",
        );
    }
}
