//! Turns `--select` and `--exclude` text into a set of nodes, as dbt 1.11 does.
//! Knows the graph; knows nothing about SQL, files or the engine.
//!
//! A space means 'or', a comma 'and'; `+`, `2+` and `@` before and `+`, `+2` behind a criterion take its relatives;
//! `method:value` says what to look at. To add a method: a file in `methods`, and its line in the list there.

mod expression;
mod parser;
mod methods;
mod wildcard;
mod relatives;
mod indirect;
mod state;
mod selectors_file;
mod evaluate;
#[cfg(test)]
mod tests;

pub use expression::Expression;
pub use indirect::IndirectSelection;
pub use parser::parse;
pub use selectors_file::Selectors;
pub use state::State;

use std::collections::BTreeSet;

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::graph::{Graph, Node};
use crate::parse::{NodeId, ResourceType};

/// What a user asks for on the command line.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The values of `--select`; none: everything.
    pub select: Vec<String>,
    /// The values of `--exclude`.
    pub exclude: Vec<String>,
    /// Only nodes of these types; none: of all.
    pub resource_types: Vec<ResourceType>,
    /// Which tests come along with the nodes that they test.
    pub indirect: IndirectSelection,
    /// Never nodes of these types.
    pub excluded_types: Vec<ResourceType>,
    /// The value of `--selector`: a name of the project's selectors.
    pub selector: Option<String>,
    /// The root project's name, for `package:this`.
    pub project: String,
}

/// What methods know besides the node that they look at.
struct Surroundings<'a> {
    graph: &'a Graph,
    project: &'a str,
    state: Option<&'a State>,
}

/// What selectors can be about, besides the graph.
#[derive(Debug, Default)]
pub struct Knowledge<'a> {
    /// The project's selectors.
    pub selectors: Option<&'a Selectors>,
    /// An earlier state, where one is named.
    pub state: Option<&'a State>,
}

/// The nodes that are asked for. Text that can't be understood is an error, and then nothing is selected; a criterion
/// that fits nothing is a warning. As in dbt, a named selector takes the place of `--select` and `--exclude`, and the
/// default one is used where neither is there.
pub fn select(selection: &Selection, graph: &Graph, knowledge: &Knowledge<'_>) -> (BTreeSet<NodeId>, Diagnostics) {
    let surroundings = Surroundings { graph, project: &selection.project, state: knowledge.state };
    let mut found = Diagnostics::new();
    let of_type = |node: &Node| {
        let kind = node.facts.resource_type();
        (selection.resource_types.is_empty() || selection.resource_types.contains(&kind))
            && !selection.excluded_types.contains(&kind)
    };
    let kept =
        |nodes: &BTreeSet<NodeId>| nodes.iter().filter(|id| graph.get(id).is_some_and(of_type)).cloned().collect();
    let nothing_asked = selection.select.is_empty() && selection.exclude.is_empty();
    let named = match (&selection.selector, knowledge.selectors) {
        (Some(name), selectors) => {
            let none = Selectors::default();
            match selectors.unwrap_or(&none).find(name) {
                Ok(expression) => Some(expression.clone()),
                Err(problem) => {
                    found.push(problem);
                    return (BTreeSet::new(), found);
                }
            }
        }
        (None, Some(selectors)) if nothing_asked => selectors.standing().cloned(),
        (None, _) => None,
    };
    if let Some(expression) = named {
        let (nodes, problems) = evaluate::evaluate(&expression, &surroundings, selection.indirect);
        found.extend(problems);
        return (kept(&nodes), found);
    }
    let mut fitting = |option: &str, values: &[String]| -> Option<BTreeSet<NodeId>> {
        match parser::parse_option(option, values) {
            Ok(expression) => {
                if expression.is_empty() && !values.is_empty() {
                    found.push(empty(option));
                }
                let (nodes, warnings) = evaluate::evaluate(&expression, &surroundings, selection.indirect);
                found.extend(warnings);
                Some(nodes)
            }
            Err(problem) => {
                found.push(problem);
                None
            }
        }
    };
    let included = match selection.select.as_slice() {
        [] => Some(graph.nodes().map(|it| it.facts.id.clone()).collect()),
        values => fitting("--select", values),
    };
    // Both are read before either is judged, so that a user sees the mistakes in both.
    let excluded = fitting("--exclude", &selection.exclude);
    let (Some(included), Some(excluded)) = (included, excluded) else {
        return (BTreeSet::new(), found);
    };
    (kept(&included.difference(&excluded).cloned().collect()), found)
}

/// An empty text comes from an unset variable in a script: it must not turn into everything.
fn empty(option: &str) -> Diagnostic {
    Diagnostic::warning(Code::NothingSelected, format!("`{option}` is empty and matches no nodes"))
        .help(format!("leave `{option}` away, or say what to match"))
}
