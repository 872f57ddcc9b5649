//! `(select max(b.x) from b where b.y <= a.y)` as a value of each row of `a`, where the engine has no way to it: its
//! answers are put beside the rows.

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::{count, first_value};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, FetchType, LogicalPlan, LogicalPlanBuilder, SkipType, Subquery, lit};

use super::answers::{Settling, answers};
use super::beside_row::where_there;
use super::carried_out::Kept;
use super::left_to_engine::{self, Engine};
use super::references::asked_for;
use crate::operators::holds;

const SEVERAL_ROWS: &str = "a subquery that stands for a value gives more than one row; aggregate them, or take one with \
                            `order by … limit 1`";

/// Answers such questions in the expressions of a step that computes values or filters rows.
pub(super) fn settle(node: LogicalPlan, settling: &mut Settling) -> Result<Transformed<LogicalPlan>> {
    let engine = settling.engine;
    let input = match node.inputs().as_slice() {
        [input] => (*input).clone(),
        _ => return Ok(Transformed::no(node)),
    };
    if !node.expressions().iter().any(|it| it.exists(|it| Ok(is_asked(it, &input, engine))).unwrap_or_default()) {
        return Ok(Transformed::no(node));
    }
    let mut answered = input.clone();
    let mut is_answered = true;
    let names = NamePreserver::new(&node);
    let expressions = node.expressions().into_iter().map(|expression| {
        let name = names.save(&expression);
        let replaced = expression.transform_down(|it| match it {
            Expr::ScalarSubquery(query) if is_asked(&Expr::ScalarSubquery(query.clone()), &input, engine) => {
                match with_value(&answered, &input, &query, settling)? {
                    Some((plan, value)) => {
                        answered = plan;
                        Ok(Transformed::new(Expr::Column(value), true, TreeNodeRecursion::Jump))
                    }
                    None => {
                        is_answered = false;
                        Ok(Transformed::no(Expr::ScalarSubquery(query)))
                    }
                }
            }
            other => Ok(Transformed::no(other)),
        })?;
        Ok(name.restore(replaced.data))
    });
    let expressions = expressions.collect::<Result<Vec<Expr>>>()?;
    if !is_answered {
        return Ok(Transformed::no(node));
    }
    let columns = node.schema().columns().into_iter().map(Expr::Column);
    let settled = node.with_new_exprs(expressions, vec![answered])?;
    // A step that passes rows on passes the answers on too.
    Ok(Transformed::yes(LogicalPlanBuilder::from(settled).project(columns)?.build()?))
}

/// Whether an expression is a query that asks of the rows of a plan, and that the engine can't carry out.
pub(super) fn is_asked(expression: &Expr, rows: &LogicalPlan, engine: Engine) -> bool {
    let Expr::ScalarSubquery(query) = expression else { return false };
    let asked = asked_for(&query.subquery);
    let known = rows.schema().columns();
    let is_all_known = asked.iter().all(|it| known.contains(it));
    asked.iter().any(|it| known.contains(it))
        && !(engine == Engine::MayTry && is_all_known && left_to_engine::is_value_of_equals(&query.subquery))
}

/// Rows with the value of a query beside them.
fn with_value(
    so_far: &LogicalPlan,
    rows: &LogicalPlan,
    query: &Subquery,
    settling: &mut Settling,
) -> Result<Option<(LogicalPlan, Column)>> {
    let query = query.subquery.as_ref();
    let Some(mut answers) = answers(rows, query, Kept::All, settling)? else { return Ok(None) };
    let Ok([own]) = <[Column; 1]>::try_from(query.schema().columns()) else { return Ok(None) };
    let value = answers.names.value();
    let asked: Vec<Expr> = answers.taken_along().into_iter().map(Expr::Column).collect();
    let is_there = Expr::Column(answers.names.is_there());
    let given = match gives_always(query) {
        true => Expr::Column(own),
        false => where_there(&is_there, Expr::Column(own))?,
    };
    let plan = LogicalPlanBuilder::from(answers.plan);
    let plan = match gives_one(query) {
        true => plan.project(asked.into_iter().chain([given.alias(&value.name)]))?,
        false => {
            let rows = Column::from_name(format!("{}_rows", value.name));
            let one = plan.aggregate(
                asked.clone(),
                vec![first_value(given, Vec::new()).alias(&value.name), count(lit(1_i64)).alias(&rows.name)],
            )?;
            let one = one.filter(holds(Expr::Column(rows).lt_eq(lit(1_i64)), SEVERAL_ROWS))?;
            one.project(asked.into_iter().chain([Expr::Column(value.clone())]))?
        }
    };
    answers.plan = plan.build()?;
    Ok(Some((answers.beside_all(so_far.clone())?, value)))
}

/// Whether a query gives a row whatever it is asked for.
pub(super) fn gives_always(query: &LogicalPlan) -> bool {
    match query {
        LogicalPlan::Projection(it) => gives_always(&it.input),
        LogicalPlan::SubqueryAlias(it) => gives_always(&it.input),
        LogicalPlan::Subquery(it) => gives_always(&it.subquery),
        LogicalPlan::Aggregate(it) => it.group_expr.is_empty(),
        LogicalPlan::EmptyRelation(it) => it.produce_one_row,
        _ => false,
    }
}

/// Whether a query never gives more than one row.
fn gives_one(query: &LogicalPlan) -> bool {
    match query {
        LogicalPlan::Projection(it) => gives_one(&it.input),
        LogicalPlan::SubqueryAlias(it) => gives_one(&it.input),
        LogicalPlan::Filter(it) => gives_one(&it.input),
        LogicalPlan::Sort(it) => gives_one(&it.input),
        LogicalPlan::Limit(it) => {
            let is_one = matches!(it.get_fetch_type(), Ok(FetchType::Literal(Some(0 | 1))));
            is_one && matches!(it.get_skip_type(), Ok(SkipType::Literal(_))) || gives_one(&it.input)
        }
        other => gives_always(other),
    }
}
