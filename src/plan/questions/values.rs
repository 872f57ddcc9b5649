//! What an expression can be, whatever the rows are.

use std::collections::BTreeSet;

use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::expr::{BinaryExpr, Case, Cast, ScalarFunction};
use datafusion::logical_expr::{Expr, Operator};

/// More values than these are not followed.
const MOST_VALUES: usize = 64;

/// What is known of one column.
#[derive(Debug, Clone, Default)]
pub(super) struct ColumnFacts {
    /// Whether no row lacks a value.
    pub(super) never_null: bool,
    /// All values that there can be, beside null; `None` where they are not known.
    pub(super) values: Option<Vec<ScalarValue>>,
    /// Where the column numbers rows from 1, each number once within rows that have the same values in these columns.
    pub(super) numbers_within: Option<BTreeSet<usize>>,
}

impl ColumnFacts {
    fn literal(value: &ScalarValue) -> ColumnFacts {
        let values = if value.is_null() { Vec::new() } else { vec![value.clone()] };
        ColumnFacts { never_null: !value.is_null(), values: Some(values), numbers_within: None }
    }

    fn boolean() -> ColumnFacts {
        let values = [true, false].map(|it| ScalarValue::Boolean(Some(it)));
        ColumnFacts { never_null: true, values: Some(values.to_vec()), numbers_within: None }
    }

    /// What is known of a value that is of this column or of another.
    pub(super) fn or(self, other: ColumnFacts) -> ColumnFacts {
        let values = match (self.values, other.values) {
            (Some(mut values), Some(others)) => {
                let new: Vec<ScalarValue> = others.into_iter().filter(|it| !values.contains(it)).collect();
                values.extend(new);
                Some(values).filter(|it| it.len() <= MOST_VALUES)
            }
            _ => None,
        };
        ColumnFacts { never_null: self.never_null && other.never_null, values, numbers_within: None }
    }

    /// The same column where some rows are filled up with nulls.
    pub(super) fn or_null(self) -> ColumnFacts {
        ColumnFacts { never_null: false, ..self }
    }

    /// The same column where rows may be there several times.
    pub(super) fn unnumbered(self) -> ColumnFacts {
        ColumnFacts { numbers_within: None, ..self }
    }
}

/// What is known of an expression over columns of which this is known.
pub(super) fn of_expression(expr: &Expr, schema: &DFSchema, columns: &[ColumnFacts]) -> ColumnFacts {
    let of = |expr: &Expr| of_expression(expr, schema, columns);
    match expr {
        Expr::Column(column) => {
            let at = schema.maybe_index_of_column(column);
            at.and_then(|at| columns.get(at)).cloned().unwrap_or_default()
        }
        Expr::Alias(alias) => of(&alias.expr),
        Expr::Literal(value, _) => ColumnFacts::literal(value),
        // A cast fails or gives a value.
        Expr::Cast(Cast { expr, field }) => {
            let facts = of(expr);
            let cast = |values: Vec<ScalarValue>| {
                values.iter().map(|it| it.cast_to(field.data_type())).collect::<Result<Vec<_>, _>>().ok()
            };
            ColumnFacts { never_null: facts.never_null, values: facts.values.and_then(cast), numbers_within: None }
        }
        Expr::Case(Case { when_then_expr, else_expr, .. }) => {
            let otherwise = else_expr.as_ref().map_or(ColumnFacts::literal(&ScalarValue::Null), |it| of(it));
            when_then_expr.iter().fold(otherwise, |facts, (_, then)| facts.or(of(then)))
        }
        Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotUnknown(_) => ColumnFacts::boolean(),
        Expr::Not(inner) => ColumnFacts { never_null: of(inner).never_null, ..ColumnFacts::boolean() },
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => of_operator(&of(left), *op, &of(right)),
        Expr::ScalarFunction(function) => of_function(function, &of),
        _ => ColumnFacts::default(),
    }
}

fn of_operator(left: &ColumnFacts, operator: Operator, right: &ColumnFacts) -> ColumnFacts {
    use Operator::{And, Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq, Or, StringConcat};
    let both = left.never_null && right.never_null;
    match operator {
        IsDistinctFrom | IsNotDistinctFrom => ColumnFacts::boolean(),
        And | Or | Eq | NotEq | Lt | LtEq | Gt | GtEq => ColumnFacts { never_null: both, ..ColumnFacts::boolean() },
        StringConcat => ColumnFacts { never_null: both, ..ColumnFacts::default() },
        // Numbers may be divided by zero, or grow too large, and some dialects then have null.
        _ => ColumnFacts::default(),
    }
}

fn of_function(function: &ScalarFunction, of: &impl Fn(&Expr) -> ColumnFacts) -> ColumnFacts {
    match (function.func.name(), function.args.as_slice()) {
        ("coalesce" | "nvl", [first, rest @ ..]) => {
            let first = of(first);
            let any = first.never_null || rest.iter().any(|it| of(it).never_null);
            let facts = rest.iter().fold(first, |facts, it| facts.or(of(it)));
            ColumnFacts { never_null: any, ..facts }
        }
        ("lower" | "md5" | "sha256" | "trim" | "btrim" | "upper", [text]) => {
            ColumnFacts { never_null: of(text).never_null, ..ColumnFacts::default() }
        }
        ("concat", [_, ..]) => ColumnFacts { never_null: true, ..ColumnFacts::default() },
        _ => ColumnFacts::default(),
    }
}
