//! Functions that give other values each time, in queries whose results could otherwise be left as they are.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::graph::Graph;
use crate::parse::{NodeId, NodeKind};
use crate::plan::problem::Origin;
use crate::plan::project::ProjectPlan;

/// Models that are made anew in every run because of a function that they call, and with them all that read them.
pub fn volatile_functions(plan: &ProjectPlan, graph: &Graph, wanted: &dyn Fn(&NodeId) -> bool) -> Diagnostics {
    let mut found = Diagnostics::new();
    for node in graph.nodes().filter(|it| wanted(&it.facts.id) && matches!(it.facts.kind, NodeKind::Model)) {
        let facts = &node.facts;
        let is_read = graph.children(&facts.id).iter().any(|it| plan.models.contains_key(it));
        let is_kept = !["view", "ephemeral"].contains(&facts.materialized());
        let Some(model) = plan.models.get(&facts.id).filter(|_| is_kept || is_read) else { continue };
        let names = volatile_function(&model.arriving);
        let Some(known) = names.first() else { continue };
        let sql = plan.compiled.get(&facts.id).map(|it| it.sql.as_str()).unwrap_or_default();
        let who = facts.display();
        let origin = Origin { sql, template: Some(&facts.source), fallback: &facts.span, who: &who, macros: None };
        let written = names.iter().find_map(|it| Some((it, written(sql, it)?)));
        let place = written.map(|(name, at)| origin.at_offset(at, at + name.len()).span);
        let name = written.map_or(known, |(name, _)| name);
        let what = if is_kept { "it is" } else { "tables that read it are" };
        let words =
            format!("{who} calls `{name}`, which gives another value each time: {what} never left as made before");
        found.push(
            Diagnostic::warning(Code::VolatileFunction, words)
                .at(place.unwrap_or_else(|| facts.span.clone()))
                .help("take the value from a column, or from a variable: `{{ var('today') }}`"),
        );
    }
    found
}

/// The names of the first such function of a plan; none where there is none.
fn volatile_function(plan: &LogicalPlan) -> Vec<String> {
    let mut found = Vec::new();
    let looked = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|it| {
                let Expr::ScalarFunction(call) = it else { return Ok(TreeNodeRecursion::Continue) };
                if call.func.signature().volatility == Volatility::Immutable {
                    return Ok(TreeNodeRecursion::Continue);
                }
                found =
                    std::iter::once(call.func.name().to_owned()).chain(call.func.aliases().iter().cloned()).collect();
                Ok(TreeNodeRecursion::Stop)
            })
        })
    });
    if looked.is_ok() { found } else { Vec::new() }
}

/// Where a function is called in a text, in any case.
fn written(sql: &str, name: &str) -> Option<usize> {
    let folded = sql.to_ascii_lowercase();
    let is_word = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_');
    folded
        .match_indices(&name.to_ascii_lowercase())
        .map(|(at, _)| at)
        .find(|at| !is_word(folded[..*at].chars().next_back()))
}
