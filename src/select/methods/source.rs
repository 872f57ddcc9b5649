//! `source:shop`, `source:shop.orders`, `source:package.shop.orders`: source tables, each part with wildcards.

use crate::diagnostics::Diagnostic;
use crate::graph::Node;
use crate::parse::NodeKind;
use crate::select::methods::{Method, Wanted, too_many_parts};
use crate::select::{Surroundings, wildcard};

#[derive(Debug)]
pub(super) struct Source;

impl Method for Source {
    fn name(&self) -> &'static str {
        "source"
    }

    fn check(&self, wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
        match parts(wanted.value) {
            Some(_) => Ok(()),
            None => Err(too_many_parts(wanted, "`source:name`, `source:name.table` or `source:package.name.table`")),
        }
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        let (NodeKind::Source(facts), Some([package, source, table])) = (&node.facts.kind, parts(wanted.value)) else {
            return false;
        };
        wildcard::fits(package, &node.facts.package)
            && wildcard::fits(source, &facts.source)
            && wildcard::fits(table, &node.facts.name)
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        let NodeKind::Source(facts) = &node.facts.kind else { return Vec::new() };
        vec![facts.source.clone(), format!("{}.{}", facts.source, node.facts.name)]
    }
}

/// Package, source and table.
fn parts(value: &str) -> Option<[&str; 3]> {
    match value.split('.').collect::<Vec<_>>().as_slice() {
        [source] => Some(["*", source, "*"]),
        [source, table] => Some(["*", source, table]),
        [package, source, table] => Some([package, source, table]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_hint, check_refused, graph};

    const TABLES: &str = "raw.events -> a -> c; raw.users -> b; crm.users -> b";

    #[test]
    fn a_source_a_table_a_package() {
        check(&graph(TABLES), "source:raw", "raw.events raw.users");
        check(&graph(TABLES), "source:raw.users", "raw.users");
        check(&graph(TABLES), "source:shop.crm.users", "crm.users");
        check(&graph(TABLES), "source:other.crm.users", "");
    }

    #[test]
    fn each_part_has_wildcards() {
        check(&graph(TABLES), "source:*.users", "crm.users raw.users");
        check(&graph(TABLES), "source:sh*.*.e*", "raw.events");
        check(&graph(TABLES), "source:*", "crm.users raw.events raw.users");
    }

    #[test]
    fn what_reads_them() {
        check(&graph(TABLES), "source:raw.events+", "raw.events a c");
        check(&graph(TABLES), "source:raw.events+1", "raw.events a");
    }

    #[test]
    fn mistakes() {
        check_refused("source:a.b.c.d", "source:a.b.c.d", "write `source:name`");
        check_hint(&graph(TABLES), "source:raw.event", "did you mean `raw.events`?");
    }
}
