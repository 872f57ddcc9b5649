//! `package:shop`, `package:dbt_*`, `package:this`: nodes of a package; `this` is the root project.

use crate::graph::Node;
use crate::select::methods::{Method, Wanted};
use crate::select::{Surroundings, wildcard};

#[derive(Debug)]
pub(super) struct Package;

impl Method for Package {
    fn name(&self) -> &'static str {
        "package"
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, surroundings: &Surroundings<'_>) -> bool {
        let package = if wanted.value == "this" { surroundings.project } else { wanted.value };
        wildcard::fits(package, &node.facts.package)
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        vec![node.facts.package.clone()]
    }
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_hint, graph};

    const TWO: &str = "raw.events -> a -> b; helper -> b; helper: package=dbt_tools path=dbt_packages/x/models/h.sql";

    #[test]
    fn by_name_or_pattern() {
        check(&graph(TWO), "package:dbt_tools", "helper");
        check(&graph(TWO), "package:dbt_*", "helper");
        check(&graph(TWO), "package:shop", "raw.events a b");
    }

    #[test]
    fn this_is_the_root_project() {
        check(&graph(TWO), "package:this", "raw.events a b");
    }

    #[test]
    fn the_nearest_package_is_offered() {
        check_hint(&graph(TWO), "package:dbt_tool", "did you mean `dbt_tools`?");
    }
}
