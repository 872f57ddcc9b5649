//! `from orders, unnest(orders.items) as i(item)`, `from a, lateral (select … where … a.x …) as l`: a query that is asked
//! for each row of what stands before it.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{JoinType, NullHandling};
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, Join, LogicalPlan, LogicalPlanBuilder, lit, when};

use super::answers::{Settling, answers};
use super::carried_out::{Beside, Kept};
use super::left_to_engine::{self, Engine};
use super::references::{asked_for, query_of};
use super::values_of_rows::gives_always;

/// Carries out a join whose right side is such a query; all others are left as they are.
pub(super) fn settle(join: Join, settling: &mut Settling) -> Result<Transformed<LogicalPlan>> {
    if !join.on.is_empty()
        || !is_query_beside(&join.right)
        || !matches!(join.join_type, JoinType::Inner | JoinType::Left)
    {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    }
    let settled = match of_one_row(&join, settling)? {
        Some(plan) => Some(plan),
        None if settling.engine == Engine::MayTry && left_to_engine::is_lateral(&join) => None,
        None => of_tables(&join, settling)?,
    };
    Ok(settled.map_or_else(|| Transformed::no(LogicalPlan::Join(join)), Transformed::yes))
}

/// Whether a plan is a query that asks for columns of the row beside it.
pub(super) fn is_query_beside(plan: &LogicalPlan) -> bool {
    let asks = |it: &LogicalPlan| matches!(it, LogicalPlan::Subquery(query) if !query.outer_ref_columns.is_empty());
    plan.exists(|it| Ok(asks(it))).unwrap_or_default()
}

/// A query that reads nothing but the row: each row goes through its steps, with all of its columns.
fn of_one_row(join: &Join, settling: &mut Settling) -> Result<Option<LogicalPlan>> {
    let keeps_all = match (&join.join_type, &join.filter) {
        (JoinType::Inner, _) => false,
        (JoinType::Left, None) => true,
        (JoinType::Left, Some(filter)) if *filter == lit(true) => true,
        _ => return Ok(None),
    };
    let columns = join.left.schema().columns();
    if !reads_one_row(&join.right, keeps_all) || !asked_for(&join.right).iter().all(|it| columns.contains(it)) {
        return Ok(None);
    }
    let names = settling.next_names();
    let taken_along = names.columns(columns.len());
    let named = columns.iter().zip(&taken_along).map(|(it, name)| Expr::Column(it.clone()).alias(&name.name));
    let beside = Beside {
        rows: LogicalPlanBuilder::from(join.left.as_ref().clone()).project(named)?.build()?,
        columns: &columns,
        taken_along: &taken_along,
        is_there: names.is_there(),
        of_no_items: if keeps_all { NullHandling::PreserveAndExpandEmpty } else { NullHandling::Drop },
    };
    let Some(plan) = beside.carry_out(&join.right, Kept::Given)? else { return Ok(None) };
    let restored = columns
        .iter()
        .zip(&taken_along)
        .map(|(it, name)| Expr::Column(name.clone()).alias_qualified(it.relation.clone(), &it.name));
    let own = join.right.schema().columns().into_iter().map(Expr::Column);
    let mut plan = LogicalPlanBuilder::from(plan).project(restored.chain(own))?;
    if let Some(filter) = join.filter.clone().filter(|_| !keeps_all) {
        plan = plan.filter(filter)?;
    }
    plan.build().map(Some)
}

/// Whether a query's steps look no further than at one row, and keep it where that is wanted.
fn reads_one_row(plan: &LogicalPlan, keeps_all: bool) -> bool {
    match plan {
        LogicalPlan::EmptyRelation(empty) => empty.produce_one_row,
        LogicalPlan::Filter(_) if keeps_all => false,
        LogicalPlan::Subquery(query) => reads_one_row(&query.subquery, keeps_all),
        LogicalPlan::Projection(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::Unnest(_) => plan.inputs().into_iter().all(|it| reads_one_row(it, keeps_all)),
        _ => false,
    }
}

/// A query over tables: it is carried out for the values that it asks for, and what it gives is put beside the rows.
fn of_tables(join: &Join, settling: &mut Settling) -> Result<Option<LogicalPlan>> {
    let rows = || join.left.as_ref().clone();
    let columns = || join.left.schema().columns().into_iter().map(Expr::Column);
    let own = join.right.schema().columns();
    let condition = join.filter.clone().filter(|it| *it != lit(true));
    if condition.iter().any(|it| it.exists(|it| Ok(query_of(it).is_some())).unwrap_or(true)) {
        return Ok(None);
    }
    if join.join_type == JoinType::Left && condition.is_some() {
        let Some(answers) = answers(&join.left, &join.right, Kept::Given, settling)? else { return Ok(None) };
        let joined = LogicalPlanBuilder::from(answers.beside(rows(), condition)?);
        return joined.project(columns().chain(own.into_iter().map(Expr::Column)))?.build().map(Some);
    }
    let Some(answers) = answers(&join.left, &join.right, Kept::All, settling)? else { return Ok(None) };
    let is_there = Expr::Column(answers.names.is_there());
    let mut joined = LogicalPlanBuilder::from(answers.beside_all(rows())?);
    if join.join_type == JoinType::Inner {
        // In these words the engine doesn't find out that it could as well leave out the rows without answers: that
        // would be before they are missed.
        joined = joined.filter(coalesce(vec![is_there, lit(false)]))?;
        joined = joined.project(columns().chain(own.into_iter().map(Expr::Column)))?;
        return match condition {
            Some(condition) => joined.filter(condition)?.build().map(Some),
            None => joined.build().map(Some),
        };
    }
    let is_always = gives_always(&join.right);
    let given = own.into_iter().map(|it| match is_always {
        true => Ok(Expr::Column(it)),
        false => Ok(where_there(&is_there, Expr::Column(it.clone()))?.alias_qualified(it.relation, it.name)),
    });
    let given = given.collect::<Result<Vec<Expr>>>()?;
    joined.project(columns().chain(given))?.build().map(Some)
}

/// A value of a row that the query gives; null where it gives none.
pub(super) fn where_there(is_there: &Expr, value: Expr) -> Result<Expr> {
    when(is_there.clone(), value).end()
}
