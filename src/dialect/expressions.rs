//! Expressions that the engine has under another form: intervals that are computed, parts of times, time zones, open
//! slices, words without parentheses. Runs before functions are replaced by their definitions, which it makes use of.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, DateTimeField, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgOperator,
    FunctionArguments, Interval, Query, Subscript, UnaryOperator, Value, ValueWithSpan, visit_expressions_mut,
};

use super::calls::{as_text, call, number, plain_name, text};
use super::{formats, structs};

/// Rewrites all of a query.
pub(super) fn rewrite(query: &mut Query) {
    let _: ControlFlow<()> = visit_expressions_mut(query, |expression| {
        if let Some(replacement) = replacement(expression) {
            *expression = replacement;
        }
        ControlFlow::Continue(())
    });
}

/// `current_schema()` and `current_database()`.
pub(super) fn fill_in_names(query: &mut Query, database: &str, schema: &str) {
    let _: ControlFlow<()> = visit_expressions_mut(query, |expression| {
        if let Expr::Function(function) = expression {
            match plain_name(&function.name).as_deref() {
                Some("current_schema") => *expression = text(schema),
                Some("current_database" | "current_catalog") => *expression = text(database),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    });
}

fn replacement(expression: &mut Expr) -> Option<Expr> {
    if let Expr::Function(function) = expression {
        comparisons(&mut function.args);
    }
    match expression {
        Expr::Interval(interval) => computed_interval(interval),
        // A list that is written out can't name columns of queries around; the arguments of a function can.
        Expr::Array(list) if list.elem.iter().any(|it| matches!(it, Expr::CompoundIdentifier(_))) => {
            Some(call("make_array", list.elem.clone()))
        }
        Expr::Extract { field, expr, .. } => {
            let part = field.to_string().to_lowercase();
            Some(call("date_part", vec![text(part.trim_matches('\'')), expr.as_ref().clone()]))
        }
        // `coalesce(a = b, false)` compares; only functions of tables have arguments with names.
        Expr::Function(Function { args: FunctionArguments::List(list), .. }) if list.args.iter().any(is_named) => {
            list.args.iter_mut().for_each(compare);
            None
        }
        Expr::AtTimeZone { timestamp, time_zone } => {
            Some(call("timezone", vec![time_zone.as_ref().clone(), timestamp.as_ref().clone()]))
        }
        Expr::CompoundFieldAccess { access_chain, .. } => {
            for access in access_chain {
                match access {
                    AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, .. }) => {
                        lower_bound.get_or_insert_with(|| number(1));
                        upper_bound.get_or_insert_with(|| number(-1));
                    }
                    AccessExpr::Dot(Expr::Identifier(name)) => {
                        *access = AccessExpr::Subscript(Subscript::Index { index: text(&name.value) });
                    }
                    _ => {}
                }
            }
            None
        }
        Expr::SimilarTo { negated, expr, pattern, escape_char: None } => {
            let matches = call("regexp_full_match", vec![expr.as_ref().clone(), pattern.as_ref().clone()]);
            Some(if *negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(matches) } } else { matches })
        }
        // Below zero a place is counted from the end.
        Expr::Substring { expr, substring_from: Some(from), substring_for, .. } => {
            let Expr::UnaryOp { op: UnaryOperator::Minus, expr: places } = from.as_ref() else { return None };
            let end = call("right", vec![expr.as_ref().clone(), places.as_ref().clone()]);
            Some(match substring_for {
                Some(length) => call("left", vec![end, length.as_ref().clone()]),
                None => end,
            })
        }
        // `~a`
        Expr::UnaryOp { op: UnaryOperator::BitwiseNot, expr } => {
            Some(call("subtract", vec![number(-1), expr.as_ref().clone()]))
        }
        Expr::Identifier(name) if name.quote_style.is_none() && name.value.eq_ignore_ascii_case("localtimestamp") => {
            Some(call("current_localtimestamp", Vec::new()))
        }
        Expr::Function(function) => match &function.args {
            FunctionArguments::None if plain_name(&function.name)? == "localtimestamp" => {
                Some(call("current_localtimestamp", Vec::new()))
            }
            _ => structs::pack(&function.name, &function.args).or_else(|| renamed(function)),
        },
        _ => None,
    }
}

/// `bool_or(a = b)`: the parser takes `a = b` for an argument with a name, which DuckDB does only in `from`.
fn comparisons(arguments: &mut FunctionArguments) {
    let FunctionArguments::List(list) = arguments else { return };
    for argument in &mut list.args {
        let FunctionArg::Named { name, arg: FunctionArgExpr::Expr(value), operator: FunctionArgOperator::Equals } =
            argument
        else {
            continue;
        };
        let (left, right) = (Box::new(Expr::Identifier(name.clone())), Box::new(value.clone()));
        let comparison = Expr::BinaryOp { left, op: BinaryOperator::Eq, right };
        *argument = FunctionArg::Unnamed(FunctionArgExpr::Expr(comparison));
    }
}

