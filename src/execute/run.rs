//! A run: nodes carried out side by side as the schedule allows, everything told through events.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use datafusion::common::exec_datafusion_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::LogicalPlan;
use futures::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::data_tests::{Verdict, verdict};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Severity, Span};
use crate::events::{Event, EventSink, Failures, Level, NodeLabel, Outcome};
use crate::execute::custom;
use crate::execute::hooks::{self, When};
use crate::execute::late::Late;
use crate::execute::live;
use crate::execute::schedule::{Schedule, needs};
use crate::execute::steps::{ask, export, table, unit, verify, view};
use crate::execute::tables::Tables;
use crate::graph::{Graph, Node};
use crate::materialize::{self, Export, Step};
use crate::parse::{HookTime, NodeId, NodeKind};
use crate::plan::{
    CustomPlan, Live, ModelPlan, ProjectPlan, Session, SortColumn, TestPlan, UnitTestPlan, bind, explain_execution,
};
use crate::warehouse::{Staged, Warehouse};

/// Everything that a run needs.
pub struct Job {
    /// The graph.
    pub graph: Arc<Graph>,
    /// The plans of everything chosen, but for what is planned late.
    pub plan: Arc<ProjectPlan>,
    /// Plans the rest.
    pub late: Arc<Late>,
    /// What to carry out, in the graph's order.
    pub chosen: Vec<NodeId>,
    /// The engine.
    pub session: Session,
    /// Where relations go.
    pub warehouse: Warehouse,
    /// Who listens.
    pub sink: Arc<dyn EventSink>,
    /// Nodes side by side.
    pub threads: usize,
    /// Whether the first failure ends the run.
    pub fail_fast: bool,
    /// Whether tests keep their failing rows, unless they say otherwise.
    pub store_failures: bool,
    /// Identity of the run.
    pub run_id: String,
    /// Becomes true when the user wants to stop.
    pub stop: watch::Receiver<bool>,
}

/// How a run went.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// What became of each node, in order of ending.
    pub outcomes: Vec<(NodeId, Outcome)>,
    /// Whether the user stopped it.
    pub stopped: bool,
    /// Whether a hook of the run failed.
    pub hook_failed: bool,
}

impl Summary {
    /// Whether something failed.
    pub fn failed(&self) -> bool {
        let is_bad = |it: &Outcome| matches!(it, Outcome::Failed(_) | Outcome::Errored(_) | Outcome::Cancelled);
        self.stopped || self.hook_failed || self.outcomes.iter().any(|(_, it)| is_bad(it))
    }
}

/// Carries a job out.
pub async fn run(job: Job) -> Summary {
    let job = Arc::new(job);
    let tables = Arc::new(Tables::new(job.warehouse.clone()));
    let live = live::start(&job.late, &tables, &job.run_id);
    let started = Instant::now();
    let mut running = Running::new(&job);
    let mut tasks: JoinSet<(NodeId, Outcome)> = JoinSet::new();
    let mut stop = job.stop.clone();
    let mut stopped = *stop.borrow();
    if let Err(problem) = in_place(|| hooks::of_run(&job.late, &live, HookTime::Start, None)) {
        running.hook_failed(&problem);
        stopped = true;
    }
    loop {
        while !stopped && tasks.len() < job.threads.max(1) {
            let Some(id) = running.schedule.start_next() else { break };
            running.started(&id);
            let (job, tables, live) = (Arc::clone(&job), Arc::clone(&tables), Arc::clone(&live));
            tasks.spawn(async move {
                let outcome = carry_out(&job, &tables, &live, &id).await;
                (id, outcome)
            });
        }
        if tasks.is_empty() {
            break;
        }
        tokio::select! {
            ended = tasks.join_next() => {
                if let Some(Ok((id, outcome))) = ended {
                    let ends_run = job.fail_fast && !outcome.is_good();
                    running.ended(&id, outcome);
                    stopped |= ends_run;
                }
            }
            changed = stop.changed(), if !stopped => {
                // A closed channel can't ask for anything any more.
                stopped = changed.is_ok() && *stop.borrow();
                if stopped {
                    tasks.abort_all();
                    while tasks.join_next().await.is_some() {}
                }
            }
        }
    }
    let asked_to_stop = *job.stop.borrow();
    running.cancel_rest();
    let ending = in_place(|| hooks::of_run(&job.late, &live, HookTime::End, Some(&running.summary)));
    if let Err(problem) = ending {
        running.hook_failed(&problem);
    }
    job.sink.emit(&Event::RunFinished { counts: counts(&running.summary), elapsed: started.elapsed() });
    running.summary.stopped = asked_to_stop;
    running.summary
}

