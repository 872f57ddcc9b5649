//! What operators and functions mean where the engine's mean something else: DuckDB's division, DuckDB's and
//! PostgreSQL's dates, and everybody's numbers of rows, which are plain integers.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{DFSchema, ScalarValue, plan_err};
use datafusion::error::Result;
use datafusion::functions::expr_fn::{character_length, greatest, power, substring};
use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr, RawWindowExpr};
use datafusion::logical_expr::sqlparser::ast::BinaryOperator;
use datafusion::logical_expr::{Case, Expr, ExprSchemable, GetFieldAccess, Operator, binary_expr, cast, lit};

use super::functions::{interval_between, interval_micros, interval_times};
use crate::project::Dialect;

/// Hooked into the engine's planner.
#[derive(Debug)]
pub(super) struct DialectOperators {
    /// DuckDB's or PostgreSQL's, which agree on times and not on division.
    pub(super) dialect: Dialect,
}

impl ExprPlanner for DialectOperators {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        // What has no type yet is the engine's to judge.
        let (Ok(left), Ok(right)) = (expr.left.get_type(schema), expr.right.get_type(schema)) else {
            return Ok(PlannerResult::Original(expr));
        };
        let duckdb = self.dialect == Dialect::DuckDb;
        let planned = match expr.op {
            // https://duckdb.org/docs/stable/sql/functions/numeric: `/` divides exactly, `//` drops the rest.
            BinaryOperator::Divide if duckdb && left.is_numeric() && right.is_numeric() && !is_float(&left, &right) => {
                divide(cast(expr.left, DataType::Float64), cast(expr.right, DataType::Float64))
            }
            BinaryOperator::DuckIntegerDivide if left.is_integer() && right.is_integer() => {
                divide(expr.left, expr.right)
            }
            BinaryOperator::DuckIntegerDivide if left.is_numeric() && right.is_numeric() => {
                divide(cast(expr.left, DataType::Float64), cast(expr.right, DataType::Float64))
            }
            BinaryOperator::DuckIntegerDivide => {
                return plan_err!("Cannot coerce arithmetic expression {left} // {right} to valid types");
            }
            BinaryOperator::Minus if left == DataType::Date32 && right == DataType::Date32 => {
                let days = |it| cast(cast(it, DataType::Int32), DataType::Int64);
                binary_expr(days(expr.left), Operator::Minus, days(expr.right))
            }
            // A day beside a moment: the engine would compare nanoseconds, which end in 2262.
            ref op if is_comparison(op) && left == DataType::Date32 && is_moment(&right) => {
                return Ok(PlannerResult::Original(RawBinaryExpr { left: cast(expr.left, right), ..expr }));
            }
            ref op if is_comparison(op) && right == DataType::Date32 && is_moment(&left) => {
                return Ok(PlannerResult::Original(RawBinaryExpr { right: cast(expr.right, left), ..expr }));
            }
            // A date and an interval make a timestamp, even of whole days.
            BinaryOperator::Plus | BinaryOperator::Minus if left == DataType::Date32 && is_interval(&right) => {
                let operator = if expr.op == BinaryOperator::Plus { Operator::Plus } else { Operator::Minus };
                binary_expr(cast(expr.left, timestamp()), operator, expr.right)
            }
            BinaryOperator::Plus if right == DataType::Date32 && is_interval(&left) => {
                binary_expr(cast(expr.right, timestamp()), Operator::Plus, expr.left)
            }
            BinaryOperator::Minus if is_point(&left) && is_point(&right) => {
                interval_between(cast(expr.left, timestamp()), cast(expr.right, timestamp()))
            }
            BinaryOperator::Multiply if is_interval(&left) && right.is_integer() => {
                interval_times(expr.left, cast(expr.right, DataType::Int64))
            }
            BinaryOperator::Multiply if left.is_integer() && is_interval(&right) => {
                interval_times(expr.right, cast(expr.left, DataType::Int64))
            }
            // An interval of 36 hours is longer than one of a day.
            BinaryOperator::Eq if is_interval(&left) && is_interval(&right) => compare(expr, Operator::Eq),
            BinaryOperator::NotEq if is_interval(&left) && is_interval(&right) => compare(expr, Operator::NotEq),
            BinaryOperator::Lt if is_interval(&left) && is_interval(&right) => compare(expr, Operator::Lt),
            BinaryOperator::LtEq if is_interval(&left) && is_interval(&right) => compare(expr, Operator::LtEq),
            BinaryOperator::Gt if is_interval(&left) && is_interval(&right) => compare(expr, Operator::Gt),
            BinaryOperator::GtEq if is_interval(&left) && is_interval(&right) => compare(expr, Operator::GtEq),
            // A truth beside a number is 1 or 0.
            BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
                if duckdb && (is_truth_and_number(&left, &right) || is_truth_and_number(&right, &left)) =>
            {
                let number = |it: Expr, of: &DataType| if of.is_numeric() { it } else { cast(it, DataType::Int64) };
                let (left, right) = (number(expr.left, &left), number(expr.right, &right));
                return Ok(PlannerResult::Original(RawBinaryExpr { op: expr.op, left, right }));
            }
            BinaryOperator::StringConcat if is_point(&left) => {
                binary_expr(cast(expr.left, DataType::Utf8), Operator::StringConcat, expr.right)
            }
            BinaryOperator::StringConcat if is_point(&right) => {
                binary_expr(expr.left, Operator::StringConcat, cast(expr.right, DataType::Utf8))
            }
            BinaryOperator::BitwiseXor if duckdb && left.is_numeric() && right.is_numeric() => {
                power(cast(expr.left, DataType::Float64), cast(expr.right, DataType::Float64))
            }
            _ => return Ok(PlannerResult::Original(expr)),
        };
        Ok(PlannerResult::Planned(planned))
    }

    fn plan_field_access(
        &self,
        expr: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        if self.dialect != Dialect::DuckDb || !expr.expr.get_type(schema).is_ok_and(|it| it.is_string()) {
            return Ok(PlannerResult::Original(expr));
        }
        let text = expr.expr.clone();
        let planned = match expr.field_access {
            GetFieldAccess::ListIndex { key } => substring(text.clone(), place(&text, *key), lit(1_i64)),
            GetFieldAccess::ListRange { start, stop, .. } => {
                let (start, stop) = (place(&text, *start), place(&text, *stop));
                let length = binary_expr(binary_expr(stop, Operator::Minus, start.clone()), Operator::Plus, lit(1_i64));
                substring(text, start, greatest(vec![length, lit(0_i64)]))
            }
            GetFieldAccess::NamedStructField { .. } => return Ok(PlannerResult::Original(expr)),
        };
        Ok(PlannerResult::Planned(planned))
    }
}

fn is_truth_and_number(truth: &DataType, number: &DataType) -> bool {
    *truth == DataType::Boolean && number.is_numeric()
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

/// A place in a text; from its end where it is below zero.
fn place(text: &Expr, at: Expr) -> Expr {
    let from_end = || {
        let length = cast(character_length(text.clone()), DataType::Int64);
        binary_expr(binary_expr(length, Operator::Plus, at.clone()), Operator::Plus, lit(1_i64))
    };
    match &at {
        Expr::Literal(ScalarValue::Int64(Some(number)), _) if *number >= 0 => at,
        Expr::Literal(_, _) | Expr::Negative(_) => from_end(),
        _ => Expr::Case(Case::new(
            None,
            vec![(Box::new(at.clone().lt(lit(0_i64))), Box::new(from_end()))],
            Some(Box::new(cast(at.clone(), DataType::Int64))),
        )),
    }
}

fn compare(expr: RawBinaryExpr, operator: Operator) -> Expr {
    binary_expr(interval_micros(expr.left), operator, interval_micros(expr.right))
}

fn is_point(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Timestamp(_, _))
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

fn is_comparison(operator: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(operator, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

fn is_moment(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(TimeUnit::Microsecond, _))
}

fn is_interval(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Interval(_))
}
