//! Joins whose condition says nothing of what is joined: each row meets all rows of it, or none.

use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::{Expr, LogicalPlan};

use super::super::finding::{Finding, Place, spans};
use super::super::{Review, Step};
use crate::diagnostics::Code;

pub(super) struct Joins;

impl Review for Joins {
    fn step(&self, step: &Step<'_>, found: &mut Vec<Finding>) {
        let LogicalPlan::Join(join) = step.node else { return };
        let Some(condition) = join.filter.as_ref().filter(|_| join.on.is_empty()) else { return };
        let columns = condition.column_refs();
        let is_of = |side: &LogicalPlan| columns.iter().any(|it| side.schema().has_column(it));
        // Subqueries and columns of a query around may say something of either side.
        let all_known = columns.iter().all(|it| step.schema().has_column(it));
        if columns.is_empty() || !all_known || has_query(condition) || is_of(&join.left) && is_of(&join.right) {
            return;
        }
        // A column that is compared with itself is a finding of its own.
        if matches!(condition, Expr::BinaryExpr(it) if it.left == it.right) {
            return;
        }
        let (LogicalPlan::SubqueryAlias(_) | LogicalPlan::TableScan(_)) = join.right.as_ref() else { return };
        let side = if is_of(&join.left) { &join.right } else { &join.left };
        let relation = side.schema().iter().find_map(|(relation, _)| relation.map(|it| it.table().to_owned()));
        let what = relation.map_or_else(|| "one of its sides".to_owned(), |it| format!("`{it}`"));
        let place = Place::Columns(spans(condition));
        found.push(
            Finding::warning(Code::UnrelatedJoin, format!("the condition of a join says nothing of {what}"), place)
                .help("say which rows belong together; where all do, write `cross join`"),
        );
    }
}

/// Whether there is a query within an expression.
fn has_query(expression: &Expr) -> bool {
    let is_query = |it: &Expr| matches!(it, Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_));
    expression.exists(|it| Ok(is_query(it))).unwrap_or(true)
}
