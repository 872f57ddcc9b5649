//! What a query's plan says of all rows that it can ever give: columns that are never null, columns that have few
//! values, columns that are a key. What is not known here may still be so; what is said is so whatever the data are.
//!
//! Types of files say nothing: a column that is declared not to be null may hold nulls until somebody looks.

use std::collections::BTreeSet;

use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::logical_expr::expr::{BinaryExpr, Cast, WindowFunction};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{
    Distinct, Expr, FetchType, Join, JoinType, LogicalPlan, Operator, TableScan, WindowFunctionDefinition,
};

use super::values::{ColumnFacts, of_expression};
use crate::data_tests::KeyOf;
use crate::plan::relation::{self, KindOf};

/// What is known of a plan's rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// For each column, in the plan's order.
    pub(super) columns: Vec<ColumnFacts>,
    /// Columns, by their numbers, that no two rows have the same values in; nulls are equal to one another.
    pub(super) keys: Vec<(BTreeSet<usize>, KeyOf)>,
}

impl Facts {
    fn nothing(plan: &LogicalPlan) -> Facts {
        Facts { columns: vec![ColumnFacts::default(); plan.schema().fields().len()], keys: Vec::new() }
    }

    fn one_row(self) -> Facts {
        Facts { keys: vec![(BTreeSet::new(), KeyOf::OneRow)], ..self }
    }
}

/// Whether what a plan says of tables that it makes is to be believed, or something else may change them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum Tables {
    /// Each is what its model's query gives.
    AsPlanned,
    /// Hooks or templates may have changed them.
    MaybeChanged,
}

/// What is known of the rows of a relation, with and without belief in tables. It is kept with the relation's name, so
/// that a plan is looked through once, however many read it.
#[derive(Debug, Clone)]
pub(in crate::plan) struct QueryFacts {
    as_planned: Facts,
    maybe_changed: Facts,
}

impl QueryFacts {
    /// Of a view, or of a table that a query is written to.
    pub(in crate::plan) fn of(query: &LogicalPlan) -> QueryFacts {
        QueryFacts {
            as_planned: of_plan(query, Tables::AsPlanned),
            maybe_changed: of_plan(query, Tables::MaybeChanged),
        }
    }
}

/// What is known of the rows of a relation.
pub(super) fn of_relation(scan: &TableScan, tables: Tables) -> Facts {
    let known = if scan.projection.is_some() { None } else { relation::facts_of(&scan.source) };
    let facts = match (known, tables) {
        (Some((facts, _)), Tables::AsPlanned) => Some(&facts.as_planned),
        (Some((facts, KindOf::View)), Tables::MaybeChanged) => Some(&facts.maybe_changed),
        (Some((_, KindOf::Table)), Tables::MaybeChanged) | (None, _) => None,
    };
    let columns = scan.projected_schema.fields().len();
    let nothing = || Facts { columns: vec![ColumnFacts::default(); columns], keys: Vec::new() };
    facts.filter(|it| it.columns.len() == columns).cloned().unwrap_or_else(nothing)
}

/// All values beside null that a column of a query can have, where they are known.
pub(in crate::plan) fn known_values(query: &LogicalPlan, column: &Column) -> Option<Vec<ScalarValue>> {
    let at = query.schema().maybe_index_of_column(column)?;
    of_plan(query, Tables::AsPlanned).columns.get(at)?.values.clone()
}

