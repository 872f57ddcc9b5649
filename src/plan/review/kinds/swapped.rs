//! Unions whose sides have the same columns in different orders: columns are put together by their place, not by name.

use std::collections::BTreeSet;

use datafusion::common::Span as EngineSpan;
use datafusion::logical_expr::{Expr, LogicalPlan};

use super::super::finding::{Finding, Place};
use super::super::{Review, Step};
use crate::diagnostics::Code;

pub(super) struct Swapped;

impl Review for Swapped {
    fn step(&self, step: &Step<'_>, found: &mut Vec<Finding>) {
        let LogicalPlan::Union(union) = step.node else { return };
        let names = |side: &LogicalPlan| -> Vec<String> {
            side.schema().fields().iter().map(|it| it.name().to_lowercase()).collect()
        };
        let Some((first, others)) = union.inputs.split_first() else { return };
        let wanted = names(first);
        for side in others {
            let own = names(side);
            let differ: Vec<usize> = (0..own.len().min(wanted.len())).filter(|at| own[*at] != wanted[*at]).collect();
            let of = |names: &[String]| differ.iter().map(|at| names[*at].clone()).collect::<BTreeSet<_>>();
            let (here, there) = (of(&own), of(&wanted));
            if differ.is_empty() || here != there || here.len() != differ.len() {
                continue;
            }
            let column = |at: &usize| format!("`{}` stands where the first side has `{}`", own[*at], wanted[*at]);
            let place = Place::Columns(differ.iter().filter_map(|at| place(side, *at)).collect());
            let words = "the sides of a `union` have the same columns in different orders, and it goes by their places";
            let mut finding = Finding::warning(Code::SwappedColumns, words, place);
            for at in differ.iter().take(4) {
                finding = finding.note(column(at));
            }
            found.push(finding.help("list the columns of both sides in the same order"));
        }
    }
}

/// Where a column of a query is written.
fn place(side: &LogicalPlan, at: usize) -> Option<EngineSpan> {
    match side {
        LogicalPlan::Projection(it) => of_expression(it.expr.get(at)?),
        LogicalPlan::Distinct(it) => place(it.input(), at),
        LogicalPlan::Sort(it) => place(&it.input, at),
        LogicalPlan::Limit(it) => place(&it.input, at),
        _ => None,
    }
}

fn of_expression(expression: &Expr) -> Option<EngineSpan> {
    match expression {
        Expr::Alias(it) => of_expression(&it.expr),
        other => super::super::finding::spans(other).into_iter().next(),
    }
}
