//! A query that is asked for each row of others, carried out on all of them at once: the rows, or the values that the
//! query asks for, go through its steps, and each step keeps apart what belongs to different ones. (Neumann and Kemper,
//! Unnesting Arbitrary Queries, BTW 2015.)

use std::sync::Arc;

use datafusion::common::tree_node::TreeNode;
use datafusion::common::{Column, DFSchema, DFSchemaRef, JoinType, NullHandling};
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::expr::{AggregateFunction, Sort as SortExpr, WindowFunction};
use datafusion::logical_expr::{
    Aggregate, Distinct, Expr, ExprFunctionExt, FetchType, Join, Limit, LogicalPlan, LogicalPlanBuilder, SkipType,
    Union, Window, lit,
};

use super::references::{Renamed, asked_by_step, asked_for, query_of};

pub(super) struct Beside<'a> {
    /// What the query is asked for, under names that nothing else has.
    pub(super) rows: LogicalPlan,
    /// How the query calls the columns that it may ask for.
    pub(super) columns: &'a [Column],
    /// How the rows call them. What tells rows apart may be a further column, the last one, which is never null.
    pub(super) taken_along: &'a [Column],
    /// Whether there is a row of the query, where rows are kept for which it gives none.
    pub(super) is_there: Column,
    /// What becomes of rows whose list has no items.
    pub(super) of_no_items: NullHandling,
}

/// Which rows come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// What the query gives.
    Given,
    /// The same, and one row for each that it gives nothing for, where `is_there` is null.
    All,
}

