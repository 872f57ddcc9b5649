//! `build`, `run`, `test` and `seed`: plan, and then carry out.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use tokio::sync::watch;

use crate::artifacts::RunResults;
use crate::cli::arguments::Selecting;
use crate::cli::prepare::{self, Loaded, Planned, Purpose};
use crate::cli::{Exit, Settings, Stop};
use crate::cli::{artifacts, explanation, openlineage};
use crate::data_tests::Way;
use crate::events::{Event, EventSink, Everyone, Level};
use crate::execute::{self, Job, Late, Publishing, Quarantining, Reuse};
use crate::files::ProjectFiles;
use crate::materialize;
use crate::parse::{NodeId, NodeKind, ResourceType};
use crate::project::Json;
use crate::reuse::Because;
use crate::warehouse::Passed;

/// Which kinds of nodes are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// All that can be.
    Build,
    /// Models.
    Run,
    /// Seeds.
    Seed,
    /// Snapshots.
    Snapshot,
    /// Tests.
    Test,
}

impl Work {
    /// The command's name.
    fn name(self) -> &'static str {
        match self {
            Work::Build => "build",
            Work::Run => "run",
            Work::Seed => "seed",
            Work::Snapshot => "snapshot",
            Work::Test => "test",
        }
    }

    fn types(self) -> &'static [ResourceType] {
        match self {
            Work::Build => &[
                ResourceType::Function,
                ResourceType::Model,
                ResourceType::Seed,
                ResourceType::Snapshot,
                ResourceType::Test,
                ResourceType::UnitTest,
            ],
            Work::Run => &[ResourceType::Model],
            Work::Seed => &[ResourceType::Seed],
            Work::Snapshot => &[ResourceType::Snapshot],
            Work::Test => &[ResourceType::Test, ResourceType::UnitTest],
        }
    }
}

pub(super) fn run(settings: &Settings, selecting: &Selecting, work: Work) -> Result<Exit, Stop> {
    let mut loaded = prepare::load(settings)?;
    let mut chosen = prepare::choose(settings, &mut loaded, selecting, work.types())?;
    let is_ephemeral = |id: &NodeId| loaded.graph.get(id).is_some_and(|it| it.facts.is_ephemeral());
    chosen.retain(|id| !is_ephemeral(id));
    prepare::runtime()?.block_on(plan_and_run(settings, loaded, chosen, work))
}

async fn plan_and_run(settings: &Settings, mut loaded: Loaded, chosen: Vec<NodeId>, work: Work) -> Result<Exit, Stop> {
    let was_sound = !loaded.found.has_errors();
    let (mut planned, mut found) = prepare::plan_apart(settings, &mut loaded, &chosen, Purpose::Run).await?;
    found.extend(prepare::forbidden(settings, &loaded, &planned, &chosen, Purpose::Run).await);
    let faults = planned.plan.faults.with_readers(&loaded.graph, |id| !planned.existing.contains_key(id));
    let can_go_on = !found.has_errors() && chosen.iter().any(|id| faults.of(id).is_none());
    if settings.keep_going {
        planned.plan.faults = faults;
    } else {
        found.extend(planned.plan.faults.all());
    }
    let is_refused = found.has_errors();
    if is_refused && was_sound && !settings.dry_run {
        super::refused::write(settings, &loaded, &found, &chosen, work.name())?;
    }
    let reported = prepare::report(settings, found);
    if is_refused && can_go_on {
        settings.console.say("  = help: `--keep-going` runs what does not depend on this");
    }
    reported?;
    let grants = |id: &NodeId| {
        let config = loaded.graph.get(id).and_then(|it| it.facts.config.get("grants"));
        config.and_then(Json::as_object).is_some_and(|it| !it.is_empty())
    };
    if chosen.iter().any(grants) {
        settings.console.say("note: `grants` are passed over: a warehouse of files leaves rights to its storage");
    }
    if settings.dry_run {
        return dry_run(settings, &loaded, &planned, &chosen).await;
    }
    let _lock = prepare::lock(settings, &loaded, &planned.warehouse)?;
    let own = prepare::own_folder(&loaded);
    // What a killed run was writing has names that a store does not list: the whole folder goes. Only the lock's holder may.
    let staged = format!("{own}/staged");
    let removed = settings.files.remove(&staged);
    removed.map_err(|error| Stop::Outside(format!("cannot write to the warehouse: {staged}: {error}")))?;
    planned.warehouse.tidy_versions().await.map_err(Stop::outside)?;
    prepare::write_compiled(settings, &loaded, &planned.plan, &chosen)?;
    let results = Arc::new(RunResults::new(&loaded.project.invocation, settings.begun));
    let manifest = || {
        let manifest = crate::artifacts::manifest(&loaded.project, &loaded.graph, &BTreeMap::new());
        // What can't be told of a node is no reason not to run it.
        serde_json::to_value(manifest).unwrap_or_default()
    };
    let sink = settings.console.sink(&loaded.project.invocation.target.name, manifest);
    let catalog = artifacts::catalog_entries(&loaded, &planned.plan, &planned.warehouse);
    let openlineage = openlineage::listener(settings, &loaded, &planned, catalog, work.name()).await;
    let mut listeners = vec![sink, Arc::clone(&results) as _];
    listeners.extend(openlineage.map(|it| it as Arc<dyn EventSink>));
    let sink: Arc<dyn EventSink> = Arc::new(Everyone(listeners));
    let compiled = artifacts::compiled_code(&planned.plan);
    artifacts::write_manifest(settings, &loaded, &compiled)?;
    for line in &planned.plan.lines {
        let level = if line.visible { Level::Info } else { Level::Debug };
        sink.emit(&Event::Message { level, text: line.text.clone() });
    }
    let threads = loaded.project.invocation.target.threads;
    let plan = describe(&loaded, &chosen);
    sink.emit(&Event::RunStarted { nodes: chosen.len(), threads, plan });
    let late = Arc::new(prepare::late(settings, &loaded, &planned));
    let passed = planned.warehouse.passed().await;
    let has_late = !planned.plan.late.is_empty();
    let publishing = Publishing::new(settings.publish, &loaded.graph, &chosen);
    let job = Job {
        graph: Arc::clone(&loaded.graph),
        plan: Arc::new(planned.plan),
        late: Arc::clone(&late),
        chosen,
        session: planned.session,
        warehouse: planned.warehouse,
        sink,
        threads,
        fail_fast: settings.fail_fast,
        store_failures: settings.store_failures,
        reuse: reuse(settings, &loaded, passed),
        publishing,
        quarantining: Quarantining::default(),
        run_id: settings.request.invocation_id.clone(),
        stop: listen_for_stop(),
    };
    let summary = execute::run(job).await;
    let compiled = if has_late { write_late(settings, &loaded, &late)? } else { compiled };
    let args = settings.arguments_of_run(work.name());
    let results = results.finish(args, settings.begun.elapsed(), &compiled);
    artifacts::write_json(settings, &loaded, "run_results.json", &results)?;
    if settings.flags.on("explain") == Some(true) {
        explanation::print(settings, &loaded, &summary);
    }
    if summary.stopped {
        settings.console.failure("stopped; what was finished is in place, the rest is as it was before");
    }
    Ok(if summary.failed() { Exit::Failed } else { Exit::Success })
}

