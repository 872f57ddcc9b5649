//! `saved_query:weekly`, `saved_query:package.*`: saved queries by name.

use crate::diagnostics::Diagnostic;
use crate::graph::Node;
use crate::parse::NodeKind;
use crate::select::Surroundings;
use crate::select::methods::{Method, Wanted, check_package_and_name, fits_package_and_name};

#[derive(Debug)]
pub(super) struct SavedQuery;

impl Method for SavedQuery {
    fn name(&self) -> &'static str {
        "saved_query"
    }

    fn check(&self, wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
        check_package_and_name(self.name(), wanted)
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        matches!(node.facts.kind, NodeKind::SavedQuery(_)) && fits_package_and_name(wanted, node)
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        let is_one = matches!(node.facts.kind, NodeKind::SavedQuery(_));
        if is_one { vec![node.facts.name.clone()] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_hint, check_refused, graph};

    #[test]
    fn by_name_and_package() {
        let graph = graph("a -> b -> saved_query_x; c -> saved_query_y");
        check(&graph, "saved_query:saved_query_x", "saved_query_x");
        check(&graph, "saved_query:shop.saved_query_*", "saved_query_x saved_query_y");
        check(&graph, "+saved_query:saved_query_x", "a b saved_query_x");
        check(&graph, "saved_query:a saved_query:other.*", "");
    }

    #[test]
    fn mistakes() {
        check_refused("saved_query:a.b.c", "saved_query:a.b.c", "write `saved_query:name`");
        check_hint(&graph("a -> saved_query_xyz"), "saved_query:saved_query_xzy", "did you mean `saved_query_xyz`?");
    }
}
