//! What DuckDB's operators mean where the engine's mean something else.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, plan_err};
use datafusion::error::Result;
use datafusion::functions::expr_fn::floor;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::sqlparser::ast::BinaryOperator;
use datafusion::logical_expr::{Expr, ExprSchemable, Operator, binary_expr, cast};

/// Hooked into the engine's planner.
#[derive(Debug)]
pub(super) struct DuckDbOperators;

impl ExprPlanner for DuckDbOperators {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        // What has no type yet is the engine's to judge.
        let (Ok(left), Ok(right)) = (expr.left.get_type(schema), expr.right.get_type(schema)) else {
            return Ok(PlannerResult::Original(expr));
        };
        let planned = match expr.op {
            // https://duckdb.org/docs/stable/sql/functions/numeric: `/` divides exactly, `//` drops the rest.
            BinaryOperator::Divide if left.is_numeric() && right.is_numeric() && !is_float(&left, &right) => {
                divide(cast(expr.left, DataType::Float64), cast(expr.right, DataType::Float64))
            }
            BinaryOperator::DuckIntegerDivide if left.is_integer() && right.is_integer() => {
                divide(expr.left, expr.right)
            }
            BinaryOperator::DuckIntegerDivide if left.is_numeric() && right.is_numeric() => {
                floor(divide(cast(expr.left, DataType::Float64), expr.right))
            }
            BinaryOperator::DuckIntegerDivide => {
                return plan_err!("Cannot coerce arithmetic expression {left} // {right} to valid types");
            }
            BinaryOperator::Minus if left == DataType::Date32 && right == DataType::Date32 => {
                let days = |it| cast(cast(it, DataType::Int32), DataType::Int64);
                binary_expr(days(expr.left), Operator::Minus, days(expr.right))
            }
            // A date and an interval make a timestamp, even of whole days.
            BinaryOperator::Plus | BinaryOperator::Minus if left == DataType::Date32 && is_interval(&right) => {
                let operator = if expr.op == BinaryOperator::Plus { Operator::Plus } else { Operator::Minus };
                binary_expr(cast(expr.left, timestamp()), operator, expr.right)
            }
            BinaryOperator::Plus if right == DataType::Date32 && is_interval(&left) => {
                binary_expr(cast(expr.right, timestamp()), Operator::Plus, expr.left)
            }
            _ => return Ok(PlannerResult::Original(expr)),
        };
        Ok(PlannerResult::Planned(planned))
    }
}

fn divide(left: Expr, right: Expr) -> Expr {
    binary_expr(left, Operator::Divide, right)
}

fn timestamp() -> DataType {
    DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None)
}

fn is_float(left: &DataType, right: &DataType) -> bool {
    left.is_floating() && right.is_floating()
}

fn is_interval(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Interval(_))
}