/// How often each status occurred.
fn counts(summary: &Summary) -> Vec<(&'static str, usize)> {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for (_, outcome) in &summary.outcomes {
        *counts.entry(outcome.status()).or_default() += 1;
    }
    ["success", "pass", "warn", "fail", "error", "skipped"]
        .into_iter()
        .filter_map(|status| counts.get(status).map(|count| (status, *count)))
        .collect()
}

/// The bookkeeping of a run.
struct Running<'a> {
    job: &'a Job,
    schedule: Schedule,
    summary: Summary,
    numbers: BTreeMap<NodeId, usize>,
    started: BTreeMap<NodeId, Instant>,
}

impl<'a> Running<'a> {
    fn new(job: &'a Job) -> Running<'a> {
        let chosen = job.chosen.iter().cloned().collect();
        let schedule = Schedule::new(job.chosen.clone(), needs(&job.graph, &chosen));
        Running { job, schedule, summary: Summary::default(), numbers: BTreeMap::new(), started: BTreeMap::new() }
    }

    fn hook_failed(&mut self, problem: &Diagnostic) {
        self.summary.hook_failed = true;
        self.job.sink.emit(&Event::Message { level: Level::Error, text: problem.one_line() });
    }

    fn number(&mut self, id: &NodeId) -> usize {
        let next = self.numbers.len() + 1;
        *self.numbers.entry(id.clone()).or_insert(next)
    }

    fn started(&mut self, id: &NodeId) {
        self.started.insert(id.clone(), Instant::now());
        let number = self.number(id);
        if let Some(node) = self.job.graph.get(id) {
            let total = self.job.chosen.len();
            self.job.sink.emit(&Event::NodeStarted { node: NodeLabel::of(&node.facts), number, total });
        }
    }

    fn ended(&mut self, id: &NodeId, outcome: Outcome) {
        let good = outcome.is_good();
        self.tell(id, outcome);
        if good {
            self.schedule.succeed(id);
            return;
        }
        for skipped in self.schedule.fail(id) {
            self.tell(&skipped, Outcome::Skipped { because: id.clone() });
        }
    }

    fn cancel_rest(&mut self) {
        let unfinished: Vec<NodeId> = self.started.keys().cloned().collect();
        let told: std::collections::BTreeSet<NodeId> = self.summary.outcomes.iter().map(|(id, _)| id.clone()).collect();
        for id in unfinished.into_iter().chain(self.schedule.cancel()) {
            if !told.contains(&id) {
                self.tell(&id, Outcome::Cancelled);
            }
        }
    }

    fn tell(&mut self, id: &NodeId, outcome: Outcome) {
        let number = self.number(id);
        let elapsed = self.started.get(id).map(Instant::elapsed).unwrap_or_default();
        if let Some(node) = self.job.graph.get(id) {
            let (node, total) = (NodeLabel::of(&node.facts), self.job.chosen.len());
            self.job.sink.emit(&Event::NodeFinished { node, number, total, outcome: outcome.clone(), elapsed });
        }
        self.summary.outcomes.push((id.clone(), outcome));
    }
}

async fn carry_out(job: &Job, tables: &Tables, live: &Arc<dyn Live>, id: &NodeId) -> Outcome {
    let Some(node) = job.graph.get(id) else { return Outcome::Cancelled };
    // No input may take the process down: a panic in a library becomes this node's error.
    let work = std::panic::AssertUnwindSafe(carry_out_node(job, tables, live, node));
    match work.catch_unwind().await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => {
            let problem = explain_execution(&error, &node.facts.display(), &node.facts.span);
            Outcome::Errored(Box::new(problem))
        }
        Err(_) => {
            let error = exec_datafusion_err!("the engine failed in a way that it should not; please report this query");
            Outcome::Errored(Box::new(explain_execution(&error, &node.facts.display(), &node.facts.span)))
        }
    }
}

