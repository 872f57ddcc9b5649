//! Subqueries where the engine has none: `exists` and `in` as values, and what stands beside a row in `from`
//! (`from orders, unnest(orders.items)`). They become what it has. For a plan whose types are not settled yet.

mod beside_row;
mod tests_of_rows;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, not_impl_err};
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, Join, LogicalPlan, LogicalPlanBuilder};

/// Puts subqueries that the engine can't carry out in a form that it can.
///
/// # Errors
/// What the engine says of a plan that can't be made.
pub(super) fn settle(plan: LogicalPlan) -> Result<LogicalPlan> {
    let settled = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Join(join) => match asked_after(join)? {
            Asked::After(filtered) => Ok(Transformed::yes(filtered)),
            Asked::Nothing(join) => beside_row::settle(join),
        },
        // What filters ask of rows, the engine can answer.
        LogicalPlan::Projection(_) => tests_of_rows::settle(node),
        LogicalPlan::Aggregate(_) | LogicalPlan::Window(_) | LogicalPlan::Sort(_) => tests_of_rows::settle_before(node),
        other => Ok(Transformed::no(other)),
    })?;
    Ok(settled.data)
}

/// That the engine can carry out the subqueries that ask of the row beside them: it finds out late, when it optimizes.
///
/// # Errors
/// It can't.
pub(super) fn check(plan: &LogicalPlan, state: &SessionState) -> Result<()> {
    let mut any = false;
    plan.apply_with_subqueries(|node| {
        any |= node.contains_outer_reference() || asks_of_rows(node);
        Ok(if any { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    if !any {
        return Ok(());
    }
    let is_left = |plan: LogicalPlan| {
        plan.exists(|node| Ok(node.contains_outer_reference() || asks_of_rows(node))).unwrap_or(true)
    };
    match state.optimizer().optimize(plan.clone(), state, |_, _| {}).map(is_left) {
        Ok(false) => Ok(()),
        Ok(true) | Err(_) => not_impl_err!(
            "a subquery that asks of the row beside it in this way; join the two, and group by what tells the rows apart"
        ),
    }
}

/// Whether a step asks a subquery of each of its rows.
fn asks_of_rows(node: &LogicalPlan) -> bool {
    let asks = |it: &Expr| match it {
        Expr::ScalarSubquery(query) => !query.outer_ref_columns.is_empty(),
        Expr::Exists(_) | Expr::InSubquery(_) => !matches!(node, LogicalPlan::Filter(_)),
        _ => false,
    };
    node.expressions().iter().any(|it| it.exists(|it| Ok(asks(it))).unwrap_or_default())
}

/// A join whose condition asks a subquery, or does not.
enum Asked {
    After(LogicalPlan),
    Nothing(Join),
}

/// `a join b on a.k = b.k and b.y = (select …)`: the engine asks subqueries of rows, and not while it joins them. Which rows
/// an inner join gives can be asked afterwards as well.
fn asked_after(mut join: Join) -> Result<Asked> {
    let is_query = |it: &Expr| matches!(it, Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_));
    let asks = |it: &Expr| it.exists(|it| Ok(is_query(it))).unwrap_or_default();
    if join.join_type != JoinType::Inner {
        return Ok(Asked::Nothing(join));
    }
    let (asking, on): (Vec<_>, Vec<_>) = join.on.into_iter().partition(|(left, right)| asks(left) || asks(right));
    join.on = on;
    let mut conditions: Vec<Expr> = asking.into_iter().map(|(left, right)| left.eq(right)).collect();
    conditions.extend(join.filter.take_if(|it| asks(it)));
    Ok(match conditions.into_iter().reduce(Expr::and) {
        None => Asked::Nothing(join),
        Some(condition) => Asked::After(LogicalPlanBuilder::from(LogicalPlan::Join(join)).filter(condition)?.build()?),
    })
}
