//! The table of all measures that monitors have taken, in the warehouse: read before they judge, added to after.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::catalog::TableProvider;
use datafusion::common::{ScalarValue, plan_datafusion_err};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::error::Result;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::prelude::ident;

use crate::execute::run::outside;
use crate::execute::steps::rows::fetch;
use crate::execute::steps::{table, view};
use crate::jinja::{Cell, Invocation, RelationName};
use crate::materialize::Existing;
use crate::monitors::{HISTORY, MonitorResult, Past};
use crate::parse::NodeId;
use crate::plan::{Session, cells_of, existing_files};
use crate::warehouse::{Warehouse, measure_columns};

/// Where measures are kept, and by whom.
pub struct Measures<'a> {
    /// The engine.
    pub session: &'a Session,
    /// The warehouse.
    pub warehouse: &'a Warehouse,
    /// The run.
    pub invocation: &'a Invocation,
}

impl Measures<'_> {
    fn relation(&self) -> RelationName {
        RelationName::new(&self.invocation.target.database, HISTORY.0, HISTORY.1)
    }

    /// The table, if there is one. One whose record does not fit is no reason to lose what it holds.
    async fn existing(&self) -> Result<Option<Arc<dyn TableProvider>>> {
        let relation = self.relation();
        match self.warehouse.existing(&relation).await {
            (Existing::Absent, _) => Ok(None),
            (Existing::Table | Existing::Unknown, _) => {
                existing_files(self.session, &[self.warehouse.data_path(&relation)], &[]).await.map(Some)
            }
            (Existing::View, _) => {
                Err(plan_datafusion_err!("{relation} is a view, where the measures of monitors are kept"))
            }
        }
    }

    /// All measures before now, by monitor, oldest first.
    ///
    /// # Errors
    /// The table can't be read.
    pub async fn earlier(&self) -> Result<BTreeMap<String, Vec<Past>>> {
        let mut earlier: BTreeMap<String, Vec<Past>> = BTreeMap::new();
        let Some(table) = self.existing().await? else { return Ok(earlier) };
        let now = ScalarValue::TimestampMicrosecond(Some(self.invocation.started_at.timestamp_micros()), None);
        let columns = ["monitor", "measured_at", "subject", "value", "detail"];
        let plan = LogicalPlanBuilder::scan("measures", provider_as_source(table), None)?
            .filter(ident("measured_at").lt(lit(now)))?
            .project(columns.map(ident))?
            .sort([ident("measured_at").sort(true, true)])?
            .build()?;
        let rows = fetch(self.session, &plan, None).await?;
        for row in cells_of(&rows.schema, &rows.batches)?.rows {
            let [Cell::Text(monitor), Cell::Timestamp(at), Cell::Text(subject), value, detail] = row.as_slice() else {
                continue;
            };
            earlier.entry(monitor.clone()).or_default().push(Past {
                measured_at: at.and_utc(),
                subject: subject.clone(),
                value: match value {
                    Cell::Number(it) => Some(*it),
                    _ => None,
                },
                detail: match detail {
                    Cell::Text(text) => serde_json::from_str(text).ok(),
                    _ => None,
                },
            });
        }
        Ok(earlier)
    }

    /// Adds what was measured now. The table is written anew, and put in place whole.
    ///
    /// # Errors
    /// The table can't be read or written.
    pub async fn keep(&self, results: &[MonitorResult]) -> Result<()> {
        let relation = self.relation();
        let new = self.rows(results)?;
        let plan = match self.existing().await? {
            None => new,
            Some(table) => {
                let columns: Vec<_> = measure_columns().fields().iter().map(|it| ident(it.name())).collect();
                let old = LogicalPlanBuilder::scan("measures", provider_as_source(table), None)?.project(columns)?;
                old.union(new)?.build()?
            }
        };
        let staged = self.warehouse.stage(&relation);
        let metadata = vec![("arrowmill.run_id".to_owned(), self.invocation.id.clone())];
        let writing = table::Writing { session: self.session, staged: &staged, metadata, watch: Arc::new(|_| Ok(())) };
        let written = match table::write(&plan, &writing).await {
            Ok(written) => written,
            Err(error) => {
                self.warehouse.discard(&staged).await;
                return Err(error);
            }
        };
        let node = NodeId::new("monitor");
        let record = view::table_record(plan.schema().as_arrow(), written.rows, Vec::new(), &node, &self.invocation.id);
        self.warehouse.publish(&staged, record).await.map(drop).map_err(outside)
    }

    /// One row for each check.
    fn rows(&self, results: &[MonitorResult]) -> Result<LogicalPlan> {
        let checks: Vec<_> = results.iter().flat_map(|it| it.checks.iter().map(move |check| (it, check))).collect();
        let texts = |of: &dyn Fn(&MonitorResult) -> &str| -> ArrayRef {
            Arc::new(checks.iter().map(|(result, _)| Some(of(result))).collect::<StringArray>())
        };
        let numbers = |of: &dyn Fn(&crate::monitors::Check) -> Option<f64>| -> ArrayRef {
            Arc::new(checks.iter().map(|(_, check)| of(check)).collect::<Float64Array>())
        };
        let now = self.invocation.started_at.timestamp_micros();
        let details = checks.iter().map(|(_, check)| check.detail.as_ref().map(ToString::to_string));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(checks.iter().map(|_| Some(self.invocation.id.as_str())).collect::<StringArray>()),
            Arc::new(checks.iter().map(|_| Some(now)).collect::<TimestampMicrosecondArray>()),
            texts(&|it| &it.name),
            texts(&|it| it.kind),
            texts(&|it| it.severity.as_str()),
            Arc::new(checks.iter().map(|(_, it)| Some(it.subject.as_str())).collect::<StringArray>()),
            Arc::new(checks.iter().map(|(_, it)| Some(it.status.as_str())).collect::<StringArray>()),
            numbers(&|it| it.value),
            numbers(&|it| it.low),
            numbers(&|it| it.high),
            Arc::new(details.collect::<StringArray>()),
        ];
        let batch = RecordBatch::try_new(measure_columns(), columns)?;
        let table = MemTable::try_new(measure_columns(), vec![vec![batch]])?;
        LogicalPlanBuilder::scan("measured", provider_as_source(Arc::new(table)), None)?.build()
    }
}