/// What is known of the rows of a query.
fn of_plan(plan: &LogicalPlan, tables: Tables) -> Facts {
    match plan {
        LogicalPlan::TableScan(scan) => of_relation(scan, tables),
        LogicalPlan::SubqueryAlias(alias) => of_plan(&alias.input, tables),
        LogicalPlan::Sort(sort) => of_plan(&sort.input, tables),
        LogicalPlan::Limit(limit) => {
            let below = of_plan(&limit.input, tables);
            match limit.get_fetch_type() {
                Ok(FetchType::Literal(Some(0 | 1))) => below.one_row(),
                _ => below,
            }
        }
        LogicalPlan::Filter(filter) => {
            let below = of_plan(&filter.input, tables);
            filtered(below, filter.input.schema(), &filter.predicate)
        }
        LogicalPlan::Projection(projection) => {
            let below = of_plan(&projection.input, tables);
            projected(&below, projection.input.schema(), &projection.expr)
        }
        LogicalPlan::Window(window) => {
            let mut facts = of_plan(&window.input, tables);
            let schema = window.input.schema();
            facts.columns.extend(window.window_expr.iter().map(|it| of_window(it, schema)));
            facts
        }
        LogicalPlan::Aggregate(aggregate) => {
            let is_set = |it: &Expr| matches!(it, Expr::GroupingSet(_));
            if aggregate.group_expr.iter().any(is_set) {
                return Facts::nothing(plan);
            }
            let below = of_plan(&aggregate.input, tables);
            let schema = aggregate.input.schema();
            let keys = aggregate.group_expr.len();
            let mut columns: Vec<ColumnFacts> =
                aggregate.group_expr.iter().map(|it| of_expression(it, schema, &below.columns).unnumbered()).collect();
            columns.extend(aggregate.aggr_expr.iter().map(of_aggregate));
            let facts = Facts { columns, keys: vec![((0..keys).collect(), KeyOf::GroupBy)] };
            if keys == 0 { facts.one_row() } else { facts }
        }
        LogicalPlan::Distinct(Distinct::All(input)) => {
            let mut facts = of_plan(input, tables);
            facts.keys.push(((0..facts.columns.len()).collect(), KeyOf::Distinct));
            facts
        }
        LogicalPlan::Union(union) => {
            let mut inputs = union.inputs.iter().map(|it| of_plan(it, tables).columns);
            let Some(first) = inputs.next() else { return Facts::nothing(plan) };
            let either = |columns: Vec<ColumnFacts>, others: Vec<ColumnFacts>| {
                columns.into_iter().zip(others).map(|(one, other)| one.or(other)).collect()
            };
            Facts { columns: inputs.fold(first, either), keys: Vec::new() }
        }
        LogicalPlan::Join(join) => joined(join, tables),
        LogicalPlan::EmptyRelation(empty) if empty.produce_one_row => Facts::nothing(plan).one_row(),
        _ => Facts::nothing(plan),
    }
}

/// What a condition adds: what it compares is not null, or it would not hold.
fn filtered(mut facts: Facts, schema: &DFSchema, condition: &Expr) -> Facts {
    for condition in split_conjunction(condition) {
        let compared: Vec<&Expr> = match condition {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if rejects_null(*op) => vec![left, right],
            Expr::IsNotNull(inner) | Expr::IsTrue(inner) | Expr::IsFalse(inner) => vec![inner],
            Expr::InList(list) => vec![&list.expr],
            Expr::Between(between) => vec![&between.expr],
            Expr::Like(like) => vec![&like.expr],
            _ => Vec::new(),
        };
        for column in compared.into_iter().filter_map(|it| column(it, schema)) {
            if let Some(column) = facts.columns.get_mut(column) {
                column.never_null = true;
            }
        }
        if let Some(partition) = first_of_each(condition, schema, &facts) {
            facts.keys.push((partition, KeyOf::RowNumber));
        }
    }
    facts
}

fn rejects_null(operator: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(operator, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

/// The number of the column that an expression is, with or without a cast.
fn column(expr: &Expr, schema: &DFSchema) -> Option<usize> {
    match expr {
        Expr::Column(column) => schema.maybe_index_of_column(column),
        Expr::Cast(Cast { expr, .. }) => column(expr, schema),
        Expr::Alias(alias) => column(&alias.expr, schema),
        _ => None,
    }
}

/// The partition of the row number that a condition says to be 1.
fn first_of_each(condition: &Expr, schema: &DFSchema, facts: &Facts) -> Option<BTreeSet<usize>> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = condition else { return None };
    let (numbered, op, literal) = match (column(left, schema), column(right, schema)) {
        (Some(numbered), None) => (numbered, *op, right),
        (None, Some(numbered)) => (numbered, op.swap()?, left),
        _ => return None,
    };
    let Expr::Literal(number, _) = literal.as_ref() else { return None };
    if !number.data_type().is_integer() {
        return None;
    }
    let ScalarValue::Int64(Some(number)) = number.cast_to(&arrow::datatypes::DataType::Int64).ok()? else {
        return None;
    };
    let is_first = matches!((op, number), (Operator::Eq | Operator::LtEq, 1) | (Operator::Lt, 2));
    facts.columns.get(numbered)?.numbers_within.clone().filter(|_| is_first)
}

fn projected(below: &Facts, schema: &DFSchema, exprs: &[Expr]) -> Facts {
    let plain = |expr: &Expr| match expr {
        Expr::Column(column) => schema.maybe_index_of_column(column),
        Expr::Alias(alias) => match alias.expr.as_ref() {
            Expr::Column(column) => schema.maybe_index_of_column(column),
            _ => None,
        },
        _ => None,
    };
    let places: Vec<Option<usize>> = exprs.iter().map(plain).collect();
    let place = |below: usize| places.iter().position(|it| *it == Some(below));
    let moved = |columns: &BTreeSet<usize>| columns.iter().map(|it| place(*it)).collect::<Option<BTreeSet<usize>>>();
    let keys = below.keys.iter().filter_map(|(columns, because)| Some((moved(columns)?, *because))).collect();
    let facts = |expr: &Expr| {
        let facts = of_expression(expr, schema, &below.columns);
        let numbers_within = facts.numbers_within.as_ref().and_then(moved);
        ColumnFacts { numbers_within, ..facts }
    };
    Facts { columns: exprs.iter().map(facts).collect(), keys }
}

fn of_window(expr: &Expr, schema: &DFSchema) -> ColumnFacts {
    let Expr::WindowFunction(function) = unaliased(expr) else { return ColumnFacts::default() };
    let WindowFunction { fun, params } = function.as_ref();
    let name = match fun {
        WindowFunctionDefinition::AggregateUDF(function) => function.name(),
        WindowFunctionDefinition::WindowUDF(function) => function.name(),
    };
    let plain = |expr: &Expr| match expr {
        Expr::Column(column) => schema.maybe_index_of_column(column),
        _ => None,
    };
    let never_null = matches!(name, "row_number" | "rank" | "dense_rank" | "ntile" | "count");
    let numbers_within = if name == "row_number" { params.partition_by.iter().map(plain).collect() } else { None };
    ColumnFacts { never_null, numbers_within, ..ColumnFacts::default() }
}

fn of_aggregate(expr: &Expr) -> ColumnFacts {
    let never_null = matches!(unaliased(expr), Expr::AggregateFunction(it) if it.func.name() == "count");
    ColumnFacts { never_null, ..ColumnFacts::default() }
}

fn unaliased(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => unaliased(&alias.expr),
        other => other,
    }
}

