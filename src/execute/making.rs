//! Making the relation of a model, seed or snapshot: its hooks, the decision, and the steps that it takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use chrono::DateTime;
use datafusion::common::exec_datafusion_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::LogicalPlan;

use crate::diagnostics::{Code, Diagnostic, Span};
use crate::events::{Event, Outcome};
use crate::execute::content::Content;
use crate::execute::growing::{self, Growing};
use crate::execute::hooks::{self, When};
use crate::execute::publishing;
use crate::execute::quarantining::{self, Incoming, Moved};
use crate::execute::reuse::Made;
use crate::execute::run::{Job, bound, in_place, outside};
use crate::execute::steps::{export, parts, table, verify, view};
use crate::execute::tables::{Tables, Version};
use crate::graph::Node;
use crate::materialize::{self, Export, Step};
use crate::plan::{Live, ModelPlan, Quarantine, SortColumn, SortOrder};
use crate::reuse::{Because, Digest, Identity};
use crate::warehouse::{Change, DeltaFiles, Record, Staged, delta_columns};

/// Tables whose rows are written to a file of the user's too.
const EXTERNAL: &str = "external";

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
    let outcome = perform(job, tables, live, node, model, &staged).await;
    if outcome.is_err() {
        job.warehouse.discard(&staged).await;
    }
    let outcome = outcome?;
    if !outcome.is_good() {
        return Ok(outcome);
    }
    match in_place(|| hooks::of_node(&job.late, live, node, When::After)) {
        Ok(()) => Ok(outcome),
        Err(problem) => Ok(Outcome::Errored(Box::new(problem))),
    }
}

/// What a relation would be made of. Nobody knows what hooks do, and they are there to be run.
fn made_of(job: &Job, tables: &Tables, node: &Node, plan: &LogicalPlan, moved: Option<&LogicalPlan>) -> Made {
    if node.facts.has_hooks() {
        return Err(Because::Untold("it has hooks".to_owned()));
    }
    if node.facts.materialized() == EXTERNAL {
        return Err(Because::Untold("its file is not the warehouse's own".to_owned()));
    }
    let mut config = node.facts.materialized().to_owned();
    if node.facts.is_delta() {
        config.push_str(" delta");
    }
    // A table that does not hold to what its contract says now is not the table that would be made.
    for (words, _) in job.late.constraints(&node.facts.id).iter().flat_map(|it| &it.words) {
        config.push('\n');
        config.push_str(words);
    }
    if let Some(moved) = moved {
        let (moved, _) = job.reuse.made_of(moved, "quarantine", tables, &job.plan.opened)?;
        config.push_str(&format!("\nquarantine {}", moved.result));
    }
    job.reuse.made_of(plan, &config, tables, &job.plan.opened)
}

/// One relation, on its way.
struct Making<'a> {
    job: &'a Job,
    tables: &'a Tables,
    live: &'a Arc<dyn Live>,
    node: &'a Node,
    model: &'a ModelPlan,
    staged: &'a Staged,
    /// What is there, where it can be trusted.
    record: Option<Record>,
    quarantine: Option<Quarantine>,
}

/// The rows that were written, and not yet put in place.
enum Data {
    /// One file.
    File(table::Written),
    /// The files of a Delta table.
    Files(growing::Files),
}

/// What is known of them.
struct Written {
    data: Data,
    /// What they are, where only they can tell.
    content: Option<Digest>,
    /// What they are made of.
    made: Made,
    /// The table of the rows that were moved out of them.
    beside: Option<Change>,
}

