//! From names to nodes: every `ref` and `source` resolved, circles found, the order decided.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Severity, Span, closest};
use crate::graph::names::{Names, relation_in_sql};
use crate::graph::order::sort;
use crate::graph::{Graph, Node, access};
use crate::jinja::{RefCall, RelationName, Resolve, SourceCall};
use crate::parse::{NodeId, NodeKind, ParsedNode, ParsedProject, TestForm, UseOf};

/// What the calls in one template mean.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    refs: BTreeMap<RefCall, (NodeId, RelationName)>,
    sources: BTreeMap<SourceCall, (NodeId, RelationName)>,
    functions: BTreeMap<RefCall, (NodeId, RelationName)>,
    /// All sources of the project: as in dbt, one may be named that was not seen when the project was parsed.
    others: Arc<BTreeMap<SourceCall, RelationName>>,
}

impl Resolve for Calls {
    fn resolve_ref(&self, call: &RefCall) -> Option<RelationName> {
        self.refs.get(call).map(|(_, relation)| relation.clone())
    }

    fn resolve_source(&self, call: &SourceCall) -> Option<RelationName> {
        let seen = self.sources.get(call).map(|(_, relation)| relation);
        seen.or_else(|| self.others.get(call)).cloned()
    }

    fn resolve_function(&self, call: &RefCall) -> Option<RelationName> {
        self.functions.get(call).map(|(_, name)| name.clone())
    }
}

impl Calls {
    /// The same calls, with some nodes read from other relations than their own.
    pub(super) fn deferred(&self, moved: &BTreeMap<NodeId, RelationName>) -> Calls {
        let mut calls = self.clone();
        for (id, relation) in calls.refs.values_mut() {
            if let Some(other) = moved.get(id) {
                relation.clone_from(other);
            }
        }
        calls
    }

    /// The node that a call means.
    pub(super) fn node(&self, used: &UseOf) -> Option<&NodeId> {
        match used {
            UseOf::Ref(call) => self.refs.get(call).map(|(id, _)| id),
            UseOf::Source(call) => self.sources.get(call).map(|(id, _)| id),
        }
    }
}

