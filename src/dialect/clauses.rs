//! Clauses that the engine takes in another form: `from t` alone, `order by all`, `semi join`, names of the columns of
//! `values`, tuples in `rollup` and `cube`; and set operations that it would compute wrongly, which are refused.

use std::ops::ControlFlow;

use datafusion::common::not_impl_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArgumentClause, FunctionArguments, Ident, JoinOperator, OrderByExpr, OrderByKind, OrderByOptions,
    Query, Select, SelectFlavor, SelectItem, SetExpr, SetOperator, SetQuantifier, TableAlias, TableAliasColumnDef,
    TableFactor, VisitMut, VisitorMut, WildcardAdditionalOptions, WindowType,
};

use super::calls::number;
use super::{full_joins, grouping, pivots, structs};

/// Rewrites all of a query.
///
/// # Errors
/// What the engine can't do.
pub(super) fn rewrite(query: &mut Query) -> Result<()> {
    match VisitMut::visit(query, &mut Clauses) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Clauses;

impl VisitorMut for Clauses {
    type Break = DataFusionError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<DataFusionError> {
        let columns = columns_of(&query.body);
        if let Some(OrderByKind::All(options)) = query.order_by.as_ref().map(|it| &it.kind)
            && let Some(columns) = columns
        {
            let kind = OrderByKind::Expressions(by_all(columns, *options));
            if let Some(order_by) = &mut query.order_by {
                order_by.kind = kind;
            }
        }
        for cte in query.with.iter_mut().flat_map(|it| &mut it.cte_tables) {
            if cte.alias.columns.is_empty() {
                cte.alias.columns = columns_of_values(&cte.query.body);
            }
        }
        result(in_body(&mut query.body))
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<DataFusionError> {
        result(pivots::rewrite(factor))?;
        name_values(factor);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<DataFusionError> {
        grouping::list_sets(expression);
        if let Expr::Function(function) = expression {
            // `first(a ignore nulls)` → `first(a) ignore nulls`
            if let FunctionArguments::List(list) = &mut function.args {
                for clause in &list.clauses {
                    if let FunctionArgumentClause::IgnoreOrRespectNulls(treatment) = clause {
                        function.null_treatment = Some(*treatment);
                    }
                }
                list.clauses.retain(|it| !matches!(it, FunctionArgumentClause::IgnoreOrRespectNulls(_)));
            }
        }
        ControlFlow::Continue(())
    }
}

fn result(result: Result<()>) -> ControlFlow<DataFusionError> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(error),
    }
}

fn in_body(body: &mut SetExpr) -> Result<()> {
    match body {
        SetExpr::Select(select) => in_select(select),
        SetExpr::SetOperation { left, right, op, set_quantifier } => {
            if *set_quantifier == SetQuantifier::All && matches!(op, SetOperator::Except | SetOperator::Intersect) {
                let word = if *op == SetOperator::Except { "except" } else { "intersect" };
                return not_impl_err!(
                    "`{word} all`; number equal rows on both sides with `row_number() over (partition by …)`, and use `{word}`"
                );
            }
            in_body(left)?;
            in_body(right)
        }
        _ => Ok(()),
    }
}

fn in_select(select: &mut Select) -> Result<()> {
    // The engine would give rows without columns.
    if select.flavor == SelectFlavor::FromFirstNoSelect && select.projection.is_empty() {
        select.projection.push(SelectItem::Wildcard(WildcardAdditionalOptions::default()));
        select.flavor = SelectFlavor::Standard;
    }
    for join in select.from.iter_mut().flat_map(|it| &mut it.joins) {
        match &join.join_operator {
            JoinOperator::Semi(on) => join.join_operator = JoinOperator::LeftSemi(on.clone()),
            JoinOperator::Anti(on) => join.join_operator = JoinOperator::LeftAnti(on.clone()),
            _ => {}
        }
    }
    whole_windows(select);
    structs::name_fields(select);
    full_joins::rewrite(select);
    Ok(())
}

/// `over (w order by i)`: the engine forgets `w`.
fn whole_windows(select: &mut Select) {
    let known = select.named_window.clone();
    if known.is_empty() {
        return;
    }
    let find = |name: &Ident| {
        known.iter().find(|it| it.0.value.eq_ignore_ascii_case(&name.value)).and_then(|it| match &it.1 {
            datafusion::sql::sqlparser::ast::NamedWindowExpr::WindowSpec(window) => Some(window.clone()),
            datafusion::sql::sqlparser::ast::NamedWindowExpr::NamedWindow(_) => None,
        })
    };
    let _: ControlFlow<()> = datafusion::sql::sqlparser::ast::visit_expressions_mut(select, |expression| {
        if let Expr::Function(function) = expression
            && let Some(WindowType::WindowSpec(window)) = &mut function.over
            && let Some(base) = window.window_name.as_ref().and_then(find)
        {
            window.window_name = None;
            window.partition_by = base.partition_by;
            if window.order_by.is_empty() {
                window.order_by = base.order_by;
            }
            if window.window_frame.is_none() {
                window.window_frame = base.window_frame;
            }
        }
        ControlFlow::Continue(())
    });
}

/// How many columns a query has, where that can be told from its text.
fn columns_of(body: &SetExpr) -> Option<usize> {
    match body {
        SetExpr::Select(select) => {
            let counts = |it: &SelectItem| matches!(it, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
            select.projection.iter().all(counts).then_some(select.projection.len())
        }
        SetExpr::SetOperation { left, .. } => columns_of(left),
        _ => None,
    }
}

fn by_all(columns: usize, options: OrderByOptions) -> Vec<OrderByExpr> {
    (1..=columns).map(|at| OrderByExpr { expr: number(at), options, with_fill: None }).collect()
}

/// `(values (1, 2))` has the columns `col0` and `col1`.
fn name_values(factor: &mut TableFactor) {
    let TableFactor::Derived { subquery, alias, .. } = factor else { return };
    let columns = columns_of_values(&subquery.body);
    if columns.is_empty() {
        return;
    }
    match alias {
        Some(alias) if alias.columns.is_empty() => alias.columns = columns,
        Some(_) => {}
        None => {
            *alias = Some(TableAlias { explicit: true, name: Ident::new("valueslist"), columns, at: None });
        }
    }
}

fn columns_of_values(body: &SetExpr) -> Vec<TableAliasColumnDef> {
    let SetExpr::Values(values) = body else { return Vec::new() };
    let count = values.rows.first().map_or(0, |it| it.len());
    (0..count).map(|at| TableAliasColumnDef { name: Ident::new(format!("col{at}")), data_type: None }).collect()
}
