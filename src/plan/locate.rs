//! Finds the smallest piece of a query that fails to plan, for errors that the engine gives without a place.
//!
//! Common table expressions are tried one after the other, then the items of the select list one by one, then the
//! conditions. What fails on its own is what the user should look at. Runs only when there is an error to show.

use datafusion::common::Span;
use datafusion::error::Result;
use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, Ident, ObjectName, Query, Select, SelectItem, SetExpr, Spanned, TableFactor, TableWithJoins,
    Value, WildcardAdditionalOptions, With,
};

/// The place of the smallest piece of `query` that `plan` refuses.
pub(super) fn smallest_failure(query: &Query, plan: &dyn Fn(Query) -> Result<()>) -> Option<Span> {
    let ctes = query.with.as_ref().map(|it| it.cte_tables.clone()).unwrap_or_default();
    for (number, cte) in ctes.iter().enumerate() {
        let with = query.with.as_ref().map(|with| With { cte_tables: ctes[..=number].to_vec(), ..with.clone() });
        if plan(select_all_from(query, with, &cte.alias.name)).is_err() {
            let mut inner = cte.query.as_ref().clone();
            if inner.with.is_none() && number > 0 {
                inner.with = query.with.as_ref().map(|it| With { cte_tables: ctes[..number].to_vec(), ..it.clone() });
            }
            return smallest_failure_of_body(&inner, plan).or_else(|| Span::try_from_sqlparser_span(cte.span()));
        }
    }
    smallest_failure_of_body(query, plan)
}

fn smallest_failure_of_body(query: &Query, plan: &dyn Fn(Query) -> Result<()>) -> Option<Span> {
    let body = match query.body.as_ref() {
        SetExpr::Select(select) => select,
        SetExpr::Query(inner) => return smallest_failure(inner, plan),
        SetExpr::SetOperation { left, right, .. } => {
            for side in [left, right] {
                let mut alone = query.clone();
                alone.body = side.clone();
                alone.order_by = None;
                if plan(alone.clone()).is_err() {
                    return smallest_failure_of_body(&alone, plan);
                }
            }
            return Span::try_from_sqlparser_span(query.body.span());
        }
        _ => return None,
    };
    let fails = |select: Select| {
        let mut alone = query.clone();
        alone.order_by = None;
        alone.body = Box::new(SetExpr::Select(Box::new(select)));
        plan(alone).is_err()
    };
    for item in &body.projection {
        let alone = Select { projection: vec![item.clone()], selection: None, having: None, ..body.as_ref().clone() };
        if fails(alone) {
            return Span::try_from_sqlparser_span(item.span());
        }
    }
    let without_list = Select {
        projection: vec![SelectItem::UnnamedExpr(Expr::Value(Value::Null.into()))],
        group_by: GroupByExpr::Expressions(Vec::new(), Vec::new()),
        having: None,
        ..body.as_ref().clone()
    };
    if let Some(condition) = &body.selection
        && fails(without_list.clone())
    {
        return Span::try_from_sqlparser_span(condition.span());
    }
    if fails(Select { selection: None, ..without_list }) {
        return Span::try_from_sqlparser_span(body.from.first()?.span());
    }
    Span::try_from_sqlparser_span(body.span())
}

/// `with … select * from name`.
fn select_all_from(query: &Query, with: Option<With>, name: &Ident) -> Query {
    let mut select = match query.body.as_ref() {
        SetExpr::Select(select) => select.as_ref().clone(),
        _ => match first_select(query.body.as_ref()) {
            Some(select) => select,
            None => return query.clone(),
        },
    };
    select.distinct = None;
    select.projection = vec![SelectItem::Wildcard(WildcardAdditionalOptions::default())];
    select.selection = None;
    select.having = None;
    select.qualify = None;
    select.named_window = Vec::new();
    select.group_by = GroupByExpr::Expressions(Vec::new(), Vec::new());
    let relation = TableFactor::Table {
        name: ObjectName::from(vec![name.clone()]),
        alias: None,
        args: None,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    };
    select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
    Query {
        with,
        body: Box::new(SetExpr::Select(Box::new(select))),
        order_by: None,
        limit_clause: None,
        ..query.clone()
    }
}

fn first_select(body: &SetExpr) -> Option<Select> {
    match body {
        SetExpr::Select(select) => Some(select.as_ref().clone()),
        SetExpr::SetOperation { left, .. } => first_select(left),
        SetExpr::Query(query) => first_select(query.body.as_ref()),
        _ => None,
    }
}
