//! Types that the user's words settle, before the engine settles the rest: casts to integers round in DuckDB and
//! PostgreSQL, where the engine cuts off, and a time's text has a space; and digits to round to are known as such while plans are made.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, ScalarValue, plan_err};
use datafusion::error::Result;
use datafusion::functions::expr_fn::{coalesce, replace, round, rtrim, strpos};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Case, Expr, ExprSchemable, LogicalPlan, Operator, binary_expr, lit, try_cast};

use super::functions::{parse_time, round_even, timestamp_micros};
use super::numbers;
use crate::project::Dialect;

/// Settles what a whole plan casts and rounds.
pub(super) fn settle(plan: LogicalPlan, dialect: Dialect) -> Result<LogicalPlan> {
    let may_change = |it: &Expr| {
        use Expr::{Between, BinaryExpr, Case, Cast, ScalarFunction, TryCast};
        matches!(it, Between(_) | BinaryExpr(_) | Case(_) | Cast(_) | ScalarFunction(_) | TryCast(_))
    };
    transform(plan, may_change, |expression, schema| {
        let it = match dialect {
            Dialect::DataFusion => Transformed::no(expression),
            Dialect::DuckDb | Dialect::Postgres => {
                refuse_time_as_number(&expression, schema)?;
                standard_cast(expression, schema, dialect)
            }
        };
        let it = it.transform_data(|it| Ok(plain_digits(it)))?;
        it.transform_data(|it| {
            Ok(if dialect == Dialect::DuckDb { numbers::settle(it, schema) } else { Transformed::no(it) })
        })
    })
}

/// Texts that are compared with times have become times by now; those that are written out are read as all others are.
pub(super) fn settle_texts(plan: LogicalPlan) -> Result<LogicalPlan> {
    let may_change = |it: &Expr| matches!(it, Expr::Cast(_));
    transform(plan, may_change, |expression, _| {
        Ok(match expression {
            Expr::Cast(cast) => match (cast.expr.as_ref(), cast.field.data_type()) {
                (Expr::Literal(value, _), DataType::Timestamp(TimeUnit::Microsecond, zone)) => {
                    match value.try_as_str().flatten().and_then(|it| timestamp_micros(it, zone.is_some())) {
                        Some(micros) => Transformed::yes(moment(micros, zone.clone())),
                        None => Transformed::no(Expr::Cast(cast)),
                    }
                }
                _ => Transformed::no(Expr::Cast(cast)),
            },
            other => Transformed::no(other),
        })
    })
}

/// Changes expressions, from the bottom of the plan to its top. Steps without any that may change are passed over, which
/// most are: to look at one takes the columns of all that it reads.
fn transform(
    plan: LogicalPlan,
    may_change: impl Fn(&Expr) -> bool,
    mut settled: impl FnMut(Expr, &DFSchema) -> Result<Transformed<Expr>>,
) -> Result<LogicalPlan> {
    let mut any = false;
    let transformed = plan.transform_up_with_subqueries(|node| {
        if !has_any(&node, &may_change)? {
            return if any { Ok(Transformed::yes(node.recompute_schema()?)) } else { Ok(Transformed::no(node)) };
        }
        let mut schema = DFSchema::empty();
        for input in node.inputs() {
            schema.merge(input.schema());
        }
        // Nodes above know a column by what it was computed with.
        let names = NamePreserver::new(&node);
        let node = node.map_expressions(|expression| {
            let name = names.save(&expression);
            let settled = expression.transform_up(|it| settled(it, &schema))?;
            Ok(settled.update_data(|it| name.restore(it)))
        })?;
        any |= node.transformed;
        // What stands above has the old types in its schema.
        if any { Ok(Transformed::yes(node.data.recompute_schema()?)) } else { Ok(node) }
    })?;
    Ok(transformed.data)
}

