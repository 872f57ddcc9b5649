//! Rounding of floating point numbers when they become integers: half to even, as in DuckDB and PostgreSQL.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::compute::unary;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};

use super::kernel::Kernel;

/// `round_even(double)`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::dialect) struct RoundEven;

impl Kernel for RoundEven {
    fn name(&self) -> &'static str {
        "round_even"
    }

    fn signature(&self) -> Signature {
        Signature::exact(vec![DataType::Float64], Volatility::Immutable)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn compute(&self, arguments: &[ArrayRef]) -> Result<ArrayRef> {
        let [numbers] = arguments else { return exec_err!("`round_even` takes one argument") };
        let rounded: Float64Array = unary(numbers.as_primitive::<Float64Type>(), f64::round_ties_even);
        Ok(Arc::new(rounded))
    }

    fn keeps_order_of(&self) -> Option<usize> {
        Some(0)
    }
}
