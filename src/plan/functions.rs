//! Functions that a project defines. A call is replaced by the function's body before the query is planned, so that a
//! function costs nothing and needs no place in the warehouse. <https://docs.getdbt.com/docs/build/udfs>

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::common::plan_datafusion_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectNamePart, Query, Select, SelectItem,
    SetExpr, VisitMut, visit_expressions_mut,
};

use crate::compile::{self, Uncompiled};
use crate::diagnostics::{Code, Diagnostic};
use crate::graph::Node;
use crate::parse::{FunctionFacts, Language, NodeKind};
use crate::plan::problem::{Origin, explain};
use crate::plan::project::{ProjectPlan, Scope};
use crate::plan::query::{parse, plan_query};
use crate::plan::relation::Catalog;
use crate::project::{Dialect, Json, Target};

/// A function that calls can be replaced by.
#[derive(Debug)]
pub(super) struct ProjectFunction {
    name: String,
    parameters: Vec<Parameter>,
    /// What it gives, cast to what it says that it gives.
    body: Expr,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    /// A cast to its type, of anything.
    cast: Expr,
    default: Option<Expr>,
}

/// Plans a function, and a call of it to see that it can be called.
///
/// # Errors
/// What can't be made, and what is wrong with its text.
pub(super) fn plan_function(
    scope: &Scope<'_>,
    plan: &ProjectPlan,
    node: &Node,
    facts: &FunctionFacts,
) -> Result<ProjectFunction, Uncompiled> {
    if let Some(problem) = refused(node, facts) {
        return Err(Uncompiled::Wrong(problem));
    }
    let compiled = compile::compile(scope.project, node, &scope.surroundings(plan, node))?;
    let target = &scope.project.invocation.target;
    let who = node.facts.display();
    let wrong = |error: DataFusionError| {
        let origin = Origin { sql: &compiled.sql, template: None, fallback: &node.facts.span, who: &who, macros: None };
        Uncompiled::Wrong(explain(&error, &origin, plan.catalog(), || None))
    };
    let function = read(node, facts, &compiled.sql, plan.catalog(), target).map_err(wrong)?;
    // What it reads is planned later.
    let is_function = |it: &Node| matches!(it.facts.kind, NodeKind::Function(_));
    if node.inputs.iter().filter_map(|it| scope.graph.get(it)).all(is_function) {
        let nulls: Vec<String> = function.parameters.iter().map(|it| it.cast.to_string()).collect();
        let call = format!("select {}({})", node.facts.relation, nulls.join(", "));
        let mut catalog = plan.catalog().clone();
        let function = Arc::new(function);
        catalog.add_function(&node.facts.relation, Arc::clone(&function));
        plan_query(&call, scope.session, &catalog, target).map_err(wrong)?;
        drop(catalog);
        return Arc::try_unwrap(function).map_err(|_| Uncompiled::Wrong(unfinished(node)));
    }
    Ok(function)
}

fn unfinished(node: &Node) -> Diagnostic {
    Diagnostic::error(Code::InvalidQuery, format!("{} was not planned", node.facts.display()))
        .at(node.facts.span.clone())
}

/// What is not made, in dbt's words.
fn refused(node: &Node, facts: &FunctionFacts) -> Option<Diagnostic> {
    let config = &node.facts.config;
    let kind = config.text("type").unwrap_or("scalar");
    let language = facts.language;
    let lacks = |key: &str| config.get(key).is_none_or(Json::is_null);
    let words = if language == Language::Python && lacks("runtime_version") {
        "A `runtime_version` is required for python functions".to_owned()
    } else if language == Language::Python && lacks("entry_point") {
        "An `entry_point` is required for python functions".to_owned()
    } else if language != Language::Sql || !["aggregate", "scalar"].contains(&kind) {
        let name = format!("{kind}_function_{}", language.as_str());
        format!("No macro named '{name}' found within namespace: 'dbt'")
    } else {
        return None;
    };
    let problem = Diagnostic::error(Code::Unsupported, format!("{}: {words}", node.facts.display()));
    Some(problem.at(node.facts.span.clone()).help("functions are written in SQL, and are scalar or aggregate"))
}

fn read(node: &Node, facts: &FunctionFacts, sql: &str, catalog: &Catalog, target: &Target) -> Result<ProjectFunction> {
    let dialect = target.dialect;
    let text = |value: &Json, key: &str| value.get(key).and_then(Json::as_str).map(str::to_owned);
    let mut parameters = Vec::new();
    for argument in &facts.arguments {
        let name = text(&argument.value, "name").unwrap_or_default();
        let data_type = text(&argument.value, "data_type");
        let data_type = data_type.ok_or_else(|| plan_datafusion_err!("argument `{name}` has no `data_type`"))?;
        let default = match argument.value.get("default_value") {
            None | Some(Json::Null) => None,
            Some(Json::String(text)) => Some(expression(text, dialect)?),
            Some(other) => Some(expression(&other.to_string(), dialect)?),
        };
        parameters.push(Parameter { cast: cast_to(&data_type, dialect)?, name, default });
    }
    let returns = facts.returns.as_ref().and_then(|it| text(&it.value, "data_type"));
    let body = body(sql, dialect)?;
    let mut body = match returns {
        Some(data_type) => with_operand(&cast_to(&data_type, dialect)?, Expr::Nested(Box::new(body))),
        None => Expr::Nested(Box::new(body)),
    };
    // It may call those that it refers to.
    expand(&mut body, catalog, target)?;
    Ok(ProjectFunction { name: node.facts.name.clone(), parameters, body })
}