fn joined(join: &Join, tables: Tables) -> Facts {
    let (left, right) = (of_plan(&join.left, tables), of_plan(&join.right, tables));
    let outer = |columns: Vec<ColumnFacts>| columns.into_iter().map(ColumnFacts::or_null).collect::<Vec<_>>();
    let keys = |one: &Facts, is_matched_once: bool| if is_matched_once { one.keys.clone() } else { Vec::new() };
    match join.join_type {
        JoinType::LeftSemi | JoinType::LeftAnti => left,
        JoinType::RightSemi | JoinType::RightAnti => right,
        JoinType::Inner | JoinType::Left => {
            let keys = keys(&left, is_key(join, &right));
            let right = if join.join_type == JoinType::Left { outer(right.columns) } else { right.columns };
            Facts { columns: left.columns.into_iter().chain(right).map(ColumnFacts::unnumbered).collect(), keys }
        }
        JoinType::Right => {
            let columns = outer(left.columns).into_iter().chain(right.columns);
            Facts { columns: columns.map(ColumnFacts::unnumbered).collect(), keys: Vec::new() }
        }
        JoinType::Full => {
            let columns = outer(left.columns).into_iter().chain(outer(right.columns));
            Facts { columns: columns.map(ColumnFacts::unnumbered).collect(), keys: Vec::new() }
        }
        JoinType::LeftMark => {
            let columns = left.columns.into_iter().map(ColumnFacts::unnumbered).chain([ColumnFacts::default()]);
            Facts { columns: columns.collect(), keys: left.keys }
        }
        JoinType::RightMark => {
            let columns = vec![ColumnFacts::default(); join.schema.fields().len()];
            Facts { columns, keys: Vec::new() }
        }
    }
}

/// Whether each row of the left side meets one row of the right side at most.
fn is_key(join: &Join, right: &Facts) -> bool {
    let (left_schema, right_schema) = (join.left.schema(), join.right.schema());
    let on = join.on.iter().map(|(left, right)| (left, right));
    let compared = join.filter.iter().flat_map(split_conjunction).filter_map(|it| match it {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => Some((left.as_ref(), right.as_ref())),
        _ => None,
    });
    let is_left = |expr: &Expr| expr.column_refs().iter().all(|it| left_schema.has_column(it));
    let plain = |expr: &Expr| match expr {
        Expr::Column(column) if !left_schema.has_column(column) => right_schema.maybe_index_of_column(column),
        _ => None,
    };
    let met = on.chain(compared).filter_map(|(one, other)| match (plain(one), plain(other)) {
        (Some(column), None) if is_left(other) => Some(column),
        (None, Some(column)) if is_left(one) => Some(column),
        _ => None,
    });
    let met: BTreeSet<usize> = met.collect();
    right.keys.iter().any(|(key, _)| key.is_subset(&met))
}
