//! Moving rows that fail tests out of a table that is staged, and what these tests say afterwards.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::common::Column;
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, LogicalPlanBuilder, lit, try_cast};

use crate::data_tests::{Verdict, verdict};
use crate::events::{Failures, Outcome};
use crate::execute::publishing;
use crate::execute::run::{Job, bound, outside};
use crate::execute::steps::rows::fetch;
use crate::execute::steps::{ask, table, view};
use crate::execute::tables::Tables;
use crate::graph::Node;
use crate::jinja::RelationName;
use crate::materialize::Existing;
use crate::operators::row_bytes;
use crate::parse::NodeId;
use crate::plan::{ModelPlan, OWN_COLUMNS, Quarantine, SortColumn, existing_table, open_files};
use crate::warehouse::{Change, Staged};

/// What tests have found that moved rows.
#[derive(Default)]
pub struct Quarantining {
    found: Mutex<BTreeMap<NodeId, Failures>>,
}

impl Quarantining {
    /// What a test says that has moved its failures; nothing of all other tests.
    pub(super) fn outcome(&self, test: &Node) -> Option<Outcome> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(&test.facts.id).cloned()?;
        Some(match verdict(found.count, &test.facts.config, &test.facts.span) {
            Ok(Verdict::Pass) => Outcome::Passed,
            Ok(verdict) => {
                let configured = verdict.configured(&test.facts.config);
                Outcome::Warned(Failures { configured, ..found })
            }
            Err(problem) => Outcome::Errored(Box::new(problem)),
        })
    }
}

/// A staged table whose rows are to be looked at.
pub(super) struct Incoming<'a> {
    pub(super) node: &'a Node,
    pub(super) model: &'a ModelPlan,
    pub(super) staged: &'a Staged,
    pub(super) written: table::Written,
    /// How the rows that stay are written, where not all do.
    pub(super) metadata: Vec<(String, String)>,
    pub(super) watch: table::Watch,
}

/// What became of it.
pub(super) enum Moved {
    /// What is staged now has only rows that fail no test.
    Clean {
        /// What is staged.
        written: table::Written,
        /// Whether it was written anew.
        rewritten: bool,
        /// The table of the moved rows, to be put in place together with it.
        change: Option<Box<Change>>,
    },
    /// More rows fail a test than its `error_if` bears: it has to fail.
    TooMany(table::Written),
}

/// Whether the table of moved rows is as a run has left it, or was never needed.
pub(super) async fn is_whole(job: &Job, quarantine: &Quarantine) -> bool {
    match job.warehouse.existing(&quarantine.relation).await {
        (Existing::Absent, _) => true,
        (Existing::Table, Some(record)) => job.warehouse.is_untouched(&quarantine.relation, &record).await,
        _ => false,
    }
}

/// Moves rows that fail tests of a quarantine.
pub(super) async fn move_rows(
    job: &Job,
    tables: &Tables,
    quarantine: &Quarantine,
    incoming: Incoming<'_>,
) -> Result<Moved> {
    let Incoming { node, model, staged, written, metadata, watch } = incoming;
    let file = open_files(std::slice::from_ref(&staged.path), Arc::clone(&model.schema), &written.order)?;
    let rows = LogicalPlanBuilder::scan("staged", provider_as_source(file), None)?.build()?;
    let numbers = fetch(&job.session, &bound(&quarantine.counts(&rows)?, tables)?, None).await?;
    let numbers = numbers.batches.iter().find(|it| it.num_rows() > 0);
    let number = |column: &arrow::array::ArrayRef| column.as_primitive::<Int64Type>().value(0);
    let mut numbers: Vec<i64> = numbers.map(|it| it.columns().iter().map(number).collect()).unwrap_or_default();
    let any = numbers.pop().unwrap_or_default();
    let mut found = BTreeMap::new();
    for (at, (id, count)) in quarantine.tests().zip(numbers).enumerate() {
        let Some(test) = job.graph.get(id) else { continue };
        let config = &test.facts.config;
        let bears_some = config.get("error_if").is_some();
        if bears_some && verdict(count, config, &test.facts.span).is_ok_and(|it| it == Verdict::Fail) {
            return Ok(Moved::TooMany(written));
        }
        let sample = match count {
            0 => String::new(),
            _ => ask::sample(&job.session, &bound(&quarantine.failing(&rows, at)?, tables)?).await?,
        };
        let stored = Some(quarantine.relation.clone());
        found.insert(id.clone(), Failures { count, sample, stored, moved: true, ..Failures::default() });
    }
    let change = keep(job, tables, quarantine, node, &rows, any).await?;
    let (written, rewritten) = match any {
        0 => (written, false),
        _ => {
            let clean = job.warehouse.stage(&beside(&staged.relation));
            let writing = table::Writing { session: &job.session, staged: &clean, metadata, watch };
            let written = table::write(&bound(&quarantine.clean(&rows)?, tables)?, &writing).await?;
            job.warehouse.replace_staged(&clean, staged).await.map_err(outside)?;
            (written, true)
        }
    };
    job.quarantining.found.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
    Ok(Moved::Clean { written, rewritten, change: change.map(Box::new) })
}