async fn carry_out_node(job: &Job, tables: &Tables, live: &Arc<dyn Live>, node: &Node) -> Result<Outcome> {
    let id = &node.facts.id;
    if let Some(plan) = job.late.custom(id) {
        return Ok(make_custom(job, live, node, &plan));
    }
    match &node.facts.kind {
        NodeKind::Model | NodeKind::Seed | NodeKind::Snapshot(_) => match job.plan.models.get(id) {
            Some(model) => make(job, tables, live, node, model).await,
            None => match in_place(|| job.late.model(node, live)) {
                Ok(model) => make(job, tables, live, node, &model).await,
                Err(found) => match job.late.custom(id) {
                    Some(plan) => Ok(make_custom(job, live, node, &plan)),
                    None => Ok(wrong(node, found)),
                },
            },
        },
        NodeKind::UnitTest(_) => match job.plan.unit_tests.get(id) {
            Some(test) => ask_unit_test(job, tables, test).await,
            None => match in_place(|| job.late.unit_test(node, live)) {
                Ok(test) => ask_unit_test(job, tables, &test).await,
                Err(found) => Ok(wrong(node, found)),
            },
        },
        NodeKind::Test(_) => match job.plan.tests.get(id) {
            Some(test) => ask_test(job, tables, node, test).await,
            None => match in_place(|| job.late.test(node, live)) {
                Ok(test) => ask_test(job, tables, node, &test).await,
                Err(found) => Ok(wrong(node, found)),
            },
        },
        _ => Ok(Outcome::Built { rows: None, bytes: None }),
    }
}

/// The first of what is wrong with a node; it was planned while the run was under way.
fn wrong(node: &Node, found: Diagnostics) -> Outcome {
    let first = found.sorted().into_iter().find(|it| it.severity == Severity::Error);
    let unplanned = || Diagnostic::error(Code::InvalidQuery, format!("{} was not planned", node.facts.display()));
    Outcome::Errored(Box::new(first.unwrap_or_else(unplanned)))
}

fn make_custom(job: &Job, live: &Arc<dyn Live>, node: &Node, plan: &CustomPlan) -> Outcome {
    match in_place(|| custom::make(&job.late, live, node, plan)) {
        Ok(lines) => {
            for line in lines {
                let level = if line.visible { Level::Info } else { Level::Debug };
                job.sink.emit(&Event::Message { level, text: line.text });
            }
            Outcome::Built { rows: None, bytes: None }
        }
        Err(problem) => Outcome::Errored(Box::new(problem)),
    }
}

fn bound(plan: &LogicalPlan, tables: &Tables) -> Result<LogicalPlan> {
    bind(plan.clone(), &|relation, schema| tables.open(relation, schema))
}

/// Work that waits for the engine, on a thread of the runtime that others take over meanwhile.
pub(super) fn in_place<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

async fn make(job: &Job, tables: &Tables, live: &Arc<dyn Live>, node: &Node, model: &ModelPlan) -> Result<Outcome> {
    if let Err(problem) = in_place(|| hooks::of_node(&job.late, live, node, When::Before)) {
        return Ok(Outcome::Errored(Box::new(problem)));
    }
    let outcome = make_relation(job, tables, node, model).await?;
    if !outcome.is_good() {
        return Ok(outcome);
    }
    match in_place(|| hooks::of_node(&job.late, live, node, When::After)) {
        Ok(()) => Ok(outcome),
        Err(problem) => Ok(Outcome::Errored(Box::new(problem))),
    }
}

async fn make_relation(job: &Job, tables: &Tables, node: &Node, model: &ModelPlan) -> Result<Outcome> {
    let staged = job.warehouse.stage(&node.facts.relation);
    let outcome = perform(job, tables, node, model, &staged).await;
    if outcome.is_err() {
        job.warehouse.discard(&staged).await;
    }
    outcome
}

