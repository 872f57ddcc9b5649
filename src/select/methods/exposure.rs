//! `exposure:weekly_report`, `exposure:package.*`: exposures by name. With `+` before it, all that one is made of.

use crate::diagnostics::Diagnostic;
use crate::graph::Node;
use crate::parse::NodeKind;
use crate::select::methods::{Method, Wanted, too_many_parts};
use crate::select::{Surroundings, wildcard};

#[derive(Debug)]
pub(super) struct Exposure;

impl Method for Exposure {
    fn name(&self) -> &'static str {
        "exposure"
    }

    fn check(&self, wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
        match parts(wanted.value) {
            Some(_) => Ok(()),
            None => Err(too_many_parts(wanted, "`exposure:name` or `exposure:package.name`")),
        }
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        matches!(node.facts.kind, NodeKind::Exposure(_))
            && parts(wanted.value).is_some_and(|(package, name)| {
                wildcard::fits(package, &node.facts.package) && wildcard::fits(name, &node.facts.name)
            })
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        match &node.facts.kind {
            NodeKind::Exposure(_) => vec![node.facts.name.clone()],
            NodeKind::Analysis | NodeKind::Model | NodeKind::Seed | NodeKind::Source(_) | NodeKind::Test(_) => {
                Vec::new()
            }
        }
    }
}

/// Package and name.
fn parts(value: &str) -> Option<(&str, &str)> {
    match value.split('.').collect::<Vec<_>>().as_slice() {
        [name] => Some(("*", name)),
        [package, name] => Some((package, name)),
        _ => None,
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
