//! From an expression to nodes: criteria to sets, sets to their union of intersections, and a warning for each part
//! that fits nothing.

use std::collections::BTreeSet;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::parse::NodeId;
use crate::select::Surroundings;
use crate::select::expression::{Criterion, Expression, Word};
use crate::select::indirect::{self, Fit, IndirectSelection};
use crate::select::relatives;

/// What fits any word.
pub(super) fn evaluate(
    expression: &Expression,
    surroundings: &Surroundings<'_>,
    mode: IndirectSelection,
) -> (BTreeSet<NodeId>, Diagnostics) {
    let mut found = Diagnostics::new();
    let mut all = Fit::default();
    for word in &expression.words {
        let fit = word_fit(word, surroundings, mode, &mut found);
        all.nodes.extend(fit.nodes);
        all.possible.extend(fit.possible);
    }
    (indirect::add_waiting(all, mode, surroundings.graph).nodes, found)
}

/// What fits all criteria.
fn word_fit(word: &Word, surroundings: &Surroundings<'_>, mode: IndirectSelection, found: &mut Diagnostics) -> Fit {
    let mut common: Option<Fit> = None;
    let mut each_fits = true;
    for criterion in &word.criteria {
        let nodes = criterion_fit(criterion, surroundings);
        if nodes.is_empty() {
            each_fits = false;
            let advice = criterion.method.advice(&criterion.wanted(), surroundings);
            found.push(nothing(&criterion.span).help_if(advice, |it| it));
        }
        let fit = indirect::add_tests(nodes, mode, surroundings.graph);
        common = Some(match common {
            None => fit,
            Some(before) => Fit {
                nodes: before.nodes.intersection(&fit.nodes).cloned().collect(),
                possible: before.possible.intersection(&fit.possible).cloned().collect(),
            },
        });
    }
    let fit = indirect::add_waiting(common.unwrap_or_default(), mode, surroundings.graph);
    if fit.nodes.is_empty() && each_fits {
        found.push(nothing(&word.span).help("each part fits something, but nothing fits all of them"));
    }
    fit
}

fn criterion_fit(criterion: &Criterion, surroundings: &Surroundings<'_>) -> BTreeSet<NodeId> {
    let wanted = criterion.wanted();
    let fitting = surroundings.graph.nodes().filter(|it| criterion.method.fits(&wanted, it, surroundings));
    let mut nodes: BTreeSet<NodeId> = fitting.map(|it| it.facts.id.clone()).collect();
    nodes.extend(relatives::of(&nodes, criterion.relatives, surroundings.graph));
    nodes
}

fn nothing(span: &Span) -> Diagnostic {
    let message = format!("`{} {}` matches no nodes", span.source.path, span.text());
    Diagnostic::warning(Code::NothingSelected, message).at(span.clone())
}
