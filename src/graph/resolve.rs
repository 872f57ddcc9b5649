//! From names to nodes: every `ref` and `source` resolved, circles found, the order decided.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, closest};
use crate::graph::{Graph, Node};
use crate::jinja::{RefCall, RelationName, Resolve, SourceCall};
use crate::parse::{NodeId, NodeKind, ParsedNode, ParsedProject, TestForm, UseOf};

/// What the calls in one template mean.
#[derive(Debug, Default)]
pub struct Calls {
    refs: BTreeMap<RefCall, (NodeId, RelationName)>,
    sources: BTreeMap<SourceCall, (NodeId, RelationName)>,
}

impl Resolve for Calls {
    fn resolve_ref(&self, call: &RefCall) -> Option<RelationName> {
        self.refs.get(call).map(|(_, relation)| relation.clone())
    }

    fn resolve_source(&self, call: &SourceCall) -> Option<RelationName> {
        self.sources.get(call).map(|(_, relation)| relation.clone())
    }
}

impl Calls {
    fn node(&self, used: &UseOf) -> Option<&NodeId> {
        match used {
            UseOf::Ref(call) => self.refs.get(call).map(|(id, _)| id),
            UseOf::Source(call) => self.sources.get(call).map(|(id, _)| id),
        }
    }
}

/// What templates print for a reference to a node.
fn relation_in_sql(node: &ParsedNode) -> RelationName {
    if node.facts.is_ephemeral() {
        // dbt's name for the common table expression.
        return RelationName::new("", "", format!("__dbt__cte__{}", node.facts.name));
    }
    node.facts.relation.clone()
}

/// Names that references can mean.
struct Names<'a> {
    root: &'a str,
    refs: BTreeMap<&'a str, Vec<&'a ParsedNode>>,
    sources: BTreeMap<(&'a str, &'a str), &'a ParsedNode>,
}

impl<'a> Names<'a> {
    fn new(root: &'a str, nodes: &'a [ParsedNode]) -> Names<'a> {
        let mut names = Names { root, refs: BTreeMap::new(), sources: BTreeMap::new() };
        for node in nodes {
            match &node.facts.kind {
                NodeKind::Model | NodeKind::Seed => names.refs.entry(&node.facts.name).or_default().push(node),
                NodeKind::Source(facts) => {
                    names.sources.insert((&facts.source, &node.facts.name), node);
                }
                NodeKind::Analysis | NodeKind::Exposure(_) | NodeKind::Test(_) => {}
            }
        }
        names
    }

    /// The caller's own package first, then the root project, then any.
    fn find_ref(&self, call: &RefCall, package: &str) -> Option<&'a ParsedNode> {
        let candidates = self.refs.get(call.name.as_str())?;
        let of = |wanted: &str| candidates.iter().find(|it| it.facts.package == wanted).copied();
        match &call.package {
            Some(wanted) => of(wanted),
            None => of(package).or_else(|| of(self.root)).or_else(|| candidates.first().copied()),
        }
    }
}

/// Resolves all references of a project. Nodes whose references fail are reported and left out.
pub fn build(project: &ParsedProject) -> (Graph, Diagnostics) {
    let mut found = Diagnostics::new();
    let (root, nodes) = (project.file.name.value.as_str(), &project.nodes);
    let names = Names::new(root, nodes);
    let off = Names::new(root, &project.disabled);
    let mut resolved = BTreeMap::new();
    for node in nodes {
        if let Some(node) = resolve(node, &names, &off, &project.broken, &mut found) {
            resolved.insert(node.facts.id.clone(), node);
        }
    }
    seed_sources(&mut resolved);
    let order = sort(&resolved, nodes, &mut found);
    let mut sorted = IndexMap::new();
    for id in order {
        if let Some(node) = resolved.remove(&id) {
            sorted.insert(id, node);
        }
    }
    (Graph::from_sorted(sorted), found)
}

