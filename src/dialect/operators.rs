//! What operators and functions mean where the engine's mean something else: DuckDB's division and dates, and
//! everybody's numbers of rows, which are plain integers.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, plan_err};
use datafusion::error::Result;
use datafusion::functions::expr_fn::floor;
use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawWindowExpr};
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

/// `row_number()` and its kin give unsigned numbers in the engine, and an unsigned number minus one is a decimal there.
#[derive(Debug)]
pub(super) struct PlainRowNumbers;

impl ExprPlanner for PlainRowNumbers {
    fn plan_window(&self, expr: RawWindowExpr) -> Result<PlannerResult<RawWindowExpr>> {
        if !["dense_rank", "ntile", "rank", "row_number"].contains(&expr.func_def.name()) {
            return Ok(PlannerResult::Original(expr));
        }
        let params = WindowFunctionParams {
            args: expr.args,
            partition_by: expr.partition_by,
            order_by: expr.order_by,
            window_frame: expr.window_frame,
            filter: expr.filter,
            null_treatment: expr.null_treatment,
            distinct: expr.distinct,
        };
        let function = Expr::WindowFunction(Box::new(WindowFunction { fun: expr.func_def, params }));
        Ok(PlannerResult::Planned(cast(function, DataType::Int64)))
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