impl Beside<'_> {
    /// The query's rows, each with the columns that it was asked for; `None` where one of its steps can't be.
    pub(super) fn carry_out(&self, plan: &LogicalPlan, kept: Kept) -> Result<Option<LogicalPlan>> {
        if !self.asks(asked_for(plan)) {
            return self.beside(plan, lit(true), kept).map(Some);
        }
        let carried = match plan {
            LogicalPlan::Subquery(query) => return self.carry_out(&query.subquery, kept),
            LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) => {
                let [input] = plan.inputs()[..] else { return Ok(None) };
                let Some(carried) = self.carry_out(input, kept)? else { return Ok(None) };
                return self.renaming_step(plan, carried, kept).map(Some);
            }
            LogicalPlan::Filter(filter) => {
                let condition = self.of_row(&filter.predicate, plan)?;
                let is_plain = !has_query(&filter.predicate);
                if kept == Kept::All && is_plain && !self.asks(asked_for(&filter.input)) {
                    return self.beside(&filter.input, condition, kept).map(Some);
                }
                if kept == Kept::All {
                    return self.kept_afterwards(plan);
                }
                let Some(input) = self.carry_out(&filter.input, kept)? else { return Ok(None) };
                LogicalPlanBuilder::from(input).filter(condition)?.build()?
            }
            LogicalPlan::Unnest(unnest) => {
                if kept == Kept::All {
                    return self.kept_afterwards(plan);
                }
                let Some(input) = self.carry_out(&unnest.input, kept)? else { return Ok(None) };
                let options = unnest.options.clone().with_null_handling(self.of_no_items);
                LogicalPlanBuilder::from(input)
                    .unnest_columns_with_options(unnest.exec_columns.clone(), options)?
                    .build()?
            }
            LogicalPlan::Aggregate(aggregate) => return self.aggregate(plan, aggregate, kept),
            LogicalPlan::Window(window) => return self.window(plan, window, kept),
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let Some(input) = self.carry_out(input, kept)? else { return Ok(None) };
                LogicalPlanBuilder::from(input).distinct()?.build()?
            }
            LogicalPlan::Distinct(Distinct::On(_)) => return self.distinct_on(plan, kept),
            // The order of rows that are told apart says nothing, unless they are counted off.
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => return self.carry_out(&sort.input, kept),
            LogicalPlan::Limit(limit) => return self.limit(limit, kept),
            LogicalPlan::Union(_) | LogicalPlan::Join(_) | LogicalPlan::Values(_) if kept == Kept::All => {
                return self.kept_afterwards(plan);
            }
            LogicalPlan::Union(union) => {
                let Some(sides) = self.union_sides(union)? else { return Ok(None) };
                LogicalPlan::Union(Union::try_new_with_loose_types(sides)?)
            }
            LogicalPlan::Values(values) => {
                let names = plan.schema().columns();
                let rows = values.values.iter().map(|row| {
                    let own = row.iter().zip(&names).map(|(it, name)| Ok(self.of_row(it, plan)?.alias(&name.name)));
                    let own = own.collect::<Result<Vec<Expr>>>()?;
                    let row = LogicalPlanBuilder::from(self.rows.clone()).project(self.along(kept).chain(own))?;
                    row.build().map(Arc::new)
                });
                let rows = rows.collect::<Result<Vec<Arc<LogicalPlan>>>>()?;
                if rows.len() < 2 {
                    return Ok(rows.into_iter().next().map(Arc::unwrap_or_clone));
                }
                LogicalPlan::Union(Union::try_new_with_loose_types(rows)?)
            }
            LogicalPlan::Join(join) => {
                let Some(carried) = self.join(plan, join)? else { return Ok(None) };
                carried
            }
            _ => return Ok(None),
        };
        self.shaped(carried, plan.schema(), kept).map(Some)
    }

    fn asks(&self, asked: Vec<Column>) -> bool {
        asked.iter().any(|it| self.columns.contains(it))
    }

    /// The columns that go through all steps.
    fn along(&self, kept: Kept) -> impl Iterator<Item = Expr> + '_ {
        let is_there = (kept == Kept::All).then(|| Expr::Column(self.is_there.clone()));
        self.taken_along.iter().cloned().map(Expr::Column).chain(is_there)
    }

    fn of_row(&self, expression: &Expr, step: &LogicalPlan) -> Result<Expr> {
        let within: Vec<DFSchemaRef> = step.inputs().iter().map(|it| DFSchemaRef::clone(it.schema())).collect();
        Renamed::new(self.columns, self.taken_along).of_own_row(expression.clone(), &within)
    }

    /// A step's own columns, computed from the row's, under the names that they have.
    fn own(&self, expressions: &[Expr], step: &LogicalPlan, from: usize) -> Result<Vec<Expr>> {
        let named = step.schema().columns().into_iter().skip(from);
        let own = expressions.iter().zip(named).map(|(it, name)| Ok(as_named(self.of_row(it, step)?, &name)));
        own.collect()
    }

    /// A plan that asks nothing, for each row.
    fn beside(&self, plan: &LogicalPlan, condition: Expr, kept: Kept) -> Result<LogicalPlan> {
        let rows = LogicalPlanBuilder::from(self.rows.clone());
        let is_there = || lit(true).alias(&self.is_there.name);
        let is_one = matches!(plan, LogicalPlan::EmptyRelation(empty) if empty.produce_one_row);
        match kept {
            Kept::Given if is_one => Ok(self.rows.clone()),
            Kept::Given => rows.cross_join(plan.clone())?.build(),
            Kept::All if is_one && condition == lit(true) => {
                rows.project(self.along(Kept::Given).chain([is_there()]))?.build()
            }
            Kept::All => {
                let own = plan.schema().columns().into_iter().map(Expr::Column);
                let own =
                    LogicalPlanBuilder::from(plan.clone()).project([is_there()].into_iter().chain(own))?.build()?;
                rows.join_on(own, JoinType::Left, [condition])?.build()
            }
        }
    }

    /// Rows that a plan gives nothing for, put beside what it gives.
    fn kept_afterwards(&self, plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
        let Some(given_rows) = self.carry_out(plan, Kept::Given)? else { return Ok(None) };
        let Some((key, again)) = self.key() else { return Ok(None) };
        let is_there = lit(true).alias(&self.is_there.name);
        let own = plan.schema().columns().into_iter().map(Expr::Column);
        let given = [column(&key).alias(&again.name), is_there].into_iter().chain(own);
        let given = LogicalPlanBuilder::from(given_rows).project(given)?.build()?;
        let all = LogicalPlanBuilder::from(self.rows.clone());
        let all = all.join(given, JoinType::Left, (vec![key], vec![again]), None)?.build()?;
        self.shaped(all, plan.schema(), Kept::All).map(Some)
    }

    /// The column that tells rows apart, and a second name for it.
    fn key(&self) -> Option<(Column, Column)> {
        let key = self.taken_along.last()?.clone();
        let again = Column::from_name(format!("{}_again", key.name));
        Some((key, again))
    }

    /// `select` and the name of a table: other columns of the same rows.
    fn renaming_step(&self, plan: &LogicalPlan, carried: LogicalPlan, kept: Kept) -> Result<LogicalPlan> {
        let own = match plan {
            LogicalPlan::Projection(projection) => self.own(&projection.expr, plan, 0)?,
            _ => {
                let inner = plan.inputs().into_iter().flat_map(|it| it.schema().columns());
                inner.zip(plan.schema().columns()).map(|(it, name)| as_named(Expr::Column(it), &name)).collect()
            }
        };
        LogicalPlanBuilder::from(carried).project(self.along(kept).chain(own))?.build()
    }

    fn aggregate(&self, plan: &LogicalPlan, aggregate: &Aggregate, kept: Kept) -> Result<Option<LogicalPlan>> {
        if aggregate.group_expr.iter().any(|it| matches!(it, Expr::GroupingSet(_))) {
            return Ok(None);
        }
        let groups = aggregate.group_expr.len();
        let mut results = self.own(&aggregate.aggr_expr, plan, groups)?;
        if groups > 0 {
            let Some(input) = self.carry_out(&aggregate.input, kept)? else { return Ok(None) };
            let groups = self.along(kept).chain(self.own(&aggregate.group_expr, plan, 0)?);
            let grouped = LogicalPlanBuilder::from(input).aggregate(groups, results)?.build()?;
            return self.shaped(grouped, plan.schema(), kept).map(Some);
        }
        // Of no rows at all there is one result too.
        let Some(input) = self.carry_out(&aggregate.input, Kept::All)? else { return Ok(None) };
        let names = plan.schema().columns();
        results = results.into_iter().zip(&names).map(|(it, name)| as_named(self.of_those_there(it), name)).collect();
        let results = LogicalPlanBuilder::from(input).aggregate(self.along(Kept::Given), results)?;
        let is_there = (kept == Kept::All).then(|| lit(true).alias(&self.is_there.name));
        let own = names.into_iter().map(Expr::Column);
        Ok(Some(results.project(self.along(Kept::Given).chain(is_there).chain(own))?.build()?))
    }

    /// An aggregate of the rows that the query gives.
    fn of_those_there(&self, aggregate: Expr) -> Expr {
        match aggregate {
            Expr::Alias(alias) => self.of_those_there(*alias.expr),
            Expr::AggregateFunction(AggregateFunction { func, mut params }) => {
                let is_there = Expr::Column(self.is_there.clone());
                params.filter = Some(Box::new(match params.filter {
                    Some(filter) => is_there.and(*filter),
                    None => is_there,
                }));
                Expr::AggregateFunction(AggregateFunction { func, params })
            }
            other => other,
        }
    }

    fn window(&self, plan: &LogicalPlan, window: &Window, kept: Kept) -> Result<Option<LogicalPlan>> {
        let Some(input) = self.carry_out(&window.input, kept)? else { return Ok(None) };
        let from = window.input.schema().fields().len();
        let own =
            self.own(&window.window_expr, plan, from)?.into_iter().zip(plan.schema().columns().into_iter().skip(from));
        let own: Vec<Expr> = own.map(|(it, name)| as_named(self.within_row(it, kept), &name)).collect();
        let computed = LogicalPlanBuilder::from(input).window(own)?.build()?;
        self.shaped(computed, plan.schema(), kept).map(Some)
    }

    /// A window over what belongs to one row.
    fn within_row(&self, window: Expr, kept: Kept) -> Expr {
        match window {
            Expr::Alias(alias) => self.within_row(*alias.expr, kept),
            Expr::WindowFunction(function) => {
                let WindowFunction { fun, mut params } = *function;
                params.partition_by = self.along(kept).chain(params.partition_by).collect();
                Expr::WindowFunction(Box::new(WindowFunction { fun, params }))
            }
            other => other,
        }
    }

    fn distinct_on(&self, plan: &LogicalPlan, kept: Kept) -> Result<Option<LogicalPlan>> {
        let LogicalPlan::Distinct(Distinct::On(distinct)) = plan else { return Ok(None) };
        let Some(input) = self.carry_out(&distinct.input, kept)? else { return Ok(None) };
        let of_row = |it: &Expr| self.of_row(it, plan);
        let on = distinct.on_expr.iter().map(of_row).collect::<Result<Vec<Expr>>>()?;
        let own = self.own(&distinct.select_expr, plan, 0)?;
        let order = distinct.sort_expr.as_ref().map(|order| {
            let first = self.along(kept).map(|it| Ok(it.sort(true, false)));
            first.chain(order.iter().map(|it| self.sort_of_row(it, plan))).collect::<Result<Vec<SortExpr>>>()
        });
        let on = self.along(kept).chain(on).collect();
        let own = self.along(kept).chain(own).collect();
        let distinct = LogicalPlanBuilder::from(input).distinct_on(on, own, order.transpose()?)?.build()?;
        self.shaped(distinct, plan.schema(), kept).map(Some)
    }

    fn sort_of_row(&self, sort: &SortExpr, step: &LogicalPlan) -> Result<SortExpr> {
        Ok(self.of_row(&sort.expr, step)?.sort(sort.asc, sort.nulls_first))
    }

    fn limit(&self, limit: &Limit, kept: Kept) -> Result<Option<LogicalPlan>> {
        let (SkipType::Literal(skip), FetchType::Literal(fetch)) = (limit.get_skip_type()?, limit.get_fetch_type()?)
        else {
            return Ok(None);
        };
        // Rows that stand for none are the first of their own.
        if kept == Kept::All && (skip > 0 || fetch == Some(0)) {
            return self.kept_afterwards(&LogicalPlan::Limit(limit.clone()));
        }
        self.counted_off(&limit.input, (skip as u64, fetch.map(|it| it as u64)), kept)
    }

    /// The rows of a plan between two positions, in the order that it has.
    fn counted_off(&self, plan: &LogicalPlan, between: (u64, Option<u64>), kept: Kept) -> Result<Option<LogicalPlan>> {
        let (input, order) = match plan {
            LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) => {
                let [input] = plan.inputs()[..] else { return Ok(None) };
                let Some(carried) = self.counted_off(input, between, kept)? else { return Ok(None) };
                return self.renaming_step(plan, carried, kept).map(Some);
            }
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => {
                let order = sort.expr.iter().map(|it| self.sort_of_row(it, plan)).collect::<Result<Vec<SortExpr>>>()?;
                (sort.input.as_ref(), order)
            }
            other => (other, Vec::new()),
        };
        let Some(carried) = self.carry_out(input, kept)? else { return Ok(None) };
        let position = Column::from_name(format!("{}_position", self.is_there.name));
        let number = row_number().partition_by(self.along(kept).collect());
        let number = if order.is_empty() { number.build()? } else { number.order_by(order).build()? };
        let position_of = || Expr::Column(position.clone());
        let (skip, fetch) = between;
        let after = (skip > 0).then(|| position_of().gt(lit(skip)));
        let before = fetch.map(|it| position_of().lt_eq(lit(skip.saturating_add(it))));
        let condition = after.into_iter().chain(before).reduce(Expr::and).unwrap_or_else(|| lit(true));
        let counted =
            LogicalPlanBuilder::from(carried).window([number.alias(&position.name)])?.filter(condition)?.build()?;
        self.shaped(counted, plan.schema(), kept).map(Some)
    }

    fn union_sides(&self, union: &Union) -> Result<Option<Vec<Arc<LogicalPlan>>>> {
        let names = union.schema.columns();
        let mut sides = Vec::new();
        for side in &union.inputs {
            let Some(carried) = self.carry_out(side, Kept::Given)? else { return Ok(None) };
            let own =
                side.schema().columns().into_iter().zip(&names).map(|(it, name)| as_named(Expr::Column(it), name));
            let along = self.along(Kept::Given);
            sides.push(Arc::new(LogicalPlanBuilder::from(carried).project(along.chain(own))?.build()?));
        }
        Ok(Some(sides))
    }

    /// A join within the query: sides that ask of the row take its columns along, and find one another by them.
    fn join(&self, plan: &LogicalPlan, join: &Join) -> Result<Option<LogicalPlan>> {
        let asks_beside = asked_beside(join);
        let left_asks = self.asks(asked_for(&join.left));
        let right_asks = !asks_beside && self.asks(asked_for(&join.right));
        let asks_itself = self.asks(asked_by_step(plan)) || asks_beside;
        let (carries_left, carries_right) = match join.join_type {
            JoinType::Inner => (left_asks || (asks_itself && !right_asks), right_asks),
            JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => (true, right_asks),
            JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => (left_asks, true),
            JoinType::Full => (true, true),
        };
        if asks_beside && !carries_left || join.null_aware && carries_left && carries_right {
            return Ok(None);
        }
        let side = |input: &Arc<LogicalPlan>, carries: bool| match carries {
            true => self.carry_out(input, Kept::Given),
            false => Ok(Some(input.as_ref().clone())),
        };
        let renamed = Renamed::new(self.columns, self.taken_along);
        let right = match asks_beside {
            // It finds them among the columns beside it.
            true => Some(renamed.passed_on_beside(&join.right, join.left.schema())?),
            false => side(&join.right, carries_right)?,
        };
        let (Some(mut left), Some(mut right)) = (side(&join.left, carries_left)?, right) else { return Ok(None) };
        let from_right =
            matches!(join.join_type, JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark);
        let mut on = join.on.clone();
        for (left, right) in &mut on {
            (*left, *right) = (self.of_row(left, plan)?, self.of_row(right, plan)?);
        }
        let condition = join.filter.as_ref().map(|it| self.of_row(it, plan)).transpose()?;
        let is_full = join.join_type == JoinType::Full;
        if carries_left && carries_right {
            let Some((key, again)) = self.key() else { return Ok(None) };
            on.push(if from_right { (column(&again), column(&key)) } else { (column(&key), column(&again)) });
            if from_right {
                left = self.with_key_again(left, &join.left, is_full)?;
            } else {
                right = self.with_key_again(right, &join.right, is_full)?;
            }
        }
        let joined = LogicalPlan::Join(Join::try_new(
            Arc::new(left),
            Arc::new(right),
            on,
            condition,
            join.join_type,
            join.join_constraint,
            join.null_equality,
            join.null_aware,
        )?);
        if !is_full {
            return Ok(Some(joined));
        }
        // Of two sides one is there.
        let along = self.taken_along.iter().map(|it| {
            let other = Column::from_name(format!("{}_again", it.name));
            coalesce(vec![column(it), column(&other)]).alias(&it.name)
        });
        let own = plan.schema().columns().into_iter().map(Expr::Column);
        Ok(Some(LogicalPlanBuilder::from(joined).project(along.chain(own))?.build()?))
    }

    /// A side of a join that is found by its key, and has what is taken along from the other one, or under second names.
    fn with_key_again(&self, carried: LogicalPlan, like: &LogicalPlan, with_all: bool) -> Result<LogicalPlan> {
        let from = if with_all { 0 } else { self.taken_along.len().saturating_sub(1) };
        let again = self.taken_along.iter().skip(from);
        let again = again.map(|it| column(it).alias(format!("{}_again", it.name)));
        let own = like.schema().columns().into_iter().map(Expr::Column);
        LogicalPlanBuilder::from(carried).project(again.chain(own))?.build()
    }

    /// What is taken along, and the columns of a step as it names them.
    fn shaped(&self, carried: LogicalPlan, like: &DFSchema, kept: Kept) -> Result<LogicalPlan> {
        let wanted: Vec<Expr> = self.along(kept).chain(like.columns().into_iter().map(Expr::Column)).collect();
        let is_so = carried.schema().columns().into_iter().map(Expr::Column).eq(wanted.iter().cloned());
        if is_so { Ok(carried) } else { LogicalPlanBuilder::from(carried).project(wanted)?.build() }
    }
}

/// Whether the right side of a join is a query that asks of the left one.
fn asked_beside(join: &Join) -> bool {
    let known = join.left.schema().columns();
    asked_for(&join.right).iter().any(|it| known.contains(it)) && super::beside_row::is_query_beside(&join.right)
}

fn has_query(expression: &Expr) -> bool {
    expression.exists(|it| Ok(query_of(it).is_some())).unwrap_or(true)
}

fn column(name: &Column) -> Expr {
    Expr::Column(name.clone())
}

/// An expression under the name of a column.
fn as_named(expression: Expr, name: &Column) -> Expr {
    let has_name = match &expression {
        Expr::Column(it) => it == name,
        Expr::Alias(it) => it.relation == name.relation && it.name == name.name,
        _ => false,
    };
    if has_name { expression } else { expression.alias_qualified(name.relation.clone(), &name.name) }
}
