//! The order of nodes, and the circles that have none.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::graph::Node;
use crate::jinja::RefCall;
use crate::parse::{NodeId, ParsedNode, UseOf};

/// An order with every input first, by name among equals; circles are reported and left out.
pub(super) fn sort(nodes: &BTreeMap<NodeId, Node>, parsed: &[ParsedNode], found: &mut Diagnostics) -> Vec<NodeId> {
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
