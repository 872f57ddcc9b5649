//! Functions that the engine has under another name, or that a small expression says. Their definitions are DuckDB's own
//! `create macro` statements in `functions/*.sql`; a call is replaced by its definition before it is planned.
//!
//! A function of a part of time (`date_diff('month', …)`) is defined once for each part, as `date_diff_month(…)`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use datafusion::logical_expr::sqlparser::tokenizer::Span;
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, MacroDefinition, ObjectNamePart, Query,
    Statement, Value, ValueWithSpan, visit_expressions_mut,
};
use datafusion::sql::sqlparser::parser::Parser;

use crate::project::Dialect;

const DUCKDB: &str = include_str!("functions/duckdb.sql");

struct Macro {
    parameters: Vec<String>,
    body: Expr,
}

/// By name and number of parameters.
type Macros = BTreeMap<(String, usize), Macro>;

static OF_DUCKDB: LazyLock<Macros> = LazyLock::new(|| read(DUCKDB));

/// Replaces every call of a macro.
pub(super) fn expand(query: &mut Query, dialect: Dialect) {
    if dialect == Dialect::DuckDb {
        let _: ControlFlow<()> = visit_expressions_mut(query, |expression| {
            expand_one(expression, &OF_DUCKDB);
            ControlFlow::Continue(())
        });
    }
}

/// Definitions may use those above them. The test below reads them all.
fn read(text: &str) -> Macros {
    let statements = Parser::parse_sql(super::syntax(Dialect::DuckDb), text).unwrap_or_default();
    let mut macros = Macros::new();
    for statement in statements {
        let Statement::CreateMacro { name, args, definition: MacroDefinition::Expr(mut body), .. } = statement else {
            continue;
        };
        let _: ControlFlow<()> = visit_expressions_mut(&mut body, |expression| {
            expand_one(expression, &macros);
            ControlFlow::Continue(())
        });
        let parameters: Vec<String> = args.unwrap_or_default().into_iter().map(|it| it.name.value).collect();
        macros.insert((name.to_string().to_lowercase(), parameters.len()), Macro { parameters, body });
    }
    macros
}

fn expand_one(expression: &mut Expr, macros: &Macros) {
    let Expr::Function(call) = expression else { return };
    let Some((name, span)) = plain_name(call) else { return };
    let Some(arguments) = arguments(call) else { return };
    let found = macros.get(&(name.clone(), arguments.len())).map(|it| (it, &arguments[..])).or_else(|| {
        let (part, rest) = arguments.split_first()?;
        Some((macros.get(&(format!("{name}_{}", part_of_time(part)?), rest.len()))?, rest))
    });
    let Some((definition, arguments)) = found else { return };
    let mut body = definition.body.clone();
    let _: ControlFlow<()> = visit_expressions_mut(&mut body, |it| {
        fill_in(it, definition, arguments, span);
        ControlFlow::Continue(())
    });
    if let Some(inner) = outermost_function(&mut body) {
        keep_clauses(call, inner);
        *expression = body;
    } else if call.over.is_none() && call.filter.is_none() {
        *expression = Expr::Nested(Box::new(body));
    }
}

fn plain_name(call: &Function) -> Option<(String, Span)> {
    match call.name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => Some((name.value.to_lowercase(), name.span)),
        _ => None,
    }
}

/// Positional arguments, when there is nothing else; no definition is called by names.
fn arguments(call: &Function) -> Option<Vec<Expr>> {
    let list = match &call.args {
        FunctionArguments::List(list) => &list.args[..],
        FunctionArguments::None => &[],
        FunctionArguments::Subquery(_) => return None,
    };
    let plain = |it: &FunctionArg| match it {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => Some(expression.clone()),
        _ => None,
    };
    list.iter().map(plain).collect()
}

/// `'Months'` → `month`.
fn part_of_time(argument: &Expr) -> Option<&'static str> {
    let text = match argument {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => text.to_lowercase(),
        Expr::Identifier(Ident { value, .. }) => value.to_lowercase(),
        _ => return None,
    };
    part_named(&text)
}