/// `interval (n) day` → `to_days(n)`; `interval 1 quarter` → `interval '3 months'`. A number becomes a text, which is
/// what the engine takes everywhere.
fn is_named(argument: &FunctionArg) -> bool {
    matches!(argument, FunctionArg::Named { operator: FunctionArgOperator::Equals, .. })
}

fn compare(argument: &mut FunctionArg) {
    if let FunctionArg::Named { name, arg: FunctionArgExpr::Expr(value), operator: FunctionArgOperator::Equals } =
        argument
    {
        let left = Box::new(Expr::Identifier(name.clone()));
        let right = Box::new(value.clone());
        let comparison = Expr::BinaryOp { left, op: BinaryOperator::Eq, right };
        *argument = FunctionArg::Unnamed(FunctionArgExpr::Expr(comparison));
    }
}

fn computed_interval(interval: &Interval) -> Option<Expr> {
    let literal = |count: String, unit: &str| {
        let value = Box::new(text(&format!("{count} {unit}")));
        Expr::Interval(Interval {
            value,
            leading_field: None,
            leading_precision: None,
            last_field: None,
            fractional_seconds_precision: None,
        })
    };
    let unit = interval.leading_field.as_ref()?;
    let (function, name, many) = match unit {
        DateTimeField::Microsecond | DateTimeField::Microseconds => ("to_microseconds", "microseconds", 1),
        DateTimeField::Millisecond | DateTimeField::Milliseconds => ("to_milliseconds", "milliseconds", 1),
        DateTimeField::Second | DateTimeField::Seconds => ("to_seconds", "seconds", 1),
        DateTimeField::Minute | DateTimeField::Minutes => ("to_minutes", "minutes", 1),
        DateTimeField::Hour | DateTimeField::Hours => ("to_hours", "hours", 1),
        DateTimeField::Day | DateTimeField::Days => ("to_days", "days", 1),
        DateTimeField::Week(_) | DateTimeField::Weeks => ("to_weeks", "weeks", 1),
        DateTimeField::Month | DateTimeField::Months => ("to_months", "months", 1),
        DateTimeField::Quarter => ("to_quarters", "months", 3),
        DateTimeField::Year | DateTimeField::Years => ("to_years", "years", 1),
        DateTimeField::Decade => ("to_decades", "years", 10),
        DateTimeField::Century => ("to_centuries", "years", 100),
        DateTimeField::Millennium => ("to_millennia", "years", 1000),
        DateTimeField::Custom(name) => match name.value.to_lowercase().as_str() {
            "quarters" => ("to_quarters", "months", 3),
            "decades" => ("to_decades", "years", 10),
            _ => return None,
        },
        _ => return None,
    };
    let written = match interval.value.as_ref() {
        Expr::Value(ValueWithSpan { value: Value::Number(number, _), .. }) => Some(number.as_str()),
        value => as_text(value),
    };
    match written {
        Some(written) => match written.trim().parse::<i64>() {
            Ok(count) => Some(literal(count.saturating_mul(many).to_string(), name)),
            Err(_) => Some(literal(written.to_owned(), name)).filter(|_| many == 1),
        },
        None => Some(call(function, vec![interval.value.as_ref().clone()])),
    }
}

/// Functions whose names or arguments go elsewhere: `json_object('a', 1)` → `to_json(named_struct('a', 1))`,
/// `list_aggregate(l, 'sum')` → `list_sum(l)`, `percentile_disc(0.5) within group (order by a)` → `quantile_disc(a, 0.5)`.
fn renamed(function: &Function) -> Option<Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let plain = |it: &FunctionArg| match it {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(it)) => Some(it.clone()),
        _ => None,
    };
    let name = plain_name(&function.name)?;
    let arguments = list.args.iter().map(plain).collect::<Option<Vec<_>>>()?;
    match (name.as_str(), arguments.as_slice(), function.within_group.as_slice()) {
        ("json_object", _, _) => Some(call("to_json", vec![call("named_struct", arguments)])),
        ("json_array", _, _) => Some(call("to_json", vec![call("make_array", arguments)])),
        ("list_aggregate" | "list_aggr" | "array_aggregate" | "array_aggr" | "aggregate", [of, what], _) => {
            Some(call(&format!("list_{}", as_text(what)?), vec![of.clone()]))
        }
        ("percentile_disc", [share], [by]) if by.options.asc != Some(false) => {
            Some(call("quantile_disc", vec![by.expr.clone(), share.clone()]))
        }
        ("mode", [], [by]) => Some(call("mode", vec![by.expr.clone()])),
        ("format", [pattern, values @ ..], _) => formats::braces(as_text(pattern)?, values),
        ("printf", [pattern, values @ ..], _) => formats::percents(as_text(pattern)?, values),
        _ => None,
    }
}