/// Whether a step has such an expression, at any depth.
fn has_any(node: &LogicalPlan, is_wanted: &impl Fn(&Expr) -> bool) -> Result<bool> {
    let mut found = false;
    node.apply_expressions(|expression| {
        found = expression.exists(|it| Ok(is_wanted(it)))?;
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

/// `avg(sold_at)` would be that of the microseconds since 1970.
fn refuse_time_as_number(expression: &Expr, schema: &DFSchema) -> Result<()> {
    if let Expr::Cast(cast) = expression
        && cast.field.data_type().is_floating()
        && let Ok(from) = cast.expr.get_type(schema)
        && is_time(&from)
    {
        return plan_err!("Cannot automatically convert {from} to {}", cast.field.data_type());
    }
    Ok(())
}

fn standard_cast(expression: Expr, schema: &DFSchema, dialect: Dialect) -> Transformed<Expr> {
    let type_of = |it: &Expr| it.get_type(schema).ok();
    match expression {
        Expr::Cast(cast) => {
            let Some(from) = type_of(&cast.expr) else { return Transformed::no(Expr::Cast(cast)) };
            match cast.field.data_type().clone() {
                to if to.is_string() && is_time(&from) => Transformed::yes(time_as_text(Expr::Cast(cast), &from)),
                DataType::Timestamp(_, zone) if from.is_string() => {
                    Transformed::yes(text_as_time(*cast.expr, zone, false))
                }
                to if to.is_integer() && is_fraction(&from) => {
                    Transformed::yes(datafusion::logical_expr::cast(rounded(*cast.expr, &from), to))
                }
                to if to.is_integer() && from.is_string() && dialect == Dialect::DuckDb && !is_whole(&cast.expr) => {
                    let number = |it: Expr| datafusion::logical_expr::cast(it, DataType::Float64);
                    let other = datafusion::logical_expr::cast(round(vec![number(*cast.expr.clone())]), to.clone());
                    Transformed::yes(coalesce(vec![try_cast(*cast.expr, to), other]))
                }
                _ => Transformed::no(Expr::Cast(cast)),
            }
        }
        Expr::TryCast(cast) => {
            let Some(from) = type_of(&cast.expr) else { return Transformed::no(Expr::TryCast(cast)) };
            match cast.field.data_type().clone() {
                DataType::Timestamp(_, zone) if from.is_string() => {
                    Transformed::yes(text_as_time(*cast.expr, zone, true))
                }
                to if to.is_integer() && is_fraction(&from) => {
                    Transformed::yes(try_cast(rounded(*cast.expr, &from), to))
                }
                to if to.is_integer() && from.is_string() && dialect == Dialect::DuckDb && !is_whole(&cast.expr) => {
                    let number = try_cast(*cast.expr.clone(), DataType::Float64);
                    let other = try_cast(round(vec![number]), to.clone());
                    Transformed::yes(coalesce(vec![try_cast(*cast.expr, to), other]))
                }
                _ => Transformed::no(Expr::TryCast(cast)),
            }
        }
        Expr::ScalarFunction(mut function) if matches!(function.name(), "concat" | "concat_ws") => {
            let mut changed = false;
            for argument in &mut function.args {
                if let Some(from) = type_of(argument).filter(is_time) {
                    let iso = datafusion::logical_expr::cast(std::mem::take(argument), DataType::Utf8);
                    *argument = time_as_text(iso, &from);
                    changed = true;
                }
            }
            let function = Expr::ScalarFunction(function);
            if changed { Transformed::yes(function) } else { Transformed::no(function) }
        }
        Expr::BinaryExpr(mut binary) if binary.op.supports_propagation() => {
            let (left, right) = (type_of(&binary.left), type_of(&binary.right));
            let changed = beside(&mut binary.right, left) | beside(&mut binary.left, right);
            let binary = Expr::BinaryExpr(binary);
            if changed { Transformed::yes(binary) } else { Transformed::no(binary) }
        }
        Expr::Between(mut between) => {
            let of = type_of(&between.expr);
            let changed = beside(&mut between.low, of.clone()) | beside(&mut between.high, of);
            let between = Expr::Between(between);
            if changed { Transformed::yes(between) } else { Transformed::no(between) }
        }
        other => Transformed::no(other),
    }
}

/// A text that is written out beside a time is one; the engine would compare in nanoseconds, which end in 2262.
fn beside(text: &mut Expr, other: Option<DataType>) -> bool {
    let (Expr::Literal(value, _), Some(DataType::Timestamp(_, zone))) = (&*text, other) else { return false };
    match value.try_as_str().flatten().and_then(|it| timestamp_micros(it, zone.is_some())) {
        Some(micros) => {
            *text = moment(micros, zone);
            true
        }
        None => false,
    }
}

fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(_, _))
}

fn is_fraction(data_type: &DataType) -> bool {
    data_type.is_floating() || is_decimal_fraction(data_type)
}

/// Half to even where the number is a floating point one, away from zero where it is a decimal.
fn rounded(number: Expr, data_type: &DataType) -> Expr {
    match data_type {
        it if it.is_floating() => round_even(datafusion::logical_expr::cast(number, DataType::Float64)),
        _ => round(vec![number]),
    }
}

/// Whether a text is written out, and is a whole number: the engine reads these.
fn is_whole(text: &Expr) -> bool {
    match text {
        Expr::Literal(value, _) => value.try_as_str().flatten().is_some_and(|it| it.trim().parse::<i64>().is_ok()),
        _ => false,
    }
}

fn text_as_time(text: Expr, zone: Option<Arc<str>>, lenient: bool) -> Expr {
    let zoned = zone.is_some();
    if let Expr::Literal(value, _) = &text
        && let Some(micros) = value.try_as_str().flatten().and_then(|it| timestamp_micros(it, zoned))
    {
        return moment(micros, zone);
    }
    parse_time(datafusion::logical_expr::cast(text, DataType::Utf8), zoned, lenient)
}

fn moment(micros: i64, zone: Option<Arc<str>>) -> Expr {
    Expr::Literal(ScalarValue::TimestampMicrosecond(Some(micros), zone), None)
}

/// `2026-01-01 10:00:00.5`, where the engine writes `2026-01-01T10:00:00.500`: keys are made of such texts.
fn time_as_text(iso: Expr, data_type: &DataType) -> Expr {
    let text = replace(iso, lit("T"), lit(" "));
    let zoned = matches!(data_type, DataType::Timestamp(_, Some(_)));
    let text = if zoned { replace(text, lit("Z"), lit("")) } else { text };
    let has_fraction = strpos(text.clone(), lit(".")).gt(lit(0));
    let parts = vec![(Box::new(has_fraction), Box::new(rtrim(vec![text.clone(), lit("0")])))];
    let text = Expr::Case(Case::new(None, parts, Some(Box::new(text))));
    if zoned { binary_expr(text, Operator::StringConcat, lit("+00")) } else { text }
}

fn is_decimal_fraction(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) if *scale > 0)
}

/// `round(price, 2)`: the engine casts the 2, plans a type for any number of digits, and then computes another type.
fn plain_digits(expression: Expr) -> Transformed<Expr> {
    match expression {
        Expr::ScalarFunction(mut function) if function.name() == "round" => {
            let number = match function.args.get(1) {
                Some(Expr::Literal(ScalarValue::Int64(Some(number)), _)) => i32::try_from(*number).ok(),
                _ => None,
            };
            let Some(number) = number else { return Transformed::no(Expr::ScalarFunction(function)) };
            function.args[1] = Expr::Literal(ScalarValue::Int32(Some(number)), None);
            Transformed::yes(Expr::ScalarFunction(function))
        }
        other => Transformed::no(other),
    }
}
