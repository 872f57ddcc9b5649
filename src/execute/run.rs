//! A run: nodes carried out side by side as the schedule allows, everything told through events.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::common::exec_datafusion_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::LogicalPlan;
use futures::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::data_tests::Way;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Severity};
use crate::events::{Event, EventSink, Level, NodeLabel, Outcome};
use crate::execute::asking::{ask_test, ask_unit_test};
use crate::execute::audits::{Audits, Due};
use crate::execute::custom;
use crate::execute::hooks;
use crate::execute::late::Late;
use crate::execute::live;
use crate::execute::making::make;
use crate::execute::publishing::Publishing;
use crate::execute::quarantining::Quarantining;
use crate::execute::reuse::Reuse;
use crate::execute::schedule::{Schedule, needs};
use crate::execute::tables::Tables;
use crate::execute::together::{self, Ended};
use crate::graph::{Graph, Node};
use crate::parse::{HookTime, NodeId, NodeKind};
use crate::plan::{CustomPlan, Live, ProjectPlan, Session, bind, explain_execution};
use crate::reuse::Because;
use crate::warehouse::{StorageError, Warehouse};

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
    /// What need not be made again.
    pub reuse: Reuse,
    /// When what is made is put in place.
    pub publishing: Publishing,
    /// What was moved out of what is made.
    pub quarantining: Quarantining,
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
    /// Why nodes were made anew or asked.
    pub reasons: BTreeMap<NodeId, Because>,
}

impl Summary {
    /// Whether something failed.
    pub fn failed(&self) -> bool {
        let is_bad = |it: &Outcome| !it.is_good() && !matches!(it, Outcome::Skipped { .. });
        self.stopped || self.hook_failed || self.outcomes.iter().any(|(_, it)| is_bad(it))
    }
}

