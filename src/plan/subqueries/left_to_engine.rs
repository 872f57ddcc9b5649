//! Which queries that ask of the row beside them the engine carries out itself, by joining on their conditions. It is
//! faster, and wrong or at a loss with others: only forms are named here whose result is known to be right.

use datafusion::common::Column;
use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Distinct, Expr, Join, JoinType, LogicalPlan, Operator, Subquery, lit};

use super::references::{asked_by_step, asked_for, query_of};

/// Whether the engine is to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum Engine {
    /// With the forms that it is known to be right with.
    MayTry,
    /// It has tried, and some of them were beyond it.
    HasFailed,
}

/// `(select max(x) from t where t.k = row.k)`: one value of all rows whose columns are equal to the row's.
pub(super) fn is_value_of_equals(query: &LogicalPlan) -> bool {
    match query {
        LogicalPlan::Projection(it) => asked_by_step(query).is_empty() && is_value_of_equals(&it.input),
        LogicalPlan::SubqueryAlias(it) => is_value_of_equals(&it.input),
        LogicalPlan::Aggregate(it) => {
            it.group_expr.is_empty() && asked_by_step(query).is_empty() && is_equal(&it.input)
        }
        _ => false,
    }
}

/// Rows of a table whose columns are equal to the row's.
fn is_equal(query: &LogicalPlan) -> bool {
    match query {
        LogicalPlan::Filter(it) => fits(&it.predicate, is_equality) && is_equal(&it.input),
        other => asked_for(other).is_empty(),
    }
}

/// A condition of `where` whose tests are `exists (select … from t where …)` or `a in (select b from t where …)`.
pub(super) fn are_tests(condition: &Expr, rows: &LogicalPlan, engine: Engine) -> bool {
    let known = rows.schema().columns();
    let asks = |it: &Expr| it.exists(|it| Ok(query_of(it).is_some())).unwrap_or(true);
    match condition {
        Expr::BinaryExpr(it) if matches!(it.op, Operator::And | Operator::Or) => {
            are_tests(&it.left, rows, engine) && are_tests(&it.right, rows, engine)
        }
        Expr::Exists(it) => is_test(condition, &it.subquery, &known, engine),
        // Of `not in` it has nulls wrong, but where all rows are compared with the same values, one after the other.
        Expr::InSubquery(it) => !asks(&it.expr) && !it.negated && is_test(condition, &it.subquery, &known, engine),
        Expr::Not(it) => match it.as_ref() {
            Expr::Exists(test) => is_test(it, &test.subquery, &known, engine),
            other => !asks(other),
        },
        other => !asks(other),
    }
}

/// `a not in (select b from t)` as a condition of its own.
pub(super) fn is_known_not_in(condition: &Expr) -> bool {
    let Expr::InSubquery(it) = condition else { return false };
    it.negated && it.subquery.outer_ref_columns.is_empty()
}

fn is_test(test: &Expr, query: &Subquery, known: &[Column], engine: Engine) -> bool {
    let query = query.subquery.as_ref();
    let asked = asked_for(query);
    if asked.is_empty() {
        return true;
    }
    if engine == Engine::HasFailed {
        return false;
    }
    let is_fit = match (test, query) {
        // Any row will do.
        (Expr::Exists(_), LogicalPlan::Limit(limit))
            if limit.skip.is_none() && limit.fetch.as_deref().is_none_or(|it| *it != lit(0_i64)) =>
        {
            is_filtered(&limit.input)
        }
        (_, LogicalPlan::Distinct(Distinct::All(input))) => is_filtered(input),
        _ => is_filtered(query),
    };
    is_fit && asked.iter().all(|it| known.contains(it))
}

/// `from a, lateral (select … from t where …)`.
pub(super) fn is_lateral(join: &Join) -> bool {
    let query = match join.right.as_ref() {
        LogicalPlan::Subquery(query) => query,
        LogicalPlan::SubqueryAlias(alias) => match alias.input.as_ref() {
            LogicalPlan::Subquery(query) => query,
            _ => return false,
        },
        _ => return false,
    };
    let knows = |it: &Column| join.left.schema().columns().contains(it);
    let is_plain = join.on.is_empty() && join.filter.as_ref().is_none_or(|it| *it == lit(true));
    let is_known_join = matches!(join.join_type, JoinType::Inner | JoinType::Left);
    is_known_join && is_plain && asked_for(&query.subquery).iter().all(knows) && is_filtered_or_value(query)
}

fn is_filtered_or_value(query: &Subquery) -> bool {
    is_value_of_equals(&query.subquery) || is_filtered(&query.subquery)
}

/// A query that asks of the row in conditions alone, which are the last that decides about its rows.
fn is_filtered(query: &LogicalPlan) -> bool {
    match query {
        LogicalPlan::Projection(it) if asked_by_step(query).is_empty() => is_filtered(&it.input),
        LogicalPlan::SubqueryAlias(it) => is_filtered(&it.input),
        LogicalPlan::Filter(it) => fits(&it.predicate, |_| true) && is_filtered(&it.input),
        other => asked_for(other).is_empty(),
    }
}

/// Whether a filter asks of the row in conditions that fit, and in no query of its own.
fn fits(filter: &Expr, fits: fn(&Expr) -> bool) -> bool {
    let asks_further = |it: &Expr| it.exists(|it| Ok(query_of(it).is_some_and(asks))).unwrap_or(true);
    let mut conditions = split_conjunction(filter).into_iter();
    conditions.all(|it| !asks_further(it) && (!it.contains_outer() || fits(it)))
}

fn asks(query: &Subquery) -> bool {
    !asked_for(&query.subquery).is_empty()
}

/// `t.k = row.k`, also where one of them is another type's or computed from the row.
fn is_equality(condition: &Expr) -> bool {
    let Expr::BinaryExpr(it) = condition else { return false };
    let is_own = |it: &Expr| matches!(it, Expr::Column(_));
    let is_of_row = |it: &Expr| !it.any_column_refs() && it.contains_outer();
    it.op == Operator::Eq && (is_own(&it.left) && is_of_row(&it.right) || is_own(&it.right) && is_of_row(&it.left))
}
