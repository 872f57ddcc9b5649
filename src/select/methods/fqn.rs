//! `fqn:shop.staging.stg_events`, or just `stg_events`: nodes by their fully qualified name, package, folders and name
//! joined by dots. The rules are those of `is_selected_node` in `dbt/graph/selector_methods.py` (dbt-core 1.11).

use crate::graph::Node;
use crate::parse::NodeKind;
use crate::select::methods::{Method, Wanted, did_you_mean};
use crate::select::{Surroundings, wildcard};

#[derive(Debug)]
pub(super) struct Fqn;

impl Method for Fqn {
    fn name(&self) -> &'static str {
        "fqn"
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        // dbt selects sources by `source:` only.
        let fqn = node.facts.fqn.as_slice();
        !is_source(node) && (name_fits(wanted.value, fqn) || name_fits(wanted.value, fqn.get(1..).unwrap_or_default()))
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        if is_source(node) { Vec::new() } else { vec![node.facts.name.clone()] }
    }

    fn advice(&self, wanted: &Wanted<'_>, surroundings: &Surroundings<'_>) -> Option<String> {
        let value = wanted.value;
        let nodes = || surroundings.graph.nodes();
        if let Some(source) = nodes().find_map(|it| source_called(value, it)) {
            return Some(format!("there is a source of that name: `source:{source}`"));
        }
        // The one surprise of these rules: `stg_*` is compared with the whole of `staging.stg_events`.
        if wildcard::is_pattern(value) && nodes().any(|it| !is_source(it) && wildcard::fits(value, &it.facts.name)) {
            return Some(format!("a pattern is compared with the folders too; write `*.{value}` or `file:{value}`"));
        }
        let values = surroundings.graph.nodes().flat_map(|it| self.values(wanted, it, surroundings));
        did_you_mean(wanted, values.collect())
    }
}

fn is_source(node: &Node) -> bool {
    matches!(node.facts.kind, NodeKind::Source(_))
}

/// What follows `source:` for a source table that people call by this name.
fn source_called(value: &str, node: &Node) -> Option<String> {
    let NodeKind::Source(facts) = &node.facts.kind else { return None };
    let full = format!("{}.{}", facts.source, node.facts.name);
    if value == facts.source {
        return Some(value.to_owned());
    }
    (value == full || value == node.facts.name).then_some(full)
}

/// Whether it is the last part, or parts from the first on; from the first part with a wildcard, it is one pattern for
/// all the rest.
fn name_fits(wanted: &str, fqn: &[String]) -> bool {
    if fqn.last().is_some_and(|it| it == wanted) {
        return true;
    }
    // A dot in a name separates like one between names.
    let flat: Vec<&str> = fqn.iter().flat_map(|it| it.split('.')).collect();
    let parts: Vec<&str> = wanted.split('.').collect();
    if flat.len() < parts.len() {
        return false;
    }
    let plain = parts.iter().take_while(|it| !wildcard::is_pattern(it)).count();
    parts[..plain] == flat[..plain]
        && (plain == parts.len() || wildcard::fits(&parts[plain..].join("."), &flat[plain..].join(".")))
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_hint, graph};

    const NESTED: &str = "
        raw.events -> stg_a -> stg_b -> fct
        stg_a: path=models/staging/web/stg_a.sql
        stg_b: path=models/staging/shop/stg_b.sql
        fct: path=models/fct.sql
        helper -> fct
        helper: package=tools path=dbt_packages/tools/models/staging/helper.sql";

    #[test]
    fn a_name_alone() {
        check(&graph(NESTED), "stg_a", "stg_a");
        check(&graph(NESTED), "fqn:helper", "helper");
        check(&graph(NESTED), "stg", "");
    }

    #[test]
    fn parts_from_the_first_on_with_or_without_the_package() {
        check(&graph(NESTED), "staging", "stg_a stg_b helper");
        check(&graph(NESTED), "shop.staging", "stg_a stg_b");
        check(&graph(NESTED), "staging.shop", "stg_b");
        check(&graph(NESTED), "shop", "stg_a stg_b fct");
        check(&graph(NESTED), "tools.staging.helper", "helper");
        check(&graph(NESTED), "web", "");
        check(&graph(NESTED), "staging.web.stg_a.x", "");
    }

    #[test]
    fn a_wildcard_fits_all_the_rest() {
        check(&graph(NESTED), "staging.*", "stg_a stg_b helper");
        check(&graph(NESTED), "*stg_?", "stg_a stg_b");
        check(&graph(NESTED), "staging.*.stg_[ac]", "stg_a");
        check(&graph(NESTED), "*.staging.*.stg_b", "stg_b");
        check(&graph(NESTED), "fqn:*", "stg_a stg_b fct helper");
    }

    #[test]
    fn what_fits_nothing_gets_advice() {
        check_hint(&graph(NESTED), "stg_c", "did you mean `stg_a`?");
        check_hint(&graph(NESTED), "fcts+", "did you mean `fct`?");
        check_hint(&graph(NESTED), "stg_*", "write `*.stg_*`");
        check_hint(&graph(NESTED), "raw.events", "`source:raw.events`");
        check_hint(&graph(NESTED), "raw+", "`source:raw`");
    }
}
