//! Tests of one relation that are due at the same time, answered together as far as that goes: what needs no asking is
//! not asked, one scan answers the rest, and only tests that fail have queries of their own, for the rows to show.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use datafusion::common::exec_datafusion_err;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use futures::{FutureExt, StreamExt};

use crate::data_tests::{Alone, Verdict, Way, verdict};
use crate::events::{Event, Failures, Level, Outcome};
use crate::execute::asking::made_of_test;
use crate::execute::reuse::Made;
use crate::execute::run::{Job, bound, carry_out};
use crate::execute::steps::ask;
use crate::execute::steps::rows::fetch;
use crate::execute::tables::Tables;
use crate::graph::{Graph, Node};
use crate::operators::KnownKeys;
use crate::parse::{NodeId, NodeKind};
use crate::plan::{self, Asked, Files, Live, ProjectPlan, TestPlan, Wanted, shared_scan};

/// Bytes that the keys of one other relation may take; with more of them, a join is the better way.
const MOST_BYTES_OF_KEYS: usize = 256 << 20;

/// What became of a node.
pub(super) struct Ended {
    pub(super) id: NodeId,
    pub(super) outcome: Outcome,
    /// How long it took, where that is not the time since it started.
    pub(super) elapsed: Option<Duration>,
}

/// A test, and what is known of it so far.
struct Member<'a> {
    node: &'a Node,
    test: &'a TestPlan,
    way: Way,
    /// What the shared scan has found.
    found: Option<i64>,
    /// What its answer is made of.
    made: Made,
    /// Whether the relation comes sorted by what the test asks about.
    sorted: bool,
}

/// How each of some tests is to be answered, as far as plans tell. Some of those that share a scan turn out to need none,
/// once the relation's file is there.
pub fn ways(graph: &Graph, plan: &ProjectPlan, store_failures: bool, chosen: &[NodeId]) -> BTreeMap<NodeId, Way> {
    let of_relation = plan::groups(&plan.tests);
    let way = |id: &NodeId| {
        let facts = &graph.get(id)?.facts;
        if !matches!(facts.kind, NodeKind::Test(_)) {
            return None;
        }
        let Some(test) = plan.tests.get(id).filter(|_| plan.faults.of(id).is_none()) else {
            return Some(Way::Alone(Alone::Late));
        };
        if facts.config.flag("store_failures").unwrap_or(store_failures) {
            return Some(Way::Alone(Alone::KeepsFailures));
        }
        Some(match (&test.question, &test.proof) {
            (_, Some(proof)) => Way::Proved(proof.clone()),
            (Ok(_), None) => Way::SharedScan { tests: 1 },
            (Err(because), None) => Way::Alone(*because),
        })
    };
    let mut ways: BTreeMap<NodeId, Way> = chosen.iter().filter_map(|id| Some((id.clone(), way(id)?))).collect();
    let mut sharing: BTreeMap<usize, usize> = BTreeMap::new();
    for (id, way) in &ways {
        if let (Way::SharedScan { .. }, Some(relation)) = (way, of_relation.get(id)) {
            *sharing.entry(*relation).or_default() += 1;
        }
    }
    for (id, way) in &mut ways {
        if let (Way::SharedScan { tests }, Some(relation)) = (way, of_relation.get(id)) {
            *tests = sharing.get(relation).copied().unwrap_or(1);
        }
    }
    ways
}

/// Tests that can be answered together, each relation's with a number.
pub(super) fn groups(job: &Job, ways: &BTreeMap<NodeId, Way>) -> BTreeMap<NodeId, usize> {
    let mut groups = plan::groups(&job.plan.tests);
    groups.retain(|id, _| ways.get(id).is_some_and(|it| !matches!(it, Way::Alone(_))));
    groups
}

