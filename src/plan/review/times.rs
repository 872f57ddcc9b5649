//! Comparisons that the engine would make by turning a number into a point in time: days or microseconds since 1970.
//! Nobody means that by `ordered_on > 20260101`, and no other database accepts it.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, ExprSchemable, LogicalPlan};

use super::Step;

/// Refuses a date or timestamp compared with a number by the keys of a join.
///
/// # Errors
/// As [`refuse`].
pub(super) fn refuse_in_join(step: &Step<'_>) -> Result<()> {
    if let LogicalPlan::Join(join) = step.node {
        for (left, right) in &join.on {
            compare(left, "=", right, step.schema())?;
        }
    }
    Ok(())
}

/// Refuses a date or timestamp compared with a number.
///
/// # Errors
/// The comparison, in the words that the engine has for those that it refuses itself.
pub(super) fn refuse(expression: &Expr, step: &Step<'_>) -> Result<()> {
    match expression {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if op.supports_propagation() => {
            compare(left, &op.to_string(), right, step.schema())
        }
        Expr::Between(Between { expr, low, high, .. }) => {
            compare(expr, ">=", low, step.schema())?;
            compare(expr, "<=", high, step.schema())
        }
        _ => Ok(()),
    }
}

fn compare(left: &Expr, operator: &str, right: &Expr, schema: &DFSchema) -> Result<()> {
    // What has no type yet, a column of an outer query for one, is left to the engine.
    let (Ok(a), Ok(b)) = (left.get_type(schema), right.get_type(schema)) else { return Ok(()) };
    if (is_time(&a) && b.is_numeric()) || (a.is_numeric() && is_time(&b)) {
        return plan_err!("Cannot infer common argument type for comparison operation {a} {operator} {b}");
    }
    Ok(())
}

fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _))
}
