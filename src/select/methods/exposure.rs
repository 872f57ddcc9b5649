//! `exposure:weekly_report`, `exposure:package.*`: exposures by name. With `+` before it, all that one is made of.

use crate::diagnostics::Diagnostic;
use crate::graph::Node;
use crate::parse::NodeKind;
use crate::select::Surroundings;
use crate::select::methods::{Method, Wanted, check_package_and_name, fits_package_and_name};

#[derive(Debug)]
pub(super) struct Exposure;

impl Method for Exposure {
    fn name(&self) -> &'static str {
        "exposure"
    }

    fn check(&self, wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
        check_package_and_name(self.name(), wanted)
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        matches!(node.facts.kind, NodeKind::Exposure(_)) && fits_package_and_name(wanted, node)
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        let is_one = matches!(node.facts.kind, NodeKind::Exposure(_));
        if is_one { vec![node.facts.name.clone()] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_hint, check_refused, graph};

    const REPORTS: &str = "a -> b -> exposure_weekly; c -> exposure_daily";

    #[test]
    fn by_name_and_package() {
        check(&graph(REPORTS), "exposure:exposure_weekly", "exposure_weekly");
        check(&graph(REPORTS), "exposure:shop.exposure_*", "exposure_daily exposure_weekly");
        check(&graph(REPORTS), "exposure:other.*", "");
        check(&graph(REPORTS), "exposure:a", "");
    }

    #[test]
    fn with_all_that_it_is_made_of() {
        check(&graph(REPORTS), "+exposure:exposure_weekly", "a b exposure_weekly");
        check(&graph(REPORTS), "1+exposure:exposure_weekly", "b exposure_weekly");
    }

    #[test]
    fn mistakes() {
        check_refused("exposure:a.b.c", "exposure:a.b.c", "write `exposure:name`");
        check_hint(&graph(REPORTS), "exposure:exposure_wekly", "did you mean `exposure_weekly`?");
    }
}
