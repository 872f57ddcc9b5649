//! Conditions that no row can meet: `a = 1 and a = 2`, `a > 5 and a < 3`, `a between 10 and 5`.

use std::cmp::Ordering;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::Case;
use datafusion::logical_expr::utils::{split_binary, split_conjunction};
use datafusion::logical_expr::{Between, Expr, ExprSchemable, LogicalPlan, Operator};

use super::super::comparison::{self, Form};
use super::super::finding::{Finding, Place, name, spans};
use super::super::{Review, Step};
use crate::diagnostics::Code;

pub(super) struct Contradictions;

impl Review for Contradictions {
    fn step(&self, step: &Step<'_>, found: &mut Vec<Finding>) {
        match step.node {
            LogicalPlan::Filter(it) => look(&it.predicate, step, found),
            LogicalPlan::Join(it) => it.filter.iter().for_each(|it| look(it, step, found)),
            _ => {}
        }
    }

    fn expression(&self, expression: &Expr, step: &Step<'_>, found: &mut Vec<Finding>) {
        match expression {
            Expr::Case(Case { expr: None, when_then_expr, .. }) => {
                when_then_expr.iter().for_each(|(when, _)| look(when, step, found));
            }
            Expr::Between(between) => found.extend(upside_down(between, step)),
            _ => {}
        }
    }
}

/// What one comparison says of a column.
struct Said<'a> {
    subject: &'a Expr,
    operator: Operator,
    value: ScalarValue,
}

/// Looks at each of the conditions between `or`.
fn look(condition: &Expr, step: &Step<'_>, found: &mut Vec<Finding>) {
    split_binary(condition, Operator::Or).into_iter().for_each(|it| look_at_one(it, step, found));
}

/// All that a condition says about one column, two by two.
fn look_at_one(condition: &Expr, step: &Step<'_>, found: &mut Vec<Finding>) {
    let mut said: Vec<Said<'_>> = Vec::new();
    for comparison in split_conjunction(condition).into_iter().flat_map(comparison::of) {
        let Form::Operator(operator) = comparison.form else { continue };
        let Some(value) = typed(comparison.subject, comparison.value, step) else { continue };
        let new = Said { subject: comparison.subject, operator, value };
        if let Some(old) = said.iter().find(|old| old.subject == new.subject && exclude(old, &new)) {
            found.extend(contradiction(old, &new));
        }
        said.push(new);
    }
}

fn contradiction(old: &Said<'_>, new: &Said<'_>) -> Option<Finding> {
    let (first, second) = (spans(old.subject), spans(new.subject));
    // Columns that the user wrote twice, not a function of the dialect.
    if first.is_empty() || first == second {
        return None;
    }
    let shown = |it: &Said<'_>| format!("{} {}", it.operator, shown(&it.value));
    let words = format!("no {} is both `{}` and `{}`", name(old.subject), shown(old), shown(new));
    let place = Place::Columns(first.into_iter().chain(second).collect());
    let help = match (old.operator, new.operator) {
        (Operator::Eq, Operator::Eq) => "did you mean `or`, or a list: `in (…, …)`?",
        _ => "did you mean `or`?",
    };
    Some(Finding::warning(Code::NeverTrue, words, place).help(help))
}

fn upside_down(between: &Between, step: &Step<'_>) -> Option<Finding> {
    let (Expr::Literal(low, _), Expr::Literal(high, _)) = (between.low.as_ref(), between.high.as_ref()) else {
        return None;
    };
    let (low, high) = (typed(&between.expr, low, step)?, typed(&between.expr, high, step)?);
    if between.negated || low.partial_cmp(&high)? != Ordering::Greater {
        return None;
    }
    let subject = name(&between.expr);
    let words = format!("no {subject} is between {} and {}", shown(&low), shown(&high));
    let place = Place::Columns(Some(spans(&between.expr)).filter(|it| !it.is_empty())?);
    Some(Finding::warning(Code::NeverTrue, words, place).help("the lower bound comes first"))
}

/// Whether no value meets both.
fn exclude(one: &Said<'_>, other: &Said<'_>) -> bool {
    use Operator::{Eq, Gt, GtEq, Lt, LtEq};
    let Some(order) = one.value.partial_cmp(&other.value) else { return false };
    match (one.operator, other.operator) {
        (Eq, Eq) => order != Ordering::Equal,
        (Eq | Gt | GtEq, Lt) | (Gt, Eq | LtEq) => order != Ordering::Less,
        (Eq | GtEq, LtEq) | (GtEq, Eq) => order == Ordering::Greater,
        (Lt, Eq | Gt | GtEq) | (Eq | LtEq, Gt) => order != Ordering::Greater,
        (LtEq, Eq | GtEq) | (Eq, GtEq) => order == Ordering::Less,
        _ => false,
    }
}

/// A value as one of what it is compared with; only where nothing is lost on the way.
fn typed(subject: &Expr, value: &ScalarValue, step: &Step<'_>) -> Option<ScalarValue> {
    if value.is_null() || subject.column_refs().is_empty() || subject.is_volatile() {
        return None;
    }
    let wanted = subject.get_type(step.schema()).ok()?;
    if value.data_type() == wanted {
        return Some(value.clone());
    }
    let typed = value.cast_to(&wanted).ok().filter(|it| !it.is_null())?;
    let is_time = matches!(wanted, DataType::Date32 | DataType::Timestamp(_, _));
    let is_same = value.data_type().is_numeric() && typed.cast_to(&value.data_type()).ok().as_ref() == Some(value);
    (is_same || is_time && value.data_type().is_string()).then_some(typed)
}

fn shown(value: &ScalarValue) -> String {
    match value.data_type() {
        it if it.is_numeric() || it == DataType::Boolean => value.to_string(),
        _ => format!("'{value}'"),
    }
}
