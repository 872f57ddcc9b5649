//! References of texts that belong to no node, such as hooks of a run: any node will do.

use std::sync::Arc;

use crate::graph::{Graph, Node};
use crate::jinja::{RefCall, RelationName, Resolve, SourceCall};
use crate::parse::NodeKind;

/// Resolves names among all nodes of a graph.
#[derive(Debug)]
pub struct AnyNode {
    graph: Arc<Graph>,
    /// Whose nodes win where several packages have one of a name.
    package: String,
}

impl AnyNode {
    /// As a package sees them.
    pub fn new(graph: &Arc<Graph>, package: &str) -> AnyNode {
        AnyNode { graph: Arc::clone(graph), package: package.to_owned() }
    }
}

impl Resolve for AnyNode {
    fn resolve_ref(&self, call: &RefCall) -> Option<RelationName> {
        let fits = |it: &&Node| {
            it.facts.can_be_read()
                && it.facts.name == call.name
                && call.package.as_ref().is_none_or(|package| *package == it.facts.package)
        };
        let mut candidates: Vec<&Node> = self.graph.nodes().filter(fits).collect();
        candidates.sort_by_key(|it| it.facts.package != self.package);
        let in_sql = |it: &&Node| match it.facts.is_ephemeral() {
            true => RelationName::new("", "", it.facts.expression_name()),
            false => it.facts.relation.clone(),
        };
        candidates.first().map(in_sql)
    }

    fn resolve_source(&self, call: &SourceCall) -> Option<RelationName> {
        let is_it = |it: &&Node| match &it.facts.kind {
            NodeKind::Source(facts) => facts.source == call.source && it.facts.name == call.table,
            _ => false,
        };
        self.graph.nodes().find(is_it).map(|it| it.facts.relation.clone())
    }

    fn resolve_function(&self, call: &RefCall) -> Option<RelationName> {
        let is_it = |it: &&Node| matches!(it.facts.kind, NodeKind::Function(_)) && it.facts.name == call.name;
        self.graph.nodes().find(is_it).map(|it| it.facts.relation.clone())
    }
}