async fn perform(job: &Job, tables: &Tables, node: &Node, model: &ModelPlan, staged: &Staged) -> Result<Outcome> {
    let facts = &node.facts;
    let (existing, _) = job.warehouse.existing(&facts.relation).await;
    let decision = materialize::decide(facts.materialized(), existing);
    let decision =
        decision.ok_or_else(|| exec_datafusion_err!("unknown materialization `{}`", facts.materialized()))?;
    let mut outcome = Outcome::Built { rows: None, bytes: None };
    let mut written = None;
    for step in decision.steps {
        match step {
            Step::Stage => {
                let plan = bound(&model.plan, tables)?;
                let (sink, id) = (Arc::clone(&job.sink), facts.id.clone());
                let progress = Arc::new(move |rows| sink.emit(&Event::NodeProgress { id: id.clone(), rows }));
                written = Some(table::write(&job.session, &plan, staged, &job.run_id, progress).await?);
            }
            Step::Publish => {
                let Some(table::Written { rows, order }) = written.take() else { continue };
                if let Some(constraints) = job.late.constraints(&facts.id)
                    && let Some((words, place)) = verify::broken(&job.session, &constraints, staged).await?
                {
                    job.warehouse.discard(staged).await;
                    return Ok(Outcome::Errored(Box::new(broken_constraint(node, &words, place))));
                }
                let sorted_by = order.iter().map(SortColumn::display).collect();
                let record = view::table_record(&model.schema, rows, sorted_by, &facts.id, &job.run_id);
                let published = job.warehouse.publish(staged, record).await.map_err(outside)?;
                tables.made(&facts.relation, order);
                outcome = Outcome::Built { rows: Some(rows), bytes: Some(published.bytes) };
            }
            Step::RecordView => {
                let record = view::record(model, &facts.id, &job.run_id);
                job.warehouse.write_record(&facts.relation, &record).await.map_err(outside)?;
            }
            Step::RemoveData => job.warehouse.remove_data(&facts.relation).await.map_err(outside)?,
            Step::Export => match Export::read(facts, &job.late.project.invocation.target) {
                Ok(export) => {
                    let made = tables.open(&facts.relation, Arc::clone(&model.schema))?;
                    let store = &job.warehouse.location().store;
                    export::write(&job.session, made, &export, &job.late.folder, store).await?;
                }
                Err(problem) => return Ok(Outcome::Errored(Box::new(problem))),
            },
        }
    }
    Ok(outcome)
}

fn broken_constraint(node: &Node, words: &str, place: Span) -> Diagnostic {
    Diagnostic::error(Code::BrokenContract, format!("{}: {words}", node.facts.display()))
        .at(place)
        .help("the table is as it was; change the query, or the constraints of the contract")
}

fn outside(error: crate::warehouse::StorageError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

async fn ask_test(job: &Job, tables: &Tables, node: &Node, test: &TestPlan) -> Result<Outcome> {
    let facts = &node.facts;
    let count = ask::count(&job.session, &bound(&test.count, tables)?).await?;
    let verdict = match verdict(count, &facts.config, &facts.span) {
        Ok(verdict) => verdict,
        Err(problem) => return Ok(Outcome::Errored(Box::new(problem))),
    };
    let keeps = facts.config.flag("store_failures").unwrap_or(job.store_failures);
    let stored = if keeps { Some(store(job, tables, node, test).await?) } else { None };
    if verdict == Verdict::Pass {
        return Ok(Outcome::Passed);
    }
    let sample = ask::sample(&job.session, &bound(&test.rows.plan, tables)?).await?;
    let failures = Failures { count, sample, query: test.sql.clone(), stored };
    Ok(if verdict == Verdict::Warn { Outcome::Warned(failures) } else { Outcome::Failed(failures) })
}

async fn ask_unit_test(job: &Job, tables: &Tables, test: &UnitTestPlan) -> Result<Outcome> {
    let (actual, expected) = (bound(&test.actual, tables)?, bound(&test.expected, tables)?);
    let compared = unit::compare(&job.session, &actual, &expected).await?;
    if compared.different == 0 {
        return Ok(Outcome::Passed);
    }
    let count = i64::try_from(compared.different).unwrap_or(i64::MAX);
    Ok(Outcome::Failed(Failures { count, sample: compared.drawn, query: test.sql.clone(), stored: None }))
}

/// Keeps all failing rows as a table; an empty one when there are none, as dbt does.
async fn store(job: &Job, tables: &Tables, node: &Node, test: &TestPlan) -> Result<crate::jinja::RelationName> {
    let relation = node.facts.relation.clone();
    let staged = job.warehouse.stage(&relation);
    let plan = bound(&test.rows.plan, tables)?;
    let written = table::write(&job.session, &plan, &staged, &job.run_id, Arc::new(|_| {})).await?;
    let record = view::table_record(&test.rows.schema, written.rows, Vec::new(), &node.facts.id, &job.run_id);
    job.warehouse.publish(&staged, record).await.map_err(outside)?;
    Ok(relation)
}
