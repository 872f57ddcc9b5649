//! Where the value of one expression comes from.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::expr::{Alias, Case, Cast, InSubquery, SetComparison, TryCast};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Volatility};

use crate::plan::lineage::casts::keeps_values;
use crate::plan::lineage::trace::{Tracer, is_added_column};
use crate::plan::lineage::value::{Flow, Value};
use crate::plan::subqueries::is_added_value;

/// The columns that an expression may name.
pub(super) struct Scope<'a> {
    /// Relations side by side.
    pub(super) parts: Vec<(&'a DFSchema, &'a [Value])>,
    /// The query around this one.
    pub(super) outer: Option<&'a Scope<'a>>,
}

impl<'a> Scope<'a> {
    pub(super) fn find(&self, column: &Column) -> Option<&'a Value> {
        self.parts.iter().find_map(|(schema, values)| values.get(schema.maybe_index_of_column(column)?))
    }

    /// A column of one of the queries around, the nearest first.
    fn find_outside(&self, column: &Column) -> Option<&'a Value> {
        let outer = self.outer?;
        outer.find(column).or_else(|| outer.find_outside(column))
    }

    fn has_type_of(&self, cast: &Cast) -> bool {
        let mut schemas = self.parts.iter();
        schemas.any(|(schema, _)| cast.expr.get_type(*schema).is_ok_and(|it| keeps_values(&it, cast.field.data_type())))
    }
}

/// Where an expression's value comes from.
pub(super) fn value(tracer: &mut Tracer<'_>, expression: &Expr, scope: &Scope<'_>) -> Value {
    let (mut value, mut mixed) = (Value::default(), Value::default());
    // Long chains of operators are deep trees: no recursion.
    let mut open = vec![(expression, Flow::Identity)];
    while let Some((expression, flow)) = open.pop() {
        let mut push = |expression, inner: Flow| open.push((expression, flow.after(inner)));
        match expression {
            // The only one of its kind, as was made sure of.
            Expr::Alias(Alias { expr, name, .. }) if is_added_value(name) => match expr.as_ref() {
                Expr::AggregateFunction(only) => only.params.args.iter().for_each(|it| push(it, Flow::Identity)),
                other => push(other, Flow::Identity),
            },
            Expr::Alias(alias) => push(&alias.expr, Flow::Identity),
            Expr::Column(column) => match scope.find(column).or_else(|| scope.find_outside(column)) {
                Some(known) => {
                    value.take(flow, known);
                    if known.has_direct() {
                        mixed.take(flow, known);
                    }
                }
                None => value.generated |= flow.is_direct(),
            },
            Expr::OuterReferenceColumn(_, column) => {
                if let Some(known) = scope.find_outside(column) {
                    value.take(flow, known);
                }
            }
            Expr::Literal(..) => value.literal |= flow.is_direct(),
            Expr::ScalarVariable(..) | Expr::Placeholder(_) => value.generated |= flow.is_direct(),
            Expr::Cast(cast) if scope.has_type_of(cast) => push(&cast.expr, Flow::Identity),
            Expr::Cast(Cast { expr, .. }) | Expr::TryCast(TryCast { expr, .. }) => push(expr, Flow::Transform),
            // The value of a query beside a row, where it gives one.
            Expr::Case(Case { expr: None, when_then_expr, else_expr: None })
                if when_then_expr.iter().all(|(when, _)| is_added_column(when)) =>
            {
                when_then_expr.iter().for_each(|(_, then)| push(then, Flow::Identity));
            }
            Expr::Case(Case { expr, when_then_expr, else_expr }) => {
                for condition in expr.iter().chain(when_then_expr.iter().map(|(when, _)| when)) {
                    push(condition, Flow::Condition);
                }
                for result in when_then_expr.iter().map(|(_, then)| then).chain(else_expr) {
                    push(result, Flow::Transform);
                }
            }
            Expr::AggregateFunction(function) => {
                value.generated |= flow.is_direct();
                let params = &function.params;
                params.args.iter().for_each(|it| push(it, Flow::Aggregate));
                params.filter.iter().for_each(|it| push(it, Flow::Filter));
                params.order_by.iter().for_each(|it| push(&it.expr, Flow::Sort));
            }
            Expr::WindowFunction(function) => {
                value.generated |= flow.is_direct();
                let params = &function.params;
                params.args.iter().for_each(|it| push(it, Flow::Window));
                params.filter.iter().for_each(|it| push(it, Flow::Filter));
                let partitions = params.partition_by.iter().filter(|it| !is_added_column(it));
                partitions.for_each(|it| push(it, Flow::Over));
                params.order_by.iter().for_each(|it| push(&it.expr, Flow::Over));
            }
            Expr::ScalarSubquery(subquery) => {
                subquery_value(tracer, &subquery.subquery, scope, flow, &mut value);
            }
            Expr::InSubquery(InSubquery { expr, subquery, .. })
            | Expr::SetComparison(SetComparison { expr, subquery, .. }) => {
                push(expr, Flow::Transform);
                let flow = flow.after(Flow::Transform);
                subquery_value(tracer, &subquery.subquery, scope, flow, &mut value);
            }
            Expr::Exists(exists) => {
                value.generated |= flow.is_direct();
                let rows = tracer.subquery(&exists.subquery.subquery, scope).rows;
                value.edges.extend(rows.iter().map(|(leaf, inner)| (*leaf, flow.after(*inner))));
            }
            other => {
                if let Expr::ScalarFunction(function) = other {
                    let changes = function.func.signature().volatility != Volatility::Immutable;
                    value.generated |= changes && flow.is_direct();
                }
                // Nothing in the visit fails.
                let _ = other.apply_children(|child| {
                    push(child, Flow::Transform);
                    Ok(TreeNodeRecursion::Continue)
                });
            }
        }
    }
    // What is computed from columns is called neither a literal nor generated for what else is in its expression; but a
    // column may have been one or the other in some of its rows.
    if value.has_direct() {
        (value.literal, value.generated) = (mixed.literal, mixed.generated);
    } else {
        value.literal &= !value.generated;
    }
    value
}

/// The value of a subquery of one column, and what decides about it.
fn subquery_value(tracer: &mut Tracer<'_>, plan: &LogicalPlan, scope: &Scope<'_>, flow: Flow, value: &mut Value) {
    let traced = tracer.subquery(plan, scope);
    if let Some(first) = traced.columns.first() {
        value.take(flow, first);
    }
    value.edges.extend(traced.rows.iter().map(|(leaf, inner)| (*leaf, flow.after(*inner))));
}
