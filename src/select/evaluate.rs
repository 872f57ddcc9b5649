//! From an expression to nodes: criteria to sets, sets to what their group makes of them, and a warning for each part of
//! the command line that fits nothing. As dbt's `select_nodes_recursively` (`dbt/graph/selector.py`, dbt-core 1.11).

use std::collections::BTreeSet;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::parse::NodeId;
use crate::select::Surroundings;
use crate::select::expression::{Combine, Criterion, Expression, Group, Part};
use crate::select::indirect::{self, Fit, IndirectSelection};
use crate::select::relatives;

/// What fits.
pub(super) fn evaluate(
    expression: &Expression,
    surroundings: &Surroundings<'_>,
    mode: IndirectSelection,
) -> (BTreeSet<NodeId>, Diagnostics) {
    let mut found = Diagnostics::new();
    let fit = part_fit(&expression.root, surroundings, mode, &mut found);
    (fit.nodes, found)
}

fn part_fit(part: &Part, surroundings: &Surroundings<'_>, mode: IndirectSelection, found: &mut Diagnostics) -> Fit {
    match part {
        Part::Criterion(criterion) => {
            let nodes = criterion_fit(criterion, surroundings, found);
            indirect::add_tests(nodes, criterion.mode.unwrap_or(mode), surroundings.graph)
        }
        Part::Group(group) => group_fit(group, surroundings, mode, found),
    }
}

fn group_fit(group: &Group, surroundings: &Surroundings<'_>, mode: IndirectSelection, found: &mut Diagnostics) -> Fit {
    let before = found.iter().count();
    let mut fits = group.parts.iter().map(|it| part_fit(it, surroundings, mode, found)).collect::<Vec<_>>().into_iter();
    let each_fits = found.iter().count() == before;
    let mut all = fits.next().unwrap_or_default();
    for fit in fits {
        let combine = |a: &BTreeSet<NodeId>, b: &BTreeSet<NodeId>| -> BTreeSet<NodeId> {
            match group.combine {
                Combine::Union => a.union(b).cloned().collect(),
                Combine::Intersection => a.intersection(b).cloned().collect(),
                Combine::Difference => a.difference(b).cloned().collect(),
            }
        };
        all = Fit { nodes: combine(&all.nodes, &fit.nodes), possible: combine(&all.possible, &fit.possible) };
    }
    let fit = indirect::add_waiting(all, group.mode.unwrap_or(mode), surroundings.graph);
    let is_intersection = group.combine == Combine::Intersection && group.parts.len() > 1;
    if is_intersection && fit.nodes.is_empty() && each_fits && is_of_command_line(&group.span) {
        found.push(nothing(&group.span).help("each part fits something, but nothing fits all of them"));
    }
    fit
}

fn criterion_fit(criterion: &Criterion, surroundings: &Surroundings<'_>, found: &mut Diagnostics) -> BTreeSet<NodeId> {
    let wanted = criterion.wanted();
    if let Some(problem) = criterion.method.missing(surroundings) {
        found.push(problem.at(criterion.span.clone()));
        return BTreeSet::new();
    }
    let fitting = surroundings.graph.nodes().filter(|it| criterion.method.fits(&wanted, it, surroundings));
    let mut nodes: BTreeSet<NodeId> = fitting.map(|it| it.facts.id.clone()).collect();
    nodes.extend(relatives::of(&nodes, criterion.relatives, surroundings.graph));
    if nodes.is_empty() && is_of_command_line(&criterion.span) {
        let advice = criterion.method.advice(&criterion.wanted(), surroundings);
        found.push(nothing(&criterion.span).help_if(advice, |it| it));
    }
    nodes
}

/// What stands in a selectors file is for many days: as in dbt, it may fit nothing today.
fn is_of_command_line(span: &Span) -> bool {
    span.source.path.starts_with("--")
}

fn nothing(span: &Span) -> Diagnostic {
    let message = format!("`{} {}` matches no nodes", span.source.path, span.text());
    Diagnostic::warning(Code::NothingSelected, message).at(span.clone())
}