/// Resolves all references of a project. Nodes whose references fail are reported and left out.
pub fn build(project: &ParsedProject) -> (Graph, Diagnostics) {
    let mut found = Diagnostics::new();
    let (root, nodes) = (project.file.name.value.as_str(), &project.nodes);
    let names = Names::new(root, nodes);
    let off = Names::new(root, &project.disabled);
    let call = |source: &str, table: &str| SourceCall { source: source.to_owned(), table: table.to_owned() };
    let sources = names.sources.iter().map(|((source, table), it)| (call(source, table), relation_in_sql(it)));
    let sources = Arc::new(sources.collect::<BTreeMap<_, _>>());
    let mut resolved = BTreeMap::new();
    for node in nodes {
        let calls = Calls { others: Arc::clone(&sources), ..Calls::default() };
        if let Some(node) = resolve(node, calls, (&names, &off), project, &mut found) {
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
        if facts.location.is_none() && facts.ingest.is_none() {
            let same = seeds.iter().find(|(relation, _)| relation.is_same(&node.facts.relation));
            node.inputs.extend(same.map(|(_, id)| id.clone()));
        }
    }
}

fn resolve(
    node: &ParsedNode,
    mut calls: Calls,
    (names, off): (&Names<'_>, &Names<'_>),
    project: &ParsedProject,
    found: &mut Diagnostics,
) -> Option<Node> {
    let broken = &project.broken;
    let who = node.facts.display();
    let is_test = matches!(node.facts.kind, NodeKind::Test(_));
    let mut whole = true;
    let mut missing = |problem: Option<Diagnostic>| {
        // As in dbt, a test of what is not there is passed over.
        let problem = problem.map(|it| if is_test { passed_over(it, &who) } else { it });
        found.extend(problem.into_iter().collect());
        whole = false;
    };
    for (call, span) in &node.refs {
        if let Some(input) = names.find_ref(call, &node.facts.package) {
            if let Some(problem) = access::refused(node, input, project) {
                missing(Some(problem.at(span.clone())));
                continue;
            }
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
    for (call, span) in &node.functions {
        if let Some(function) = names.find_function(call, &node.facts.package) {
            calls.functions.insert(call.clone(), (function.facts.id.clone(), function.facts.relation.clone()));
        } else if broken.contains(&call.name) {
            missing(None);
        } else {
            let near = closest(&call.name, names.functions.keys().copied());
            let problem =
                Diagnostic::error(Code::UnknownRef, format!("{who} refers to unknown function `{}`", call.name))
                    .at(span.clone())
                    .help_if(near, |it| format!("did you mean `{it}`?"));
            missing(Some(problem));
        }
    }
    if !whole {
        return None;
    }
    let all = calls.refs.values().chain(calls.sources.values()).chain(calls.functions.values());
    let mut inputs: BTreeSet<NodeId> = all.map(|(id, _)| id.clone()).collect();
    inputs.extend(semantic_inputs(node, names, found)?);
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

/// What a metric or saved query is made of; `None` where a name leads nowhere, which is reported.
fn semantic_inputs(node: &ParsedNode, names: &Names<'_>, found: &mut Diagnostics) -> Option<Vec<NodeId>> {
    let (NodeKind::Metric(facts) | NodeKind::SavedQuery(facts)) = &node.facts.kind else { return Some(Vec::new()) };
    let who = node.facts.display();
    let mut inputs = Vec::new();
    let mut whole = true;
    for name in &facts.metrics {
        match names.metrics.get(name.value.as_str()) {
            Some(metric) => inputs.push(metric.facts.id.clone()),
            None => {
                whole = false;
                let near = closest(&name.value, names.metrics.keys().copied());
                found.push(
                    Diagnostic::error(Code::UnknownRef, format!("{who} refers to unknown metric `{}`", name.value))
                        .at(name.span.clone())
                        .help_if(near, |it| format!("did you mean `{it}`?")),
                );
            }
        }
    }
    for name in &facts.measures {
        match names.measures.get(&name.value) {
            Some(model) => inputs.push(model.facts.id.clone()),
            None => {
                whole = false;
                let near = closest(&name.value, names.measures.keys().map(String::as_str));
                found.push(
                    Diagnostic::error(
                        Code::UnknownRef,
                        format!("{who} refers to measure `{}`, which no semantic model has", name.value),
                    )
                    .at(name.span.clone())
                    .help_if(near, |it| format!("did you mean `{it}`?")),
                );
            }
        }
    }
    whole.then_some(inputs)
}

fn passed_over(mut problem: Diagnostic, who: &str) -> Diagnostic {
    problem.severity = Severity::Warning;
    problem.note(format!("{who} is passed over"))
}

fn unknown_ref(who: &str, call: &RefCall, span: &Span, names: &Names<'_>) -> Diagnostic {
    let message = match &call.package {
        Some(package) => format!("{who} refers to unknown model `{}` in package `{package}`", call.name),
        None => format!("{who} refers to unknown model `{}`", call.name),
    };
    if let Some(wanted) = &call.version {
        let known = names.refs.get(call.name.as_str()).into_iter().flatten();
        let known: Vec<String> = known.filter_map(|it| Some(it.facts.model.version.as_ref()?.text())).collect();
        let message = format!("{who} refers to version `{wanted}` of `{}`, which is not there", call.name);
        return Diagnostic::error(Code::UnknownRef, message)
            .at(span.clone())
            .help_if(closest(wanted, known.iter().map(String::as_str)), |it| format!("did you mean `v={it}`?"))
            .note_if((!known.is_empty()).then(|| format!("there are {}", known.join(", "))));
    }
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