/// Writes what could only be compiled while the run was under way, and gives the SQL of all nodes.
fn write_late(settings: &Settings, loaded: &Loaded, late: &Late) -> Result<BTreeMap<NodeId, String>, Stop> {
    let plan = late.plan.read().unwrap_or_else(PoisonError::into_inner);
    let nodes: Vec<NodeId> = plan.models.keys().chain(plan.tests.keys()).cloned().collect();
    prepare::write_compiled(settings, loaded, &plan, &nodes)?;
    let compiled = artifacts::compiled_code(&plan);
    artifacts::write_manifest(settings, loaded, &compiled)?;
    Ok(compiled)
}

/// What the run may leave as it is.
fn reuse(settings: &Settings, loaded: &Loaded, passed: Passed) -> Reuse {
    let invocation = &loaded.project.invocation;
    let refused = match settings.flags.on("reuse") {
        Some(false) => Some(Because::Asked("--no-reuse")),
        _ if invocation.full_refresh => Some(Because::Asked("--full-refresh")),
        _ => None,
    };
    Reuse::new(invocation.target.dialect, passed, refused)
}

/// Becomes true at Ctrl-C.
fn listen_for_stop() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        // Where signals can't be listened to, the system's own handling ends the process.
        if tokio::signal::ctrl_c().await.is_ok() {
            let _ = sender.send(true);
        }
        // The channel must stay open: a closed one would look like a change.
        std::future::pending::<()>().await;
    });
    receiver
}

/// `19 models, 171 tests`.
pub(super) fn describe(loaded: &Loaded, chosen: &[NodeId]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for node in chosen.iter().filter_map(|id| loaded.graph.get(id)) {
        *counts.entry(node.facts.resource_type().as_str()).or_default() += 1;
    }
    let count = |(what, count): (&&str, &usize)| {
        format!("{count} {}{}", what.replace('_', " "), if *count == 1 { "" } else { "s" })
    };
    if counts.is_empty() { "nothing to do".to_owned() } else { counts.iter().map(count).collect::<Vec<_>>().join(", ") }
}

/// The decisions that a run would carry out, with their reasons.
async fn dry_run(settings: &Settings, loaded: &Loaded, planned: &Planned, chosen: &[NodeId]) -> Result<Exit, Stop> {
    let ways = execute::ways(&loaded.graph, &planned.plan, settings.store_failures, chosen);
    for node in chosen.iter().filter_map(|id| loaded.graph.get(id)) {
        let facts = &node.facts;
        let line = match facts.kind {
            NodeKind::Model | NodeKind::Seed | NodeKind::Snapshot(_) => {
                let (existing, _) = planned.warehouse.existing(&facts.relation).await;
                let reason = materialize::decide(facts.materialized(), existing).map(|it| it.reason.to_string());
                format!("would make {} {} ({})", facts.materialized(), facts.name, reason.unwrap_or_default())
            }
            _ => match ways.get(&facts.id) {
                Some(way @ Way::Proved(_)) => format!("would not ask test {} ({way})", facts.name),
                Some(way) => format!("would ask test {} ({way})", facts.name),
                None => format!("would ask test {}", facts.name),
            },
        };
        settings.console.print(&line);
    }
    Ok(Exit::Success)
}
