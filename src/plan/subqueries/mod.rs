//! Subqueries where the engine has none: `exists` and `in` as values, what stands beside a row in `from`
//! (`from orders, unnest(orders.items)`), and all that asks of rows in other ways than by equality. They become joins and
//! aggregates. For a plan whose types are not settled yet.

mod answers;
mod beside_row;
mod carried_out;
mod left_to_engine;
mod references;
mod tests_of_rows;
mod values_of_rows;

pub(super) use answers::{is_added, is_added_value};
pub(super) use left_to_engine::Engine;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, not_impl_err};
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::logical_expr::utils::{split_conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, Filter, Join, LogicalPlan, LogicalPlanBuilder};

use answers::Settling;

/// Puts subqueries that the engine can't carry out in a form that it can.
///
/// # Errors
/// What the engine says of a plan that can't be made.
pub(super) fn settle(plan: LogicalPlan, engine: Engine) -> Result<LogicalPlan> {
    settle_all(plan, &mut Settling::new(engine))
}

fn settle_all(plan: LogicalPlan, settling: &mut Settling) -> Result<LogicalPlan> {
    let settled = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Join(join) => match asked_after(join)? {
            Asked::After(LogicalPlan::Filter(filter)) => Ok(Transformed::yes(filtered(filter, settling)?)),
            Asked::After(other) => Ok(Transformed::yes(other)),
            Asked::Nothing(join) if asks_while_joining(&join) => not_impl_err!(
                "a subquery in the `on` of an outer join that asks of the rows; ask it before, as a column of one side"
            ),
            Asked::Nothing(join) => beside_row::settle(join, settling),
        },
        LogicalPlan::Filter(filter) => Ok(Transformed::yes(filtered(filter, settling)?)),
        LogicalPlan::Projection(_) => answered(node, settling).map(Transformed::yes),
        LogicalPlan::Aggregate(_) | LogicalPlan::Window(_) | LogicalPlan::Sort(_) => {
            tests_of_rows::settle_before(node, &mut |node| answered(node, settling))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(settled.data)
}

/// What a step asks of each of its rows becomes a value, and the values that the engine can't have are put beside the rows.
fn answered(node: LogicalPlan, settling: &mut Settling) -> Result<LogicalPlan> {
    let tested = tests_of_rows::settle(node)?.data;
    Ok(values_of_rows::settle(tested, settling)?.data)
}

/// What filters ask of rows, the engine can answer in many cases. The other conditions come after those.
fn filtered(filter: Filter, settling: &mut Settling) -> Result<LogicalPlan> {
    let (rows, engine) = (filter.input.as_ref(), settling.engine);
    let asks_value = |it: &Expr| it.exists(|it| Ok(values_of_rows::is_asked(it, rows, engine))).unwrap_or_default();
    let is_other = |it: &Expr| {
        asks_value(it)
            || has_test(it) && !left_to_engine::is_known_not_in(it) && !left_to_engine::are_tests(it, rows, engine)
    };
    if !split_conjunction(&filter.predicate).into_iter().any(is_other) {
        return Ok(LogicalPlan::Filter(filter));
    }
    let conditions = split_conjunction_owned(filter.predicate);
    let (others, known): (Vec<Expr>, Vec<Expr>) = conditions.into_iter().partition(is_other);
    let mut plan = LogicalPlanBuilder::from(filter.input);
    if let Some(known) = known.into_iter().reduce(Expr::and) {
        plan = plan.filter(known)?;
    }
    match others.into_iter().reduce(Expr::and) {
        Some(others) => answered(plan.filter(others)?.build()?, settling),
        None => plan.build(),
    }
}

/// That there is a way to all subqueries.
///
/// # Errors
/// There is none.
pub(super) fn check(plan: &LogicalPlan, state: &SessionState) -> Result<()> {
    match are_answered(plan, state) {
        true => Ok(()),
        false => not_impl_err!(
            "a subquery that asks of the row beside it in this way; join the two, and group by what tells the rows apart"
        ),
    }
}

/// Whether the engine can carry out the subqueries that ask of the row beside them: it finds out late, when it optimizes.
pub(super) fn are_answered(plan: &LogicalPlan, state: &SessionState) -> bool {
    let asks = |node: &LogicalPlan| node.contains_outer_reference() || asks_in_expressions(node);
    let mut any = false;
    let visited = plan.apply_with_subqueries(|node| {
        any |= asks(node);
        Ok(if any { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    if visited.is_ok() && !any {
        return true;
    }
    let is_left = |plan: LogicalPlan| plan.exists(|node| Ok(asks(node))).unwrap_or(true);
    matches!(state.optimizer().optimize(plan.clone(), state, |_, _| {}).map(is_left), Ok(false))
}

/// Whether the condition of a join asks a subquery of the rows.
fn asks_while_joining(join: &Join) -> bool {
    let conditions = join.on.iter().flat_map(|(left, right)| [left, right]).chain(&join.filter);
    let asks = |it: &Expr| references::query_of(it).is_some_and(|it| !it.outer_ref_columns.is_empty());
    conditions.into_iter().any(|it| it.exists(|it| Ok(asks(it))).unwrap_or_default())
}

fn has_test(expression: &Expr) -> bool {
    expression.exists(|it| Ok(matches!(it, Expr::Exists(_) | Expr::InSubquery(_)))).unwrap_or_default()
}

/// Whether a step asks a subquery of each of its rows.
fn asks_in_expressions(node: &LogicalPlan) -> bool {
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
