//! `from orders, unnest(orders.items) as i(item)`: a query that is asked for each row of what stands before it, and that
//! reads nothing but this row. It is carried out on all rows at once, each of which takes its own columns along.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, JoinType, NullHandling};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, Join, LogicalPlan, LogicalPlanBuilder, lit};

/// Carries out a join whose right side is such a query; all others are left as they are.
pub(super) fn settle(join: Join) -> Result<Transformed<LogicalPlan>> {
    let keeps_all = match join.join_type {
        JoinType::Inner => false,
        JoinType::Left if join.filter.as_ref().is_none_or(|it| *it == lit(true)) => true,
        _ => return Ok(Transformed::no(LogicalPlan::Join(join))),
    };
    if !join.on.is_empty() || !asks_of_rows(&join.right)? {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    }
    let columns = join.left.schema().columns();
    let taken_along: Vec<Column> = (0..columns.len()).map(|at| Column::from_name(format!("beside_{at}"))).collect();
    let named = columns.iter().zip(&taken_along).map(|(it, name)| Expr::Column(it.clone()).alias(&name.name));
    let rows = LogicalPlanBuilder::from(join.left.as_ref().clone()).project(named)?.build()?;
    let beside = Beside { rows, columns: &columns, taken_along: &taken_along, keeps_all };
    let Some(plan) = beside.carry_out(&join.right)? else { return Ok(Transformed::no(LogicalPlan::Join(join))) };
    let restored = columns
        .iter()
        .zip(&taken_along)
        .map(|(it, name)| Expr::Column(name.clone()).alias_qualified(it.relation.clone(), &it.name));
    let own = join.right.schema().columns().into_iter().map(Expr::Column);
    let mut plan = LogicalPlanBuilder::from(plan).project(restored.chain(own))?;
    if let Some(filter) = join.filter.filter(|_| !keeps_all) {
        plan = plan.filter(filter)?;
    }
    Ok(Transformed::yes(plan.build()?))
}

/// Whether a plan is a query that names columns of the row beside it.
fn asks_of_rows(plan: &LogicalPlan) -> Result<bool> {
    plan.exists(|it| Ok(matches!(it, LogicalPlan::Subquery(query) if !query.outer_ref_columns.is_empty())))
}

struct Beside<'a> {
    /// What stands before, under names that nothing else has.
    rows: LogicalPlan,
    columns: &'a [Column],
    taken_along: &'a [Column],
    /// Whether rows stay for which the query gives none.
    keeps_all: bool,
}

impl Beside<'_> {
    /// The query's steps over all rows; `None` where one of them looks further than at one row.
    fn carry_out(&self, plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
        let along = || self.taken_along.iter().cloned().map(Expr::Column);
        Ok(match plan {
            LogicalPlan::EmptyRelation(empty) if empty.produce_one_row => Some(self.rows.clone()),
            LogicalPlan::Subquery(query) => self.carry_out(&query.subquery)?,
            LogicalPlan::Projection(projection) => {
                let Some(input) = self.carry_out(&projection.input)? else { return Ok(None) };
                let own = projection.expr.iter().map(|it| self.of_row(it.clone())).collect::<Result<Vec<Expr>>>()?;
                Some(LogicalPlanBuilder::from(input).project(along().chain(own))?.build()?)
            }
            LogicalPlan::SubqueryAlias(alias) => {
                let Some(input) = self.carry_out(&alias.input)? else { return Ok(None) };
                let inner = alias.input.schema().columns().into_iter().zip(plan.schema().columns());
                let own = inner.map(|(it, named)| Expr::Column(it).alias_qualified(named.relation, named.name));
                Some(LogicalPlanBuilder::from(input).project(along().chain(own))?.build()?)
            }
            LogicalPlan::Filter(filter) if !self.keeps_all => {
                let Some(input) = self.carry_out(&filter.input)? else { return Ok(None) };
                Some(LogicalPlanBuilder::from(input).filter(self.of_row(filter.predicate.clone())?)?.build()?)
            }
            LogicalPlan::Unnest(unnest) => {
                let Some(input) = self.carry_out(&unnest.input)? else { return Ok(None) };
                let of_no_items =
                    if self.keeps_all { NullHandling::PreserveAndExpandEmpty } else { NullHandling::Drop };
                let options = unnest.options.clone().with_null_handling(of_no_items);
                let columns = unnest.exec_columns.clone();
                Some(LogicalPlanBuilder::from(input).unnest_columns_with_options(columns, options)?.build()?)
            }
            _ => None,
        })
    }

    /// What is said of the row beside is said of a row's own columns.
    fn of_row(&self, expression: Expr) -> Result<Expr> {
        let own = expression.transform_up(|it| match it {
            Expr::OuterReferenceColumn(field, column) => Ok(match self.columns.iter().position(|it| *it == column) {
                Some(at) => Transformed::yes(Expr::Column(self.taken_along[at].clone())),
                None => Transformed::no(Expr::OuterReferenceColumn(field, column)),
            }),
            other => Ok(Transformed::no(other)),
        })?;
        Ok(own.data)
    }
}