/// Carries a job out.
pub async fn run(job: Job) -> Summary {
    let job = Arc::new(job);
    let tables = Arc::new(Tables::new());
    let live = live::start(&job.late, &tables, &job.run_id);
    let started = Instant::now();
    let mut running = Running::new(&job);
    let mut tasks: JoinSet<Vec<Ended>> = JoinSet::new();
    let mut stop = job.stop.clone();
    let mut stopped = *stop.borrow();
    if let Err(problem) = in_place(|| hooks::of_run(&job.late, &live, HookTime::Start, None)) {
        running.hook_failed(&problem);
        stopped = true;
    }
    loop {
        while !stopped && tasks.len() < job.threads.max(1) {
            let unit = running.schedule.start_next();
            if unit.is_empty() {
                break;
            }
            for id in &unit {
                running.started(id);
            }
            let (job, tables, live) = (Arc::clone(&job), Arc::clone(&tables), Arc::clone(&live));
            let together = running.share_a_scan(&unit);
            tasks.spawn(async move {
                if together {
                    return together::answer(&job, &tables, &live, &unit).await;
                }
                let mut ended = Vec::new();
                for id in unit {
                    let outcome = carry_out(&job, &tables, &live, &id).await;
                    ended.push(Ended { id, outcome, elapsed: None });
                }
                ended
            });
        }
        if tasks.is_empty() {
            break;
        }
        tokio::select! {
            ended = tasks.join_next() => {
                let unit = ended.and_then(Result::ok).unwrap_or_default();
                stopped |= job.fail_fast && unit.iter().any(|it| !it.outcome.is_good());
                running.ended(&tables, unit).await;
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
    running.settle_rest(&tables).await;
    running.summary.reasons = job.reuse.reasons();
    if let Some(passed) = job.reuse.new_passed() {
        // What is not kept is asked again: no reason to fail.
        let _ = job.warehouse.keep_passed(&passed).await;
    }
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
        let word = match outcome {
            _ if outcome.is_reused() => "reused",
            Outcome::Refused { .. } => "held",
            _ => outcome.status(),
        };
        *counts.entry(word).or_default() += 1;
    }
    ["success", "reused", "pass", "warn", "fail", "error", "held", "skipped"]
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
    ways: BTreeMap<NodeId, Way>,
    audits: Audits,
}

impl<'a> Running<'a> {
    fn new(job: &'a Job) -> Running<'a> {
        let chosen = job.chosen.iter().cloned().collect();
        let audits = job.publishing.audits(&job.graph, &job.chosen);
        let mut needs = needs(&job.graph, &chosen, &audits);
        for (id, quarantine) in job.plan.quarantines.iter().filter_map(|(id, it)| Some((id, it.of_run(&chosen)?))) {
            needs.entry(id.clone()).or_default().extend(quarantine.after.intersection(&chosen).cloned());
        }
        let schedule = Schedule::new(job.chosen.clone(), needs);
        let ways = together::ways(&job.graph, &job.plan, job.store_failures, &job.chosen);
        let schedule = schedule.with_groups(together::groups(job, &ways));
        let (numbers, started) = (BTreeMap::new(), BTreeMap::new());
        Running { job, schedule, summary: Summary::default(), numbers, started, ways, audits }
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
            if let Some(way @ Way::Alone(_)) = self.ways.get(id) {
                together::tell(self.job, node, way);
            }
            let total = self.job.chosen.len();
            self.job.sink.emit(&Event::NodeStarted { node: NodeLabel::of(&node.facts), number, total });
        }
    }

    /// Whether a unit of work is of tests that are answered together, be it only one.
    fn share_a_scan(&self, unit: &[NodeId]) -> bool {
        unit.iter().all(|id| self.ways.get(id).is_some_and(|it| !matches!(it, Way::Alone(_))))
    }

    /// Notes what became of nodes, and does what is due with that.
    async fn ended(&mut self, tables: &Tables, unit: Vec<Ended>) {
        let ended: Vec<(NodeId, bool)> = unit.iter().map(|it| (it.id.clone(), it.outcome.is_good())).collect();
        for Ended { id, outcome, elapsed } in unit {
            self.tell(&id, outcome, elapsed);
        }
        for (id, is_good) in ended {
            // What others read must be in its place before they start.
            let due = self.audits.ended(&id, is_good);
            let because = match self.settle(tables, due).await {
                Err(unpublished) => unpublished,
                Ok(()) if is_good => {
                    self.schedule.succeed(&id);
                    continue;
                }
                Ok(()) => id.clone(),
            };
            for skipped in self.schedule.fail(&id) {
                self.tell(&skipped, Outcome::Skipped { because: because.clone() }, None);
                let due = self.audits.ended(&skipped, false);
                // What is laid aside can't fail to be published.
                let _ = self.settle(tables, due).await;
            }
        }
    }

    /// Puts in place what has passed its audits, and lays aside what has not. The error is the node that could not be put
    /// in place.
    async fn settle(&mut self, tables: &Tables, due: Option<Due>) -> std::result::Result<(), NodeId> {
        let Job { publishing, warehouse, .. } = self.job;
        match due {
            Some(Due::Publish(id)) => match publishing.publish(warehouse, &id).await {
                Ok(relations) => relations.iter().for_each(|it| tables.published(it)),
                Err(error) => {
                    self.not_published(&id, &error);
                    return Err(id);
                }
            },
            Some(Due::Refuse(id, because)) => {
                let was_held = publishing.refuse(warehouse, &id).await;
                was_held.then(|| self.tell_again(&id, Outcome::Refused { because }));
            }
            None => {}
        }
        Ok(())
    }

    /// At the end: puts in place what was to be put in place together, if nothing has failed; lays aside all else.
    async fn settle_rest(&mut self, tables: &Tables) {
        let Job { publishing, warehouse, .. } = self.job;
        let is_bad = |it: &(NodeId, Outcome)| !it.1.is_good();
        let Some(because) = self.summary.outcomes.iter().find(|it| is_bad(it)).map(|it| it.0.clone()) else {
            let waiting = publishing.waiting();
            match publishing.publish_all(warehouse).await {
                Ok(relations) => relations.iter().for_each(|it| tables.published(it)),
                Err(error) => waiting.iter().for_each(|id| self.not_published(id, &error)),
            }
            return;
        };
        for id in publishing.waiting() {
            publishing.refuse(warehouse, &id).await;
            self.tell_again(&id, Outcome::Refused { because: because.clone() });
        }
    }

    fn not_published(&mut self, id: &NodeId, error: &StorageError) {
        let Some(node) = self.job.graph.get(id) else { return };
        let problem = explain_execution(&exec_datafusion_err!("{error}"), &node.facts.display(), &node.facts.span);
        self.tell_again(id, Outcome::Errored(Box::new(problem)));
    }

    /// Corrects what was said of a node.
    fn tell_again(&mut self, id: &NodeId, outcome: Outcome) {
        self.summary.outcomes.retain(|(told, _)| told != id);
        self.tell(id, outcome, Some(Duration::ZERO));
    }

    fn cancel_rest(&mut self) {
        let unfinished: Vec<NodeId> = self.started.keys().cloned().collect();
        let told: std::collections::BTreeSet<NodeId> = self.summary.outcomes.iter().map(|(id, _)| id.clone()).collect();
        for id in unfinished.into_iter().chain(self.schedule.cancel()) {
            if !told.contains(&id) {
                self.tell(&id, Outcome::Cancelled, None);
            }
        }
    }

    fn tell(&mut self, id: &NodeId, outcome: Outcome, elapsed: Option<Duration>) {
        let number = self.number(id);
        let elapsed = elapsed.or_else(|| self.started.get(id).map(Instant::elapsed)).unwrap_or_default();
        if let Some(node) = self.job.graph.get(id) {
            let (node, total) = (NodeLabel::of(&node.facts), self.job.chosen.len());
            self.job.sink.emit(&Event::NodeFinished { node, number, total, outcome: outcome.clone(), elapsed });
        }
        self.summary.outcomes.push((id.clone(), outcome));
    }
}

pub(super) async fn carry_out(job: &Job, tables: &Tables, live: &Arc<dyn Live>, id: &NodeId) -> Outcome {
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
    if let Some(fault) = job.plan.faults.of(id) {
        return Ok(Outcome::Errored(Box::new(fault.clone())));
    }
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

pub(super) fn bound(plan: &LogicalPlan, tables: &Tables) -> Result<LogicalPlan> {
    bind(plan.clone(), &|relation, schema| tables.open(relation, schema))
}

/// Work that waits for the engine, on a thread of the runtime that others take over meanwhile.
pub(super) fn in_place<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

pub(super) fn outside(error: crate::warehouse::StorageError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