/// An expression from its text.
fn expression(text: &str, dialect: Dialect) -> Result<Expr> {
    let query = parse(&format!("select {text}"), dialect)?;
    only_expression(&query).cloned().ok_or_else(|| plan_datafusion_err!("`{text}` is no expression"))
}

/// A cast of null to a type.
fn cast_to(data_type: &str, dialect: Dialect) -> Result<Expr> {
    match expression(&format!("cast(null as {data_type})"), dialect)? {
        cast @ Expr::Cast { .. } => Ok(cast),
        _ => Err(plan_datafusion_err!("`{data_type}` is no type")),
    }
}

/// The same cast of something else.
fn with_operand(cast: &Expr, operand: Expr) -> Expr {
    let mut cast = cast.clone();
    if let Expr::Cast { expr, .. } = &mut cast {
        **expr = operand;
    }
    cast
}

/// The body of a function: a query, as PostgreSQL wants it, or an expression, as others do.
fn body(sql: &str, dialect: Dialect) -> Result<Expr> {
    let sql = sql.trim();
    match (parse(sql, dialect), expression(&format!("(\n{sql}\n)"), dialect)) {
        (Ok(query), _) => match only_expression(&query) {
            Some(expression) => Ok(expression.clone()),
            None => Ok(Expr::Subquery(Box::new(query))),
        },
        (Err(_), Ok(expression)) => Ok(expression),
        (Err(of_query), Err(of_expression)) => {
            let first = sql.split_whitespace().next().unwrap_or_default().to_lowercase();
            Err(if ["select", "with"].contains(&first.as_str()) { of_query } else { of_expression })
        }
    }
}

/// The expression of `select expression`, with nothing around it.
fn only_expression(query: &Query) -> Option<&Expr> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let Select { projection, from, selection, having, distinct, .. } = select.as_ref();
    let is_plain = from.is_empty() && selection.is_none() && having.is_none() && distinct.is_none();
    let is_alone = query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none();
    match projection.as_slice() {
        [SelectItem::UnnamedExpr(expression) | SelectItem::ExprWithAlias { expr: expression, .. }]
            if is_plain && is_alone =>
        {
            Some(expression)
        }
        _ => None,
    }
}

/// Replaces every call of a function of the project by its body.
pub(super) fn expand<V: VisitMut>(text: &mut V, catalog: &Catalog, target: &Target) -> Result<()> {
    if !catalog.has_functions() {
        return Ok(());
    }
    let replaced = visit_expressions_mut(text, |expression| {
        let Expr::Function(call) = expression else { return ControlFlow::Continue(()) };
        let Some(function) = find(call, catalog, target) else { return ControlFlow::Continue(()) };
        match called(&function, call) {
            Ok(body) => {
                *expression = body;
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    });
    match replaced {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

fn find(call: &Function, catalog: &Catalog, target: &Target) -> Option<Arc<ProjectFunction>> {
    let mut parts = Vec::new();
    for part in &call.name.0 {
        let ObjectNamePart::Identifier(name) = part else { return None };
        parts.push(name.value.as_str());
    }
    match parts.as_slice() {
        [name] => catalog.function(&target.database, &target.schema, name),
        [schema, name] => catalog.function(&target.database, schema, name),
        [database, schema, name] => catalog.function(database, schema, name),
        _ => None,
    }
}

/// The body with the arguments of a call in the places of its parameters.
fn called(function: &ProjectFunction, call: &Function) -> Result<Expr> {
    let ProjectFunction { name, parameters, body } = function;
    if call.over.is_some() || call.filter.is_some() {
        return Err(plan_datafusion_err!("function `{name}` of the project can't be used with `over` or `filter`"));
    }
    let given = match &call.args {
        FunctionArguments::List(list) => list.args.as_slice(),
        FunctionArguments::None => &[],
        FunctionArguments::Subquery(_) => return Err(plan_datafusion_err!("function `{name}` takes values, no query")),
    };
    if given.len() > parameters.len() {
        let (takes, gets) = (parameters.len(), given.len());
        let plural = if takes == 1 { "" } else { "s" };
        return Err(plan_datafusion_err!("function `{name}` takes {takes} argument{plural}, and is given {gets}"));
    }
    let mut arguments = Vec::new();
    for (at, parameter) in parameters.iter().enumerate() {
        let argument = match given.get(at) {
            Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))) => argument.clone(),
            Some(_) => return Err(plan_datafusion_err!("function `{name}` takes its arguments by position")),
            None => match &parameter.default {
                Some(default) => default.clone(),
                None => return Err(plan_datafusion_err!("function `{name}` needs an argument `{}`", parameter.name)),
            },
        };
        arguments.push(with_operand(&parameter.cast, argument));
    }
    let mut body = body.clone();
    let _: ControlFlow<()> = visit_expressions_mut(&mut body, |expression| {
        if let Expr::Identifier(identifier) = expression
            && let Some(at) = parameters.iter().position(|it| it.name.eq_ignore_ascii_case(&identifier.value))
        {
            *expression = arguments[at].clone();
        }
        ControlFlow::Continue(())
    });
    Ok(body)
}