/// Answers tests of one relation. Each has its share of the time that they took together, and its own.
pub(super) async fn answer(job: &Job, tables: &Tables, live: &Arc<dyn Live>, ids: &[NodeId]) -> Vec<Ended> {
    let begun = Instant::now();
    let planned = |id: &NodeId| Some((job.graph.get(id)?, job.plan.tests.get(id)?));
    let member = |(node, test)| {
        let made = made_of_test(job, tables, node, test, false);
        Member { node, test, way: Way::Alone(Alone::ScanFailed), found: None, made, sorted: false }
    };
    let mut members: Vec<Member<'_>> = ids.iter().filter_map(planned).map(member).collect();
    for member in &mut members {
        if job.quarantining.outcome(member.node).is_some() {
            member.found = Some(0);
        } else if let Some(proof) = &member.test.proof {
            (member.found, member.way) = (Some(0), Way::Proved(proof.clone()));
        } else if job.reuse.has_passed(&member.node.facts.id, &member.made) {
            (member.found, member.way) = (Some(0), Way::Unchanged);
        }
    }
    look_at_files(job, tables, &mut members).await;
    ask_all(job, tables, &mut members).await;
    let share = begun.elapsed() / u32::try_from(members.len().max(1)).unwrap_or(u32::MAX);
    let mut ended = Vec::with_capacity(members.len());
    for member in &members {
        let own = Instant::now();
        if let Some(outcome) = job.quarantining.outcome(member.node) {
            // What is left has passed.
            job.reuse.asked(&member.node.facts.id, true, &member.made);
            ended.push(Ended { id: member.node.facts.id.clone(), outcome, elapsed: Some(share) });
            continue;
        }
        tell(job, member.node, &member.way);
        let outcome = match judge(job, tables, member).await {
            Ok(Some(outcome)) => {
                let passed = matches!(outcome, Outcome::Passed | Outcome::Proved(_));
                job.reuse.asked(&member.node.facts.id, passed, &member.made);
                outcome
            }
            // Asked alone, it says itself what is wrong with it.
            Ok(None) | Err(_) => carry_out(job, tables, live, &member.node.facts.id).await,
        };
        ended.push(Ended { id: member.node.facts.id.clone(), outcome, elapsed: Some(share + own.elapsed()) });
    }
    ended
}

/// Says how a test is answered, to those who look for it.
pub(super) fn tell(job: &Job, node: &Node, way: &Way) {
    let text = format!("{}: {way}", node.facts.display());
    job.sink.emit(&Event::Message { level: Level::Debug, text });
}