/// A name that no relation has.
fn beside(relation: &RelationName) -> RelationName {
    RelationName::new(relation.database.clone(), format!("{} clean", relation.schema), relation.identifier.clone())
}

/// Stages the table of moved rows. What a growing table has lost earlier does not come again, and stays there.
async fn keep(
    job: &Job,
    tables: &Tables,
    quarantine: &Quarantine,
    node: &Node,
    rows: &LogicalPlan,
    any: i64,
) -> Result<Option<Change>> {
    let relation = &quarantine.relation;
    let invocation = &job.late.project.invocation;
    let mut moved = bound(&quarantine.moved(rows, &job.run_id, invocation.started_at)?, tables)?;
    if job.late.growing.contains_key(&node.facts.id)
        && let (Existing::Table, Some(record)) = job.warehouse.existing(relation).await
    {
        if any == 0 {
            return Ok(None);
        }
        let before = existing_table(&job.session, &job.warehouse, relation, &record).await?;
        let schema = before.schema();
        let before = LogicalPlanBuilder::scan("before", provider_as_source(before), None)?;
        let before = before.project(as_now(&schema, &moved))?.build()?;
        let new = not_among(&before, &moved)?;
        moved = LogicalPlanBuilder::from(before).union(new)?.build()?;
    }
    let staged = job.warehouse.stage(relation);
    let metadata = vec![("arrowmill.run_id".to_owned(), job.run_id.clone())];
    let writing = table::Writing { session: &job.session, staged: &staged, metadata, watch: Arc::new(|_| Ok(())) };
    let table::Written { rows, order } = table::write(&moved, &writing).await?;
    let sorted_by = order.iter().map(SortColumn::display).collect();
    let record = view::table_record(moved.schema().as_arrow(), rows, sorted_by, &node.facts.id, &job.run_id);
    let record = job.warehouse.complete(&staged, record).await.map_err(outside)?;
    Ok(Some(publishing::table(staged, record)))
}

/// The moved rows that were not moved before, for the same reasons: what a table has lost may come again until something
/// newer has come.
fn not_among(before: &LogicalPlan, moved: &LogicalPlan) -> Result<LogicalPlan> {
    let [_, run, at] = OWN_COLUMNS;
    let named = |it: &&String| it.as_str() != run && it.as_str() != at;
    let names: Vec<String> = moved.schema().fields().iter().map(|it| it.name()).filter(named).cloned().collect();
    let column = |name: &String| Expr::Column(Column::new_unqualified(name));
    let bytes = |called: &str| row_bytes(names.iter().map(column).collect()).alias(called);
    let before = LogicalPlanBuilder::from(before.clone()).project(vec![bytes("before")])?.build()?;
    let columns = moved.schema().columns().into_iter().map(Expr::Column);
    let new = LogicalPlanBuilder::from(moved.clone()).project(columns.chain([bytes("now")]).collect::<Vec<_>>())?;
    let new = new.join(before, JoinType::LeftAnti, (vec!["now"], vec!["before"]), None)?;
    let columns = moved.schema().columns().into_iter().map(Expr::Column);
    new.project(columns.collect::<Vec<_>>())?.build()
}

/// The columns that moved rows have now, from those that they had earlier.
fn as_now(before: &SchemaRef, now: &LogicalPlan) -> Vec<Expr> {
    let column = |field: &arrow::datatypes::FieldRef| {
        let expr = match before.field_with_name(field.name()) {
            Ok(_) => Expr::Column(Column::new_unqualified(field.name())),
            Err(_) => lit(datafusion::common::ScalarValue::Null),
        };
        try_cast(expr, field.data_type().clone()).alias(field.name())
    };
    now.schema().fields().iter().map(column).collect()
}
