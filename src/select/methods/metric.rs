//! `metric:revenue`, `metric:package.*`: metrics by name. With `+` before it, all that one is made of.

use crate::diagnostics::Diagnostic;
use crate::graph::Node;
use crate::parse::NodeKind;
use crate::select::Surroundings;
use crate::select::methods::{Method, Wanted, check_package_and_name, fits_package_and_name};

#[derive(Debug)]
pub(super) struct Metric;

impl Method for Metric {
    fn name(&self) -> &'static str {
        "metric"
    }

    fn check(&self, wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
        check_package_and_name(self.name(), wanted)
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        matches!(node.facts.kind, NodeKind::Metric(_)) && fits_package_and_name(wanted, node)
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        let is_one = matches!(node.facts.kind, NodeKind::Metric(_));
        if is_one { vec![node.facts.name.clone()] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_hint, check_refused, graph};

    #[test]
    fn by_name_and_package() {
        let graph = graph("a -> b -> metric_x; c -> metric_y");
        check(&graph, "metric:metric_x", "metric_x");
        check(&graph, "metric:shop.metric_*", "metric_x metric_y");
        check(&graph, "+metric:metric_x", "a b metric_x");
        check(&graph, "metric:a metric:other.*", "");
    }

    #[test]
    fn mistakes() {
        check_refused("metric:a.b.c", "metric:a.b.c", "write `metric:name`");
        check_hint(&graph("a -> metric_xyz"), "metric:metric_xzy", "did you mean `metric_xyz`?");
    }
}
