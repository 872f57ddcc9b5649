//! Making the relation of a model, seed or snapshot: its hooks, the decision, and the steps that it takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use datafusion::common::exec_datafusion_err;
use datafusion::error::{DataFusionError, Result};

use crate::events::{Event, Outcome};
use crate::execute::content::Content;
use crate::execute::hooks::{self, When};
use crate::execute::publishing;
use crate::execute::reuse::Made;
use crate::execute::run::{Job, bound, in_place, outside};
use crate::execute::steps::{table, view};
use crate::execute::tables::{Tables, Version};
use crate::graph::Node;
use crate::materialize::{self, Step};
use crate::plan::{Live, ModelPlan, SortColumn};
use crate::reuse::{Because, Identity};
use crate::warehouse::{Change, Staged};

/// Makes a relation, unless what is there is what would be made.
pub(super) async fn make(
    job: &Job,
    tables: &Tables,
    live: &Arc<dyn Live>,
    node: &Node,
    model: &ModelPlan,
) -> Result<Outcome> {
    if let Err(problem) = in_place(|| hooks::of_node(&job.late, live, node, When::Before)) {
        return Ok(Outcome::Errored(Box::new(problem)));
    }
    let staged = job.warehouse.stage(&node.facts.relation);
    let outcome = perform(job, tables, node, model, &staged).await;
    if outcome.is_err() {
        job.warehouse.discard(&staged).await;
    }
    let outcome = outcome?;
    match in_place(|| hooks::of_node(&job.late, live, node, When::After)) {
        Ok(()) => Ok(outcome),
        Err(problem) => Ok(Outcome::Errored(Box::new(problem))),
    }
}

/// What a relation would be made of. Nobody knows what hooks do, and they are there to be run.
fn made_of(job: &Job, tables: &Tables, node: &Node, model: &ModelPlan) -> Made {
    if node.facts.has_hooks() {
        return Err(Because::Untold("it has hooks".to_owned()));
    }
    job.reuse.made_of(&model.plan, node.facts.materialized(), tables, &job.plan.opened)
}

async fn perform(job: &Job, tables: &Tables, node: &Node, model: &ModelPlan, staged: &Staged) -> Result<Outcome> {
    let facts = &node.facts;
    let (existing, record) = job.warehouse.existing(&facts.relation).await;
    let made = made_of(job, tables, node, model);
    if job.reuse.is_fresh(node, &job.warehouse, (existing, record.as_ref()), &made).await
        && let Some(record) = record
    {
        let order = record.sorted_by.iter().map(|it| SortColumn::parse(it)).collect();
        tables.made(&facts.relation, Version { order, identity: record.identity, staged: None });
        return Ok(Outcome::Reused { rows: record.rows, bytes: record.bytes });
    }
    let decision = materialize::decide(facts.materialized(), existing);
    let decision =
        decision.ok_or_else(|| exec_datafusion_err!("unknown materialization `{}`", facts.materialized()))?;
    let mut outcome = Outcome::Built { rows: None, bytes: None };
    // Hooks after a node see it under its name.
    let waits = job.publishing.holds(&facts.id) && !facts.has_hooks();
    let mut written = None;
    // What a growing table is depends on what it was: only its content can tell.
    let content = matches!(facts.materialized(), "incremental" | "snapshot").then(|| Arc::new(Content::default()));
    for step in decision.steps {
        match step {
            Step::Stage => {
                let plan = bound(&model.plan, tables)?;
                let watch = watch(job, node, content.clone());
                let metadata = vec![
                    ("arrowmill.run_id".to_owned(), job.run_id.clone()),
                    (
                        "arrowmill.made_of".to_owned(),
                        made.as_ref().map(|it| it.0.result.to_string()).unwrap_or_default(),
                    ),
                ];
                let writing = table::Writing { session: &job.session, staged, metadata, watch };
                written = Some(table::write(&plan, &writing).await?);
            }
            Step::Publish => {
                let Some(table::Written { rows, order }) = written.take() else { continue };
                let sorted_by = order.iter().map(SortColumn::display).collect();
                let mut record = view::table_record(&model.schema, rows, sorted_by, &facts.id, &job.run_id);
                let columns = record.columns.iter().map(|it| (it.name.as_str(), it.data_type.clone()));
                record.identity = match &content {
                    Some(content) => Some(Identity::of_whole(&content.digest(), columns)),
                    None => made.as_ref().ok().map(|(_, identity)| identity.clone()),
                };
                record.made_of = made.as_ref().ok().map(|(made_of, _)| made_of.clone());
                let record = match waits {
                    true => job.warehouse.complete(staged, record).await.map_err(outside)?,
                    false => job.warehouse.publish(staged, record).await.map_err(outside)?,
                };
                let bytes = record.bytes.unwrap_or_default();
                let version = Version {
                    order,
                    identity: record.identity.clone(),
                    staged: waits.then(|| (staged.path.clone(), bytes)),
                };
                tables.made(&facts.relation, version);
                if waits {
                    job.publishing.hold(&facts.id, publishing::table(staged.clone(), record));
                }
                outcome = Outcome::Built { rows: Some(rows), bytes: Some(bytes) };
            }
            Step::RecordView => {
                let mut record = view::record(model, &facts.id, &job.run_id);
                record.made_of = made.as_ref().ok().map(|(made_of, _)| made_of.clone());
                record.identity = made.as_ref().ok().map(|(_, identity)| identity.clone());
                if waits {
                    job.publishing.hold(&facts.id, Change::View { relation: facts.relation.clone(), record });
                } else {
                    job.warehouse.write_record(&facts.relation, &record).await.map_err(outside)?;
                }
            }
            // A view that waits takes the place of a table when it is published.
            Step::RemoveData if waits => {}
            Step::RemoveData => job.warehouse.remove_data(&facts.relation).await.map_err(outside)?,
        }
    }
    Ok(outcome)
}

/// Looks at the rows on their way into a file: tells how many there are, and takes note of what they are.
fn watch(job: &Job, node: &Node, content: Option<Arc<Content>>) -> table::Watch {
    let (sink, id, rows) = (Arc::clone(&job.sink), node.facts.id.clone(), AtomicU64::new(0));
    Arc::new(move |batch: &RecordBatch| {
        let new = batch.num_rows() as u64;
        let rows = rows.fetch_add(new, Ordering::Relaxed) + new;
        sink.emit(&Event::NodeProgress { id: id.clone(), rows });
        content.as_ref().map_or(Ok::<(), DataFusionError>(()), |it| it.add(batch))
    })
}
