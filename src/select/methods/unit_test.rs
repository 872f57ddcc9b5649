//! `unit_test:totals`, `unit_test:package.*`: unit tests by name.

use crate::diagnostics::Diagnostic;
use crate::graph::Node;
use crate::parse::NodeKind;
use crate::select::Surroundings;
use crate::select::methods::{Method, Wanted, check_package_and_name, fits_package_and_name};

#[derive(Debug)]
pub(super) struct UnitTest;

impl Method for UnitTest {
    fn name(&self) -> &'static str {
        "unit_test"
    }

    fn check(&self, wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
        check_package_and_name(self.name(), wanted)
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        matches!(node.facts.kind, NodeKind::UnitTest(_)) && fits_package_and_name(wanted, node)
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        let is_one = matches!(node.facts.kind, NodeKind::UnitTest(_));
        if is_one { vec![node.facts.name.clone()] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_hint, check_refused, graph};

    #[test]
    fn by_name_and_package() {
        let graph = graph("a -> b -> unit_test_x; c -> unit_test_y");
        check(&graph, "unit_test:unit_test_x", "unit_test_x");
        check(&graph, "unit_test:shop.unit_test_*", "unit_test_x unit_test_y");
        check(&graph, "+unit_test:unit_test_x", "a b unit_test_x");
        check(&graph, "unit_test:a unit_test:other.*", "");
    }

    #[test]
    fn mistakes() {
        check_refused("unit_test:a.b.c", "unit_test:a.b.c", "write `unit_test:name`");
        check_hint(&graph("a -> unit_test_xyz"), "unit_test:unit_test_xzy", "did you mean `unit_test_xyz`?");
    }
}
