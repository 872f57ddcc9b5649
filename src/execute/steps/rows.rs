//! Rows of a query in memory: for `show`, and for the failing rows of tests.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::display::FormatOptions;
use arrow::util::pretty::pretty_format_batches_with_options;
use datafusion::error::Result;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::collect;

use crate::plan::Session;

/// Some rows.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Their columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
}

impl Rows {
    /// As a table for people; nulls are empty.
    pub fn to_table(&self) -> Result<String> {
        let options = FormatOptions::default().with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"));
        if self.batches.iter().all(|it| it.num_rows() == 0) {
            let empty = RecordBatch::new_empty(SchemaRef::clone(&self.schema));
            return Ok(pretty_format_batches_with_options(&[empty], &options)?.to_string());
        }
        Ok(pretty_format_batches_with_options(&self.batches, &options)?.to_string())
    }

    /// As CSV with a header.
    pub fn to_csv(&self) -> Result<String> {
        let mut out = Vec::new();
        let mut writer = arrow::csv::Writer::new(&mut out);
        if self.batches.is_empty() {
            writer.write(&RecordBatch::new_empty(SchemaRef::clone(&self.schema)))?;
        }
        for batch in &self.batches {
            writer.write(batch)?;
        }
        drop(writer);
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// As a JSON list of objects; nulls are there.
    pub fn to_json(&self) -> Result<serde_json::Value> {
        let mut out = Vec::new();
        let builder = arrow::json::WriterBuilder::new().with_explicit_nulls(true);
        let mut writer = builder.build::<_, arrow::json::writer::JsonArray>(&mut out);
        for batch in &self.batches {
            writer.write(batch)?;
        }
        writer.finish()?;
        drop(writer);
        Ok(serde_json::from_slice(&out).unwrap_or_else(|_| serde_json::Value::Array(Vec::new())))
    }
}

/// The first rows of a bound plan, all of them without a limit.
pub async fn fetch(session: &Session, plan: &LogicalPlan, limit: Option<usize>) -> Result<Rows> {
    let plan = match limit {
        Some(limit) => LogicalPlanBuilder::from(plan.clone()).limit(0, Some(limit))?.build()?,
        None => plan.clone(),
    };
    let physical = session.state().create_physical_plan(&plan).await?;
    let schema = physical.schema();
    let batches = collect(physical, session.state().task_ctx()).await?;
    Ok(Rows { schema, batches })
}