async fn perform(
    job: &Job,
    tables: &Tables,
    live: &Arc<dyn Live>,
    node: &Node,
    model: &ModelPlan,
    staged: &Staged,
) -> Result<Outcome> {
    let facts = &node.facts;
    let (existing, record) = job.warehouse.existing(&facts.relation).await;
    let quarantine =
        job.plan.quarantines.get(&facts.id).and_then(|it| it.of_run(&job.chosen.iter().cloned().collect()));
    // What stays of the rows is a query too.
    let clean = quarantine.as_ref().map(|it| it.clean(&model.plan)).transpose()?;
    // So are the rows that go, and what is said of them: two columns of the same values fail for reasons of two names.
    let moved = quarantine.as_ref().map(|it| it.moved(&model.plan, "", DateTime::UNIX_EPOCH)).transpose()?;
    let made = made_of(job, tables, node, clean.as_ref().unwrap_or(&model.plan), moved.as_ref());
    // The rows that were moved belong to the table.
    let is_whole = match &quarantine {
        Some(quarantine) => quarantining::is_whole(job, quarantine).await,
        None => true,
    };
    let asked = if is_whole { made.clone() } else { Err(Because::Touched) };
    if job.reuse.is_fresh(node, &job.warehouse, (existing, record.as_ref()), &asked).await
        && let Some(record) = record
    {
        let order = record.sorted_by.iter().map(|it| SortColumn::parse(it)).collect();
        let files = job.warehouse.data_files(&facts.relation, &record);
        tables.made(&facts.relation, Version { order, identity: record.identity, in_place: files.clone(), files });
        return Ok(Outcome::Reused { rows: record.rows, bytes: record.bytes });
    }
    let decision = materialize::decide(facts.materialized(), existing);
    let decision =
        decision.ok_or_else(|| exec_datafusion_err!("unknown materialization `{}`", facts.materialized()))?;
    let making = Making { job, tables, live, node, model, staged, record, quarantine };
    let mut outcome = Outcome::Built { rows: None, bytes: None };
    let mut written = None;
    for step in decision.steps {
        match step {
            Step::Stage => match making.stage(&made).await? {
                Ok(rows) => written = Some(rows),
                Err(problem) => return Ok(Outcome::Errored(Box::new(problem))),
            },
            Step::Publish => {
                let Some(written) = written.take() else { continue };
                outcome = making.publish(written).await?;
                if !outcome.is_good() {
                    return Ok(outcome);
                }
            }
            Step::RecordView => making.record_view(&made).await?,
            Step::Export => match Export::read(facts, &job.late.project.invocation.target) {
                Ok(export) => {
                    let made = tables.open(&facts.relation, Arc::clone(&model.schema))?;
                    let store = &job.warehouse.location().store;
                    export::write(&job.session, made, &export, &job.late.folder, store).await?;
                }
                Err(problem) => return Ok(Outcome::Errored(Box::new(problem))),
            },
            // A view that waits takes the place of a table when it is published.
            Step::RemoveData if making.waits() => {}
            Step::RemoveData => job.warehouse.remove_data(&facts.relation).await.map_err(outside)?,
        }
    }
    Ok(outcome)
}

