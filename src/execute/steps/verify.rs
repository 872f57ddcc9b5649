//! Holding a staged table against its constraints, before anybody can see it.

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result;
use object_store::path::Path;

use super::rows::fetch;
use crate::diagnostics::Span;
use crate::plan::{Constraints, Session, SortOrder, bind, open_files};

/// What is said of the first constraint that does not hold, and where it is written.
pub(in crate::execute) async fn broken(
    session: &Session,
    constraints: &Constraints,
    files: &[Path],
) -> Result<Option<(String, Span)>> {
    let plan = bind(constraints.counts.clone(), &|_, schema| open_files(files, schema, &SortOrder::new()))?;
    let counts = fetch(session, &plan, None).await?;
    let Some(row) = counts.batches.iter().find(|it| it.num_rows() > 0) else { return Ok(None) };
    for (broken, column) in constraints.words.iter().zip(row.columns()) {
        let number = cast(column, &DataType::Int64)?;
        if number.as_primitive::<Int64Type>().iter().flatten().any(|it| it > 0) {
            return Ok(Some(broken.clone()));
        }
    }
    Ok(None)
}
