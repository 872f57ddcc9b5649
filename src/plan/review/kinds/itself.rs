//! A column compared with itself: one of the two was to be another one's.

use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use super::super::finding::{Finding, Place, short};
use super::super::{Review, Step};
use crate::diagnostics::Code;

pub(super) struct Itself;

impl Review for Itself {
    fn expression(&self, expression: &Expr, _step: &Step<'_>, found: &mut Vec<Finding>) {
        let Expr::BinaryExpr(BinaryExpr {
            left,
            op: op @ (Operator::Eq | Operator::NotEq | Operator::Lt | Operator::Gt),
            right,
        }) = expression
        else {
            return;
        };
        let (Expr::Column(one), Expr::Column(other)) = (left.as_ref(), right.as_ref()) else { return };
        let (Some(first), Some(second)) = (one.spans.first(), other.spans.first()) else { return };
        // A function of the dialect may have put one column in two places.
        if one != other || first == second {
            return;
        }
        let always = if *op == Operator::Eq { "true wherever it is not null" } else { "never true" };
        let words = format!("`{}` is compared with itself, which is {always}", short(one));
        let place = Place::Columns(vec![first, second]);
        found.push(
            Finding::warning(Code::ComparedWithItself, words, place)
                .help("say of which relation each side is: `orders.id = payments.order_id`"),
        );
    }
}