/// What the relation's files answer before they are read.
async fn look_at_files(job: &Job, tables: &Tables, members: &mut [Member<'_>]) {
    let question = members.iter().filter(|it| it.found.is_none()).find_map(|it| it.test.question.as_ref().ok());
    let Some(question) = question else { return };
    let Ok(relation) = bound(&LogicalPlan::TableScan(question.scan.clone()), tables) else { return };
    let Some(files) = Files::of(&relation, &job.session).await else { return };
    for member in members.iter_mut().filter(|it| it.found.is_none()) {
        let Ok(question) = &member.test.question else { continue };
        member.sorted = files.are_sorted(question);
        if let Some(way) = files.rule_out(question, &job.session).await {
            (member.found, member.way) = (Some(0), way);
        }
    }
}

/// One scan for all. Where it fails, nothing is found, and each test is asked alone.
async fn ask_all(job: &Job, tables: &Tables, members: &mut [Member<'_>]) {
    let mut kept: Vec<MemoryReservation> = Vec::new();
    let mut asked = Vec::new();
    let mut of = Vec::new();
    for (at, member) in members.iter_mut().enumerate() {
        let (Ok(question), None) = (&member.test.question, member.found) else { continue };
        let mut partners = None;
        if let Wanted::Orphans { partners: query, .. } = &question.wanted {
            match collect_keys(job, tables, query).await {
                Ok(Ok((keys, reservation))) => {
                    partners = Some(keys);
                    kept.push(reservation);
                }
                Ok(Err(because)) => {
                    member.way = Way::Alone(because);
                    continue;
                }
                Err(_) => continue,
            }
        }
        asked.push(Asked { question, partners, sorted: member.sorted });
        of.push(at);
    }
    // A panic in a library is no more than a failure here: each test is asked again.
    let numbers = AssertUnwindSafe(numbers(job, tables, &asked)).catch_unwind().await;
    if let Ok(Ok(numbers)) = numbers {
        for (at, number) in of.iter().zip(&numbers) {
            members[*at].found = Some(*number);
            members[*at].way = Way::SharedScan { tests: of.len() };
        }
    }
}

/// What the questions find, in their order.
async fn numbers(job: &Job, tables: &Tables, asked: &[Asked<'_>]) -> Result<Vec<i64>> {
    let Some(plan) = shared_scan(asked)? else { return Ok(Vec::new()) };
    let rows = fetch(&job.session, &bound(&plan, tables)?, None).await?;
    let row = rows.batches.iter().find(|it| it.num_rows() > 0);
    let row = row.ok_or_else(|| exec_datafusion_err!("a scan for tests has given nothing"))?;
    let number = |column: &arrow::array::ArrayRef| column.as_primitive::<Int64Type>().iter().next().flatten();
    Ok(row.columns().iter().map(|it| number(it).unwrap_or(0)).collect())
}

/// The keys that the other relation of `relationships` has, held in memory that the pool knows of.
async fn collect_keys(
    job: &Job,
    tables: &Tables,
    query: &LogicalPlan,
) -> Result<Result<(Arc<KnownKeys>, MemoryReservation), Alone>> {
    let data_type = query.schema().field(0).data_type();
    let Some(mut keys) = KnownKeys::new(data_type) else { return Ok(Err(Alone::PartnerType)) };
    let state = job.session.state();
    let reservation = MemoryConsumer::new("keys of relationships").register(&state.runtime_env().memory_pool);
    let physical = state.create_physical_plan(&bound(query, tables)?).await?;
    let mut stream = execute_stream(physical, state.task_ctx())?;
    while let Some(batch) = stream.next().await {
        let bytes = keys.add(batch?.column(0))?;
        if bytes > MOST_BYTES_OF_KEYS || reservation.try_resize(bytes).is_err() {
            return Ok(Err(Alone::ManyPartners));
        }
    }
    Ok(Ok((Arc::new(keys), reservation)))
}

/// What the answer means; `None` where it does not tell enough.
async fn judge(job: &Job, tables: &Tables, member: &Member<'_>) -> Result<Option<Outcome>> {
    // How many rows it had found then does not matter: they were no failure.
    if member.way == Way::Unchanged {
        return Ok(Some(Outcome::Proved(Way::Unchanged)));
    }
    let (facts, test) = (&member.node.facts, member.test);
    let failures = member.found.and_then(|found| match (&test.question, &test.count_of_none) {
        (Err(_), _) => None,
        // What `fail_calc` makes of rows, only a query can tell.
        (Ok(_), Some(_)) => (found == 0).then_some(0),
        (Ok(question), None) => question.failures(found),
    });
    let Some(mut failures) = failures else { return Ok(None) };
    if let Some(plan) = &test.count_of_none {
        failures = ask::count(&job.session, &bound(plan, tables)?).await?;
    }
    let Ok(verdict) = verdict(failures, &facts.config, &facts.span) else { return Ok(None) };
    if verdict == Verdict::Pass {
        return Ok(Some(match &member.way {
            Way::Proved(_) | Way::Statistics | Way::Dictionaries | Way::Unchanged => {
                Outcome::Proved(member.way.clone())
            }
            Way::SharedScan { .. } | Way::Alone(_) => Outcome::Passed,
        }));
    }
    let sample = ask::sample(&job.session, &bound(&test.rows.plan, tables)?).await?;
    let (configured, query) = (verdict.configured(&facts.config), test.sql.clone());
    let failures = Failures { count: failures, sample, query, configured, ..Failures::default() };
    Ok(Some(if verdict == Verdict::Warn { Outcome::Warned(failures) } else { Outcome::Failed(failures) }))
}