/// A source without files of its own may be what a seed of this project makes. dbt leaves the order to the user, who runs
/// `dbt seed` first; here whoever reads the source comes after the seed.
fn seed_sources(nodes: &mut BTreeMap<NodeId, Node>) {
    let seeds: Vec<(RelationName, NodeId)> = nodes
        .values()
        .filter(|it| matches!(it.facts.kind, NodeKind::Seed))
        .map(|it| (it.facts.relation.clone(), it.facts.id.clone()))
        .collect();
    for node in nodes.values_mut() {
        let NodeKind::Source(facts) = &node.facts.kind else { continue };
        if facts.location.is_none() {
            let same = seeds.iter().find(|(relation, _)| relation.is_same(&node.facts.relation));
            node.inputs.extend(same.map(|(_, id)| id.clone()));
        }
    }
}

fn resolve(
    node: &ParsedNode,
    names: &Names<'_>,
    off: &Names<'_>,
    broken: &BTreeSet<String>,
    found: &mut Diagnostics,
) -> Option<Node> {
    let who = node.facts.display();
    let is_test = matches!(node.facts.kind, NodeKind::Test(_));
    let mut calls = Calls::default();
    let mut whole = true;
    let mut missing = |problem: Option<Diagnostic>| {
        found.extend(problem.into_iter().collect());
        whole = false;
    };
    for (call, span) in &node.refs {
        if let Some(input) = names.find_ref(call, &node.facts.package) {
            calls.refs.insert(call.clone(), (input.facts.id.clone(), relation_in_sql(input)));
        } else if off.find_ref(call, &node.facts.package).is_some() {
            // A test of what is switched off is switched off with it.
            missing((!is_test).then(|| {
                Diagnostic::error(Code::DisabledRef, format!("{who} refers to `{}`, which is disabled", call.name))
                    .at(span.clone())
                    .help(format!("enable `{}`, or disable {who} too", call.name))
            }));
        } else if broken.contains(&call.name) {
            missing(None);
        } else {
            missing(Some(unknown_ref(&who, call, span, names)));
        }
    }
    for (call, span) in &node.sources {
        if let Some(input) = names.sources.get(&(call.source.as_str(), call.table.as_str())) {
            calls.sources.insert(call.clone(), (input.facts.id.clone(), relation_in_sql(input)));
        } else if off.sources.contains_key(&(call.source.as_str(), call.table.as_str())) {
            missing((!is_test).then(|| {
                Diagnostic::error(
                    Code::DisabledRef,
                    format!("{who} reads source `{}.{}`, which is disabled", call.source, call.table),
                )
                .at(span.clone())
            }));
        } else {
            missing(Some(unknown_source(&who, call, span, names)));
        }
    }
    if !whole {
        return None;
    }
    let inputs: BTreeSet<NodeId> =
        calls.refs.values().chain(calls.sources.values()).map(|(id, _)| id.clone()).collect();
    let tested = match &node.facts.kind {
        NodeKind::Test(test) => match &test.form {
            TestForm::Generic { of, .. } => calls.node(of).cloned(),
            TestForm::Singular => None,
        },
        _ => None,
    };
    Some(Node {
        facts: node.facts.clone(),
        inputs: inputs.into_iter().collect(),
        calls: Arc::new(calls),
        macros: node.macros.clone(),
        tested,
    })
}

fn unknown_ref(who: &str, call: &RefCall, span: &Span, names: &Names<'_>) -> Diagnostic {
    let message = match &call.package {
        Some(package) => format!("{who} refers to unknown model `{}` in package `{package}`", call.name),
        None => format!("{who} refers to unknown model `{}`", call.name),
    };
    let is_source = names.sources.keys().find(|(_, table)| *table == call.name);
    Diagnostic::error(Code::UnknownRef, message)
        .at(span.clone())
        .help_if(closest(&call.name, names.refs.keys().copied()), |it| format!("did you mean `{it}`?"))
        .help_if(is_source, |(source, table)| {
            format!("there is a source of that name: `source('{source}', '{table}')`")
        })
}

fn unknown_source(who: &str, call: &SourceCall, span: &Span, names: &Names<'_>) -> Diagnostic {
    let typed = format!("{}.{}", call.source, call.table);
    let known: Vec<String> = names.sources.keys().map(|(source, table)| format!("{source}.{table}")).collect();
    Diagnostic::error(Code::UnknownSource, format!("{who} reads unknown source `{typed}`"))
        .at(span.clone())
        .help_if(closest(&typed, known.iter().map(String::as_str)), |it| format!("did you mean `{it}`?"))
        .help_if(known.is_empty().then_some(()), |()| "declare it under `sources:` in a properties file".to_owned())
}