/// `Months` → `month`. <https://duckdb.org/docs/stable/sql/functions/datepart>
pub(super) fn part_named(text: &str) -> Option<&'static str> {
    Some(match text.to_lowercase().as_str() {
        "microsecond" | "microseconds" | "us" | "usec" | "usecs" | "usecond" | "useconds" => "microsecond",
        "millisecond" | "milliseconds" | "ms" | "msec" | "msecs" | "msecond" | "mseconds" => "millisecond",
        "second" | "seconds" | "s" | "sec" | "secs" => "second",
        "minute" | "minutes" | "m" | "min" | "mins" => "minute",
        "hour" | "hours" | "h" | "hr" | "hrs" => "hour",
        "day" | "days" | "d" | "dayofmonth" => "day",
        "week" | "weeks" | "w" | "weekofyear" => "week",
        "month" | "months" | "mon" | "mons" => "month",
        "quarter" | "quarters" => "quarter",
        "year" | "years" | "y" | "yr" | "yrs" => "year",
        "decade" | "decades" | "dec" | "decs" => "decade",
        "century" | "centuries" | "cent" | "c" => "century",
        "millennium" | "millennia" | "millenniums" | "mil" | "mils" => "millennium",
        "dayofyear" | "doy" => "dayofyear",
        "dayofweek" | "dow" | "weekday" => "dayofweek",
        "isodow" => "isodow",
        "isoyear" => "isoyear",
        "yearweek" => "yearweek",
        "epoch" => "epoch",
        "era" => "era",
        _ => return None,
    })
}

/// A parameter becomes its argument; everything else stands where the call stood.
fn fill_in(expression: &mut Expr, definition: &Macro, arguments: &[Expr], span: Span) {
    match expression {
        Expr::Identifier(name) => match definition.parameters.iter().position(|it| *it == name.value) {
            Some(at) => *expression = in_parentheses(arguments[at].clone()),
            None => name.span = span,
        },
        Expr::Function(inner) => {
            for part in &mut inner.name.0 {
                if let ObjectNamePart::Identifier(name) = part {
                    name.span = span;
                }
            }
        }
        Expr::Value(value) => value.span = span,
        _ => {}
    }
}

/// What binds less than its new surroundings would fall apart in them.
fn in_parentheses(argument: Expr) -> Expr {
    match argument {
        Expr::BinaryOp { .. } | Expr::UnaryOp { .. } | Expr::Case { .. } | Expr::Between { .. } | Expr::IsNull(_) => {
            Expr::Nested(Box::new(argument))
        }
        other => other,
    }
}

/// The function whose result a definition gives, perhaps one field of it.
fn outermost_function(body: &mut Expr) -> Option<&mut Function> {
    match body {
        Expr::Function(function) => Some(function),
        Expr::Nested(inner) => outermost_function(inner),
        Expr::CompoundFieldAccess { root, .. } => outermost_function(root),
        _ => None,
    }
}

/// `over`, `filter`, `distinct` and the rest belong to the call, whatever its function is called.
fn keep_clauses(call: &Function, inner: &mut Function) {
    inner.over.clone_from(&call.over);
    inner.null_treatment = call.null_treatment;
    if !call.within_group.is_empty() {
        inner.within_group.clone_from(&call.within_group);
    }
    inner.filter = match (inner.filter.take(), call.filter.clone()) {
        (Some(own), Some(given)) => Some(Box::new(Expr::BinaryOp {
            left: Box::new(Expr::Nested(own)),
            op: datafusion::sql::sqlparser::ast::BinaryOperator::And,
            right: Box::new(Expr::Nested(given)),
        })),
        (own, given) => own.or(given),
    };
    if let (FunctionArguments::List(list), FunctionArguments::List(given)) = (&mut inner.args, &call.args) {
        list.duplicate_treatment = given.duplicate_treatment.or(list.duplicate_treatment);
        list.clauses.extend(given.clauses.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_is_read() {
        let statements = Parser::parse_sql(super::super::syntax(Dialect::DuckDb), DUCKDB).unwrap();
        assert_eq!(OF_DUCKDB.len(), statements.len(), "two definitions of one name and number, or no macro");
    }

    #[test]
    fn calls_become_their_definitions() {
        let rewritten = |sql: &str| {
            let Statement::Query(mut query) =
                Parser::parse_sql(super::super::syntax(Dialect::DuckDb), sql).unwrap().remove(0)
            else {
                panic!("a query");
            };
            expand(&mut query, Dialect::DuckDb);
            query.to_string()
        };
        assert_eq!(rewritten("select datesub('x', a)"), "SELECT datesub('x', a)");
        assert_eq!(
            rewritten("select count_if(a > 1) over (partition by b)"),
            "SELECT count(*) FILTER (WHERE (a > 1)) OVER (PARTITION BY b)"
        );
        assert_eq!(rewritten("select lcase(a || b)"), "SELECT lower((a || b))");
    }
}
