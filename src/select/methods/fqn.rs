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
        let (fqn, is_versioned) = (node.facts.fqn.as_slice(), node.facts.model.version.is_some());
        let fits = |fqn: &[String]| name_fits(wanted.value, fqn, is_versioned);
        !is_source(node) && (fits(fqn) || fits(fqn.get(1..).unwrap_or_default()))
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
/// all the rest. The last part of a versioned model is its version: its name is the one before.
fn name_fits(wanted: &str, fqn: &[String], is_versioned: bool) -> bool {
    let leaf = match (is_versioned, fqn) {
        (true, [.., name, _]) => Some(name),
        (_, fqn) => fqn.last(),
    };
    if leaf.is_some_and(|it| it == wanted) {
        return true;
    }
    let parts: Vec<&str> = wanted.split('.').collect();
    if is_versioned && fqn.len() > 1 {
        // `orders.v2` and `orders_v2` both mean that version.
        let last_two = |all: &[&str]| all[all.len().saturating_sub(2)..].join("_");
        let fqn: Vec<&str> = fqn.iter().map(String::as_str).collect();
        if last_two(&fqn) == last_two(&parts) {
            return true;
        }
    }
    // A dot in a name separates like one between names.
    let flat: Vec<&str> = fqn.iter().flat_map(|it| it.split('.')).collect();
    if flat.len() < parts.len() {
        return false;
    }
    let plain = parts.iter().take_while(|it| !wildcard::is_pattern(it)).count();
    if parts[..plain] != flat[..plain] {
        return false;
    }
    if plain == parts.len() {
        return true;
    }
    // Since dbt 1.11, a pattern without a dot is compared with the name alone too.
    wildcard::fits(&parts[plain..].join("."), &flat[plain..].join("."))
        || parts.len() == 1 && leaf.is_some_and(|it| wildcard::fits(wanted, it))
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
        check(&graph(NESTED), "stg_*", "stg_a stg_b");
        check(&graph(NESTED), "st*.stg_*", "stg_a stg_b");
        check(&graph(NESTED), "staging.*.stg_[ac]", "stg_a");
        check(&graph(NESTED), "*.staging.*.stg_b", "stg_b");
        check(&graph(NESTED), "fqn:*", "stg_a stg_b fct helper");
    }

    #[test]
    fn a_versioned_model_by_its_name_and_by_its_version() {
        let graph = graph("m_a; m_b; m_a: v=1 latest=2 called=m; m_b: v=2 latest=2 called=m");
        check(&graph, "m", "m.v1 m.v2");
        check(&graph, "m.v1", "m.v1");
        check(&graph, "m_v2", "m.v2");
        check(&graph, "shop.m.v2", "m.v2");
    }

    #[test]
    fn what_fits_nothing_gets_advice() {
        check_hint(&graph(NESTED), "stg_c", "did you mean `stg_a`?");
        check_hint(&graph(NESTED), "fcts+", "did you mean `fct`?");
        check_hint(&graph(NESTED), "raw.events", "`source:raw.events`");
        check_hint(&graph(NESTED), "raw+", "`source:raw`");
    }
}
