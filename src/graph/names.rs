//! What names mean: nodes by the name that references use.

use std::collections::BTreeMap;

use crate::jinja::{RefCall, RelationName};
use crate::parse::{NodeKind, ParsedNode};

/// What templates print for a reference to a node.
pub(super) fn relation_in_sql(node: &ParsedNode) -> RelationName {
    if node.facts.is_ephemeral() {
        // dbt's name for the common table expression.
        return RelationName::new("", "", node.facts.expression_name());
    }
    node.facts.relation.clone()
}

/// Names that references can mean.
pub(super) struct Names<'a> {
    root: &'a str,
    pub(super) refs: BTreeMap<&'a str, Vec<&'a ParsedNode>>,
    pub(super) metrics: BTreeMap<&'a str, &'a ParsedNode>,
    pub(super) measures: BTreeMap<String, &'a ParsedNode>,
    pub(super) sources: BTreeMap<(&'a str, &'a str), &'a ParsedNode>,
    pub(super) functions: BTreeMap<&'a str, Vec<&'a ParsedNode>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(root: &'a str, nodes: &'a [ParsedNode]) -> Names<'a> {
        let mut names = Names {
            root,
            refs: BTreeMap::new(),
            metrics: BTreeMap::new(),
            measures: BTreeMap::new(),
            sources: BTreeMap::new(),
            functions: BTreeMap::new(),
        };
        for node in nodes {
            if node.facts.can_be_read() {
                names.refs.entry(&node.facts.name).or_default().push(node);
            } else if let NodeKind::Source(facts) = &node.facts.kind {
                names.sources.insert((&facts.source, &node.facts.name), node);
            } else if let NodeKind::SemanticModel(facts) = &node.facts.kind {
                let measures = facts.raw.get("measures").and_then(crate::project::Json::as_array);
                for name in measures.into_iter().flatten().filter_map(|it| it.get("name")?.as_str()) {
                    names.measures.insert(name.to_owned(), node);
                }
            } else if let NodeKind::Function(_) = &node.facts.kind {
                names.functions.entry(&node.facts.name).or_default().push(node);
            } else if let NodeKind::Metric(_) = &node.facts.kind {
                names.metrics.insert(&node.facts.name, node);
            }
        }
        names
    }

    /// The caller's own package first, then the root project, then any.
    pub(super) fn find_ref(&self, call: &RefCall, package: &str) -> Option<&'a ParsedNode> {
        let candidates = self.refs.get(call.name.as_str())?;
        let candidates: Vec<&'a ParsedNode> = candidates.iter().copied().filter(|it| is_version(it, call)).collect();
        self.nearest(&candidates, call, package)
    }

    /// The same for functions.
    pub(super) fn find_function(&self, call: &RefCall, package: &str) -> Option<&'a ParsedNode> {
        self.nearest(self.functions.get(call.name.as_str())?, call, package)
    }

    fn nearest(&self, candidates: &[&'a ParsedNode], call: &RefCall, package: &str) -> Option<&'a ParsedNode> {
        let of = |wanted: &str| candidates.iter().find(|it| it.facts.package == wanted).copied();
        match &call.package {
            Some(wanted) => of(wanted),
            None => of(package).or_else(|| of(self.root)).or_else(|| candidates.first().copied()),
        }
    }
}

/// Whether a node has the version that a call wants; where the call names none, the latest.
fn is_version(node: &ParsedNode, call: &RefCall) -> bool {
    match (&node.facts.model.version, &call.version) {
        (Some(version), Some(wanted)) => version.text() == *wanted,
        (Some(_), None) => node.facts.model.is_latest(),
        (None, Some(_)) => false,
        (None, None) => true,
    }
}