impl Making<'_> {
    /// Whether it is put in place later. Hooks after a node see it under its name, and what is written elsewhere can't be
    /// taken back.
    fn waits(&self) -> bool {
        let facts = &self.node.facts;
        let is_seen_at_once = facts.has_hooks() || facts.materialized() == EXTERNAL;
        self.job.publishing.holds(&facts.id) && !is_seen_at_once
    }

    /// Whether it is added to. What such a table is depends on what it was: only its content can tell.
    fn grows(&self) -> bool {
        matches!(self.node.facts.materialized(), "incremental" | "snapshot")
    }

    /// Writes the rows where nobody reads them; the problem is one that the user has to mend.
    async fn stage(&self, made: &Made) -> Result<std::result::Result<Written, Diagnostic>> {
        let made_of = made.as_ref().map(|it| it.0.result.to_string()).unwrap_or_default();
        let metadata =
            vec![("arrowmill.run_id".to_owned(), self.job.run_id.clone()), ("arrowmill.made_of".to_owned(), made_of)];
        match self.node.facts.is_delta() {
            true => self.stage_files(made, metadata).await,
            false => self.stage_file(made, metadata).await.map(Ok),
        }
    }

    async fn stage_files(
        &self,
        made: &Made,
        metadata: Vec<(String, String)>,
    ) -> Result<std::result::Result<Written, Diagnostic>> {
        let Making { job, tables, live, node, model, .. } = self;
        let writing = parts::WritingParts {
            session: &job.session,
            warehouse: &job.warehouse,
            relation: &node.facts.relation,
            label: job.run_id.clone(),
            metadata,
            watch: watch(job, node, None),
        };
        let growing = Growing { node, model, there: growing::there(job, node, self.record.as_ref()) };
        let files = growing::stage(job, tables, live, &growing, &writing).await?;
        Ok(files.map(|files| {
            let content = self.grows().then(|| files.digest());
            Written { data: Data::Files(files), content, made: made.clone(), beside: None }
        }))
    }

    async fn stage_file(&self, made: &Made, metadata: Vec<(String, String)>) -> Result<Written> {
        let Making { job, tables, node, model, staged, .. } = self;
        let content = || self.grows().then(|| Arc::new(Content::default()));
        let digest = |content: Option<Arc<Content>>| content.map(|it| it.digest());
        let all = content();
        let watch = watch(job, node, all.clone());
        let writing = table::Writing { session: &job.session, staged, metadata: metadata.clone(), watch };
        let incoming = table::write(&bound(&model.plan, tables)?, &writing).await?;
        let Some(quarantine) = &self.quarantine else {
            let data = Data::File(incoming);
            return Ok(Written { data, content: digest(all), made: made.clone(), beside: None });
        };
        let of_clean = content();
        let watch = watch_again(of_clean.clone());
        let incoming = Incoming { node, model, staged, written: incoming, metadata, watch };
        Ok(match quarantining::move_rows(job, tables, quarantine, incoming).await? {
            Moved::Clean { written, rewritten, change } => {
                let content = digest(if rewritten { of_clean } else { all });
                Written { data: Data::File(written), content, made: made.clone(), beside: change.map(|it| *it) }
            }
            Moved::TooMany(as_it_was) => {
                let made = Err(Because::Untold("too many rows were to be moved to quarantine".to_owned()));
                Written { data: Data::File(as_it_was), content: digest(all), made, beside: None }
            }
        })
    }

    /// Puts in place what was written, or has it wait for that; unless it breaks a constraint.
    async fn publish(&self, written: Written) -> Result<Outcome> {
        let Making { job, tables, node, model, staged, .. } = self;
        let (facts, Written { data, content, made, beside }) = (&node.facts, written);
        let files = match &data {
            Data::File(_) => vec![staged.path.clone()],
            Data::Files(files) => growing::paths(job, node, files),
        };
        if let Some(constraints) = job.late.constraints(&facts.id)
            && let Some((words, place)) = verify::broken(&job.session, &constraints, &files).await?
        {
            job.warehouse.discard(staged).await;
            return Ok(Outcome::Errored(Box::new(broken_constraint(node, &words, place))));
        }
        let (rows, order) = match &data {
            Data::File(written) => (written.rows, written.order.clone()),
            Data::Files(files) => (files.rows(), SortOrder::new()),
        };
        let sorted_by = order.iter().map(SortColumn::display).collect();
        let mut record = view::table_record(&model.schema, rows, sorted_by, &facts.id, &job.run_id);
        let columns = record.columns.iter().map(|it| (it.name.as_str(), it.data_type.clone()));
        record.identity = match content {
            Some(content) => Some(Identity::of_whole(&content, columns)),
            None => made.as_ref().ok().map(|(_, identity)| identity.clone()),
        };
        record.made_of = made.ok().map(|(made_of, _)| made_of);
        record.keep_versions = facts.keep_versions();
        let change = match data {
            Data::File(_) => {
                let record = job.warehouse.complete(staged, record).await.map_err(outside)?;
                publishing::table((*staged).clone(), record)
            }
            Data::Files(growing::Files { staged, all }) => {
                let columns = delta_columns(&facts.relation, &model.schema);
                let columns = columns.map_err(|error| DataFusionError::External(Box::new(error)))?;
                record.delta = Some(DeltaFiles { columns, files: all });
                let record = job.warehouse.complete_files(&facts.relation, record).await;
                Change::Files { relation: facts.relation.clone(), staged, record }
            }
        };
        let (bytes, identity) = (change.record().bytes, change.record().identity.clone());
        let in_place = job.warehouse.data_files(&facts.relation, change.record());
        let files = if self.waits() { files } else { in_place.clone() };
        self.put(std::iter::once(change).chain(beside).collect()).await?;
        tables.made(&facts.relation, Version { order, identity, files, in_place });
        Ok(Outcome::Built { rows: Some(rows), bytes: Some(bytes.unwrap_or_default()) })
    }

    async fn record_view(&self, made: &Made) -> Result<()> {
        let (facts, mut record) = (&self.node.facts, view::record(self.model, &self.node.facts.id, &self.job.run_id));
        record.made_of = made.as_ref().ok().map(|(made_of, _)| made_of.clone());
        record.identity = made.as_ref().ok().map(|(_, identity)| identity.clone());
        record.keep_versions = facts.keep_versions();
        if self.waits() {
            return self.put(vec![Change::View { relation: facts.relation.clone(), record }]).await;
        }
        self.job.warehouse.publish_view(&facts.relation, &record).await.map_err(outside)
    }

    /// Puts changes in place that belong together, now or later.
    async fn put(&self, changes: Vec<Change>) -> Result<()> {
        let Job { publishing, warehouse, .. } = self.job;
        if self.waits() {
            publishing.hold(&self.node.facts.id, changes);
            return Ok(());
        }
        publishing.put_in_place(warehouse, &changes).await.map_err(outside)
    }
}

fn broken_constraint(node: &Node, words: &str, place: Span) -> Diagnostic {
    Diagnostic::error(Code::BrokenContract, format!("{}: {words}", node.facts.display()))
        .at(place)
        .help("the table is as it was; change the query, or the constraints of the contract")
}

/// Takes note of what the rows are that stay. How many came was told before.
fn watch_again(content: Option<Arc<Content>>) -> table::Watch {
    Arc::new(move |batch: &RecordBatch| content.as_ref().map_or(Ok::<(), DataFusionError>(()), |it| it.add(batch)))
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
