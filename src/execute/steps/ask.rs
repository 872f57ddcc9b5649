//! Asking a test: how many failures, and on failure a few of the rows.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::exec_datafusion_err;
use datafusion::error::Result;
use datafusion::logical_expr::LogicalPlan;

use super::rows::fetch;
use crate::plan::Session;

/// Failing rows that are shown.
const SHOWN: usize = 5;

/// The one number that a bound plan gives; null is none.
pub(in crate::execute) async fn count(session: &Session, plan: &LogicalPlan) -> Result<i64> {
    let rows = fetch(session, plan, None).await?;
    let column = rows.batches.iter().find(|it| it.num_rows() > 0).map(|it| it.column(0));
    let column = column.ok_or_else(|| exec_datafusion_err!("the test's `fail_calc` gives no number"))?;
    if column.is_null(0) {
        return Ok(0);
    }
    if let DataType::Boolean = column.data_type() {
        return Ok(i64::from(column.as_boolean().value(0)));
    }
    let number = cast(column, &DataType::Int64)?;
    if number.is_null(0) {
        return Err(exec_datafusion_err!("the test's `fail_calc` gives no number"));
    }
    Ok(number.as_primitive::<Int64Type>().value(0))
}

/// A few failing rows, drawn as a table.
pub(in crate::execute) async fn sample(session: &Session, plan: &LogicalPlan) -> Result<String> {
    fetch(session, plan, Some(SHOWN)).await?.to_table()
}
