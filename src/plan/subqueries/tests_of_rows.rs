//! `exists (select …)` and `a in (select …)` as values: true, false or null, by counting rows.

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, FetchType, LogicalPlan, LogicalPlanBuilder, Subquery, lit, not};
use datafusion::scalar::ScalarValue;

/// What the rows of `in (select …)` are called.
const ASKED: &str = "asked_rows";

/// Answers such questions in all expressions of a step.
pub(super) fn settle(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let is_test = |it: &Expr| matches!(it, Expr::Exists(_) | Expr::InSubquery(_));
    if !node.expressions().iter().any(|it| it.exists(|it| Ok(is_test(it))).unwrap_or_default()) {
        return Ok(Transformed::no(node));
    }
    let types: Vec<(Column, FieldRef)> = node
        .inputs()
        .iter()
        .flat_map(|it| {
            it.schema().iter().map(|(table, field)| (Column::new(table.cloned(), field.name()), field.clone()))
        })
        .collect();
    let names = NamePreserver::new(&node);
    node.map_expressions(|expression| {
        let name = names.save(&expression);
        let answered = expression.transform_up(|it| match it {
            Expr::Exists(Exists { subquery, negated }) => {
                let exists = number_of_rows(&subquery.subquery, None)?.gt(lit(0_i64));
                Ok(Transformed::yes(if negated { not(exists) } else { exists }))
            }
            Expr::InSubquery(test) => is_among(test, &types).map(Transformed::yes),
            other => Ok(Transformed::no(other)),
        })?;
        Ok(answered.update_data(|it| name.restore(it)))
    })
}

/// The same for a step that does more with rows than compute values: it is asked before, and the step finds the answers.
/// `answered_by` finds the answers.
pub(super) fn settle_before(
    node: LogicalPlan,
    answered_by: &mut dyn FnMut(LogicalPlan) -> Result<LogicalPlan>,
) -> Result<Transformed<LogicalPlan>> {
    let mut asked: Vec<Expr> = Vec::new();
    let input = match node.inputs().as_slice() {
        [input] => (*input).clone(),
        _ => return Ok(Transformed::no(node)),
    };
    // Values that are the same for all rows are no question.
    let is_before = |it: &Expr| match it {
        Expr::ScalarSubquery(query) => !query.outer_ref_columns.is_empty(),
        _ => true,
    };
    let columns = node.schema().columns();
    let names = NamePreserver::new(&node);
    let expressions = node.expressions().into_iter().map(|expression| {
        let name = names.save(&expression);
        let answered = expression.transform_down(|it| match it {
            Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_) if is_before(&it) => {
                let answer = format!("asked_{}", asked.len());
                asked.push(it.alias(&answer));
                Ok(Transformed::new(Expr::Column(Column::from_name(answer)), true, TreeNodeRecursion::Jump))
            }
            other => Ok(Transformed::no(other)),
        })?;
        Ok(answered.update_data(|it| name.restore(it)).data)
    });
    let expressions = expressions.collect::<Result<Vec<Expr>>>()?;
    if asked.is_empty() {
        return Ok(Transformed::no(node));
    }
    let passed_on = input.schema().columns().into_iter().map(Expr::Column);
    let answers =
        LogicalPlanBuilder::from(input.clone()).project(passed_on.chain(asked).collect::<Vec<Expr>>())?.build()?;
    let answered = node.with_new_exprs(expressions, vec![answered_by(answers)?])?;
    // A step that passes rows on passes the answers on too.
    let own = columns.into_iter().map(Expr::Column);
    Ok(Transformed::yes(LogicalPlanBuilder::from(answered).project(own)?.build()?))
}

/// True where a row has the value; null where none has and the value, or that of some row, is unknown.
fn is_among(test: InSubquery, types: &[(Column, FieldRef)]) -> Result<Expr> {
    let InSubquery { expr: value, subquery, negated } = test;
    // Under a name of its own: the row may be one of the same table.
    let rows = Arc::new(LogicalPlanBuilder::from(subquery.subquery.as_ref().clone()).alias(ASKED)?.build()?);
    let (table, field) = rows.schema().qualified_field(0);
    let column = Expr::Column(Column::new(table.cloned(), field.name()));
    let same = column.clone().eq(as_seen_from_within(*value.clone(), types)?);
    // `false or (null and true)` is null.
    let is_unknown = value.is_null().and(number_of_rows(&rows, None)?.gt(lit(0_i64)));
    let is_unknown = is_unknown.or(number_of_rows(&rows, Some(column.is_null()))?.gt(lit(0_i64)));
    let unknown = lit(ScalarValue::Boolean(None)).and(is_unknown);
    let among = number_of_rows(&rows, Some(same))?.gt(lit(0_i64)).or(unknown);
    Ok(if negated { not(among) } else { among })
}

/// How many rows a query gives, or how many of them meet a condition.
fn number_of_rows(query: &Arc<LogicalPlan>, condition: Option<Expr>) -> Result<Expr> {
    let mut rows = LogicalPlanBuilder::from(without_limit(query).clone());
    if let Some(condition) = condition {
        rows = rows.filter(condition)?;
    }
    let counted = rows.aggregate(Vec::<Expr>::new(), vec![count(lit(1_i64)).alias("rows")])?.build()?;
    let outer_ref_columns = counted.all_out_ref_exprs();
    Ok(Expr::ScalarSubquery(Subquery { subquery: Arc::new(counted), outer_ref_columns, spans: Default::default() }))
}

/// `exists (select 1 from t limit 1)` asks no more than without the limit.
fn without_limit(query: &LogicalPlan) -> &LogicalPlan {
    match query {
        LogicalPlan::Limit(limit)
            if limit.skip.is_none() && matches!(limit.get_fetch_type(), Ok(FetchType::Literal(Some(1..) | None))) =>
        {
            &limit.input
        }
        other => other,
    }
}

/// An expression over a row, for a query within that asks of it.
fn as_seen_from_within(value: Expr, types: &[(Column, FieldRef)]) -> Result<Expr> {
    let seen = value.transform_up(|it| match it {
        Expr::Column(column) => {
            let found = types.iter().find(|(known, _)| {
                known.name == column.name && (column.relation.is_none() || known.relation == column.relation)
            });
            Ok(match found {
                Some((known, field)) => Transformed::yes(Expr::OuterReferenceColumn(Arc::clone(field), known.clone())),
                None => Transformed::no(Expr::Column(column)),
            })
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(seen.data)
}