/// An order with every input first, by name among equals; circles are reported and left out.
fn sort(nodes: &BTreeMap<NodeId, Node>, parsed: &[ParsedNode], found: &mut Diagnostics) -> Vec<NodeId> {
    // What depends on a node that was left out can't be placed either, but its own mistake is not this one's.
    let known = |node: &Node| node.inputs.iter().all(|it| nodes.contains_key(it));
    let mut waiting: BTreeMap<&NodeId, usize> =
        nodes.values().filter(|it| known(it)).map(|it| (&it.facts.id, it.inputs.len())).collect();
    let mut children: BTreeMap<&NodeId, Vec<&NodeId>> = BTreeMap::new();
    for node in nodes.values() {
        for input in &node.inputs {
            children.entry(input).or_default().push(&node.facts.id);
        }
    }
    let mut ready: BTreeSet<&NodeId> = waiting.iter().filter(|(_, open)| **open == 0).map(|(id, _)| *id).collect();
    let mut order = Vec::new();
    while let Some(id) = ready.pop_first() {
        waiting.remove(id);
        order.push(id.clone());
        for child in children.get(id).into_iter().flatten() {
            if let Some(open) = waiting.get_mut(child) {
                *open -= 1;
                if *open == 0 {
                    ready.insert(child);
                }
            }
        }
    }
    report_circles(nodes, parsed, &waiting.into_keys().collect(), found);
    order
}

fn report_circles(
    nodes: &BTreeMap<NodeId, Node>,
    parsed: &[ParsedNode],
    stuck: &BTreeSet<&NodeId>,
    found: &mut Diagnostics,
) {
    let mut reported: BTreeSet<&NodeId> = BTreeSet::new();
    for start in stuck {
        let mut path: Vec<&NodeId> = vec![start];
        // Everything stuck has a stuck input or one that was left out, so walking back ends in a circle or outside.
        while let Some(next) =
            nodes.get(path[path.len() - 1]).and_then(|it| it.inputs.iter().find(|it| stuck.contains(it)))
        {
            if let Some(at) = path.iter().position(|it| *it == next) {
                let mut circle = path.split_off(at);
                circle.reverse();
                let first = circle.iter().enumerate().min_by_key(|(_, id)| **id).map_or(0, |(at, _)| at);
                circle.rotate_left(first);
                if reported.insert(circle[0]) {
                    found.push(circle_problem(nodes, parsed, &circle));
                }
                break;
            }
            path.push(next);
        }
    }
}

/// `circle` holds each node before the one that reads it; the last one is read by the first.
fn circle_problem(nodes: &BTreeMap<NodeId, Node>, parsed: &[ParsedNode], circle: &[&NodeId]) -> Diagnostic {
    let name = |id: &&NodeId| nodes.get(*id).map_or_else(|| id.to_string(), |it| it.facts.name.clone());
    let mut names: Vec<String> = circle.iter().map(name).collect();
    names.extend(names.first().cloned());
    let inputs = circle.iter().skip(circle.len().saturating_sub(1)).chain(circle);
    let mut calls = circle.iter().zip(inputs).filter_map(|(reader, input)| {
        let words = format!("`{}` reads `{}`", name(reader), name(input));
        call_place(nodes.get(*reader)?, parsed, input).map(|it| (it, words))
    });
    let problem = match circle {
        [one] => Diagnostic::error(Code::Cycle, format!("model `{}` reads itself", name(one)))
            .help("a model that goes on from its own last state reads `{{ this }}`"),
        _ => Diagnostic::error(Code::Cycle, format!("models need each other in a circle: {}", names.join(" -> ")))
            .help("break the circle: move what they share into a model of its own"),
    };
    let problem = problem.at_if(calls.next().map(|(place, _)| place));
    calls.fold(problem, |problem, (place, words)| problem.related(place, words))
}

/// Where a node's template calls for an input.
fn call_place(reader: &Node, parsed: &[ParsedNode], input: &NodeId) -> Option<Span> {
    let written = parsed.iter().find(|it| it.facts.id == reader.facts.id)?;
    let means = |call: &RefCall| reader.calls.node(&UseOf::Ref(call.clone())) == Some(input);
    written.refs.iter().find(|(call, _)| means(call)).map(|(_, span)| span.clone())
}
