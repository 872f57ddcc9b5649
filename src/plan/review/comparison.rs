//! Comparisons with a value that is written out, however they are written.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{Case, InList};
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};

/// Something, and a value that it is compared with.
pub(super) struct Comparison<'a> {
    pub(super) subject: &'a Expr,
    pub(super) value: &'a ScalarValue,
    pub(super) form: Form,
}

/// How a comparison is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `subject = value`; the operator is that of this order, also where the value stands first.
    Operator(Operator),
    /// `subject between value and …`, or `… and value`.
    Between,
    /// `subject in (…, value, …)`.
    In,
    /// `subject not in (…, value, …)`.
    NotIn,
    /// `case subject when value then …`.
    When,
}

/// All comparisons that an expression is, those within its parts apart.
pub(super) fn of(expression: &Expr) -> Vec<Comparison<'_>> {
    match expression {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(*op) => {
            let found = match (left.as_ref(), right.as_ref()) {
                (Expr::Literal(_, _), Expr::Literal(_, _)) => None,
                (subject, Expr::Literal(value, _)) => Some((subject, value, Some(*op))),
                (Expr::Literal(value, _), subject) => Some((subject, value, op.swap())),
                _ => None,
            };
            let comparison = |(subject, value, op): (_, _, Option<Operator>)| {
                Some(Comparison { subject, value, form: Form::Operator(op?) })
            };
            found.and_then(comparison).into_iter().collect()
        }
        Expr::Between(Between { expr, low, high, .. }) => with_each(expr, [low.as_ref(), high.as_ref()], Form::Between),
        Expr::InList(InList { expr, list, negated }) => {
            with_each(expr, list, if *negated { Form::NotIn } else { Form::In })
        }
        Expr::Case(Case { expr: Some(subject), when_then_expr, .. }) => {
            with_each(subject, when_then_expr.iter().map(|(when, _)| when.as_ref()), Form::When)
        }
        _ => Vec::new(),
    }
}

fn with_each<'a>(subject: &'a Expr, values: impl IntoIterator<Item = &'a Expr>, form: Form) -> Vec<Comparison<'a>> {
    if matches!(subject, Expr::Literal(_, _)) {
        return Vec::new();
    }
    let literal = |it: &'a Expr| match it {
        Expr::Literal(value, _) => Some(Comparison { subject, value, form }),
        _ => None,
    };
    values.into_iter().filter_map(literal).collect()
}

fn is_comparison(operator: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(operator, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}
