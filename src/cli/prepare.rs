//! What most commands begin with: the project loaded, the graph built, nodes chosen, everything planned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::catalog::TableProvider;

use crate::artifacts::compiled_path;
use crate::cli::arguments::Selecting;
use crate::cli::settings::{Settings, selection};
use crate::cli::spill::SpillFolder;
use crate::cli::{Stop, deferral};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::files::{Lock, ProjectFiles};
use crate::graph::{self, Graph};
use crate::materialize::Existing;
use crate::parse::{self, NodeId, NodeKind, ParsedProject, ResourceType};
use crate::plan::{self, EngineSettings, ProjectPlan, Session};
use crate::select::{self, Knowledge, Selectors};
use crate::warehouse::{Location, Warehouse};

/// A project whose references are resolved.
pub(super) struct Loaded {
    pub(super) project: Arc<ParsedProject>,
    pub(super) graph: Arc<Graph>,
    /// What was found so far, to be reported together with what planning finds.
    pub(super) found: Diagnostics,
}

/// Whether tables that are not part of the run must be there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Only plans are wanted.
    Plan,
    /// The plans will be carried out.
    Run,
}

/// Everything that a run needs.
pub(super) struct Planned {
    pub(super) plan: ProjectPlan,
    pub(super) session: Session,
    pub(super) warehouse: Warehouse,
    /// Kept for as long as the session is used.
    pub(super) spill: Option<SpillFolder>,
    /// Tables that were there when planning began.
    pub(super) existing: BTreeMap<NodeId, Arc<dyn TableProvider>>,
    /// Tables that the run adds rows to.
    pub(super) growing: BTreeMap<NodeId, Arc<dyn TableProvider>>,
}

/// Loads the project. What is wrong with it is kept for later, unless nothing can be done at all.
pub(super) fn load(settings: &Settings) -> Result<Loaded, Stop> {
    let (project, mut found) = parse::load(&settings.files, &settings.request);
    let Some(mut project) = project else {
        settings.console.diagnostics(&settings.warnings.apply(found).sorted());
        return Err(Stop::Reported);
    };
    if settings.warnings.tests_fail() {
        let is_test = |it: &&mut parse::ParsedNode| matches!(it.facts.kind, NodeKind::Test(_));
        for node in project.nodes.iter_mut().filter(is_test) {
            let config = &mut node.facts.config;
            let warn_if = config.text("warn_if").unwrap_or("!= 0").to_owned();
            config.set("severity", "error".into(), None);
            config.set("error_if", warn_if.into(), None);
        }
    }
    let (graph, problems) = graph::build(&project);
    found.extend(problems);
    Ok(Loaded { project: Arc::new(project), graph: Arc::new(graph), found })
}

/// The nodes that a command is about, in the graph's order.
pub(super) fn choose(
    settings: &Settings,
    loaded: &mut Loaded,
    selecting: &Selecting,
    types: &[ResourceType],
) -> Result<Vec<NodeId>, Stop> {
    let mut selection = selection(selecting, types, &settings.flags).map_err(Stop::Outside)?;
    selection.project.clone_from(&loaded.project.file.name.value);
    let selectors = Selectors::of(&loaded.project, &mut loaded.found);
    let state = deferral::state(settings, loaded)?;
    let knowledge = Knowledge { selectors: Some(&selectors), state: state.as_ref() };
    let (mut chosen, problems) = select::select(&selection, &loaded.graph, &knowledge);
    loaded.found.extend(problems);
    if !selecting.unique_ids.is_empty() {
        chosen.retain(|id| selecting.unique_ids.iter().any(|it| it == id.as_str()));
    }
    let in_order = loaded.graph.nodes().map(|it| &it.facts.id).filter(|it| chosen.contains(*it));
    Ok(in_order.cloned().collect())
}

/// Prints what was found; errors end the command.
pub(super) fn report(settings: &Settings, found: Diagnostics) -> Result<(), Stop> {
    let found = settings.warnings.apply(found).sorted();
    settings.console.diagnostics(&found);
    if found.has_errors() { Err(Stop::Reported) } else { Ok(()) }
}

/// The runtime that the engine works on.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Stop> {
    let stack = plan::PLANNING_STACK;
    tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(stack).build().map_err(Stop::outside)
}

/// The warehouse of the chosen target.
pub(super) fn warehouse(settings: &Settings, project: &ParsedProject) -> Result<Warehouse, Stop> {
    let location = Location::open(&project.invocation.target.warehouse, &settings.folder).map_err(Stop::outside)?;
    Ok(Warehouse::new(location, &settings.request.invocation_id))
}

/// The engine, as the target wants it.
pub(super) fn session(project: &ParsedProject, spill: Option<&SpillFolder>) -> Result<Session, Stop> {
    let target = &project.invocation.target;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let engine = EngineSettings {
        partitions: cores,
        memory_limit: target.memory_limit.unwrap_or_else(default_memory),
        spill_folder: spill.map(SpillFolder::path),
        dialect: target.dialect,
        started_at: project.invocation.started_at,
        options: engine_options(target),
    };
    Session::new(&engine).map_err(Stop::outside)
}

/// The target's `settings`, as dbt-duckdb calls the options of its engine. Only our own targets have ours.
fn engine_options(target: &crate::project::Target) -> Vec<(String, String)> {
    let settings = target.raw.get("settings").and_then(crate::project::Json::as_object);
    let text = |value: &crate::project::Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let ours = settings.filter(|_| target.kind == "datafusion");
    ours.into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// Spilled rows go beside the warehouse: that disk has room for tables.
fn spill_folder(settings: &Settings, project: &ParsedProject) -> Result<SpillFolder, Stop> {
    let warehouse = project.invocation.target.warehouse.trim_start_matches("file://");
    let folder = format!("{warehouse}/_arrowmill/spill");
    let made = SpillFolder::make(&settings.files, &folder, &settings.request.invocation_id);
    made.map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::PermissionDenied => "no permission".to_owned(),
            std::io::ErrorKind::StorageFull => "the disk is full".to_owned(),
            _ => error.to_string(),
        };
        Stop::Outside(format!("can't write to the warehouse `{warehouse}`: {why}; is it the right folder, and yours?"))
    })
}

/// The folder of what is the warehouse's own, within the project's files.
pub(super) fn own_folder(loaded: &Loaded) -> String {
    format!("{}/_arrowmill", loaded.project.invocation.target.warehouse.trim_start_matches("file://"))
}

/// Keeps others from changing the warehouse for as long as the result lives.
pub(super) fn lock(settings: &Settings, loaded: &Loaded, warehouse: &Warehouse) -> Result<Lock, Stop> {
    let lock = format!("{}/lock", own_folder(loaded));
    settings.files.lock(&lock).map_err(|error| match error.kind() {
        std::io::ErrorKind::WouldBlock => Stop::Outside(format!(
            "another run is using the warehouse {}; wait for its end",
            warehouse.location().display
        )),
        _ => Stop::Outside(format!("cannot write to the warehouse: {lock}: {error}")),
    })
}

/// Six tenths of what the container or machine has: the rest is for what the pool does not count.
pub(super) fn default_memory() -> u64 {
    let total = sysinfo::System::new().ok().map_or(0, |mut system| {
        system.refresh_memory();
        system.cgroup_limits().map_or(system.total_memory(), |it| it.total_memory)
    });
    (total / 10 * 6).max(256 << 20)
}

/// Plans what is wanted. Nothing is left to be said when this returns an error.
pub(super) async fn plan(
    settings: &Settings,
    loaded: &mut Loaded,
    wanted: &[NodeId],
    purpose: Purpose,
) -> Result<(Planned, Diagnostics), Stop> {
    deferral::defer(settings, loaded, wanted).await?;
    let spill = match purpose {
        Purpose::Plan => None,
        Purpose::Run => Some(spill_folder(settings, &loaded.project)?),
    };
    let session = session(&loaded.project, spill.as_ref())?;
    let warehouse = warehouse(settings, &loaded.project)?;
    let wanted: BTreeSet<NodeId> = wanted.iter().cloned().collect();
    let mut found = std::mem::take(&mut loaded.found);
    let existing = find_existing(loaded, &session, &warehouse, &wanted, purpose, &mut found).await;
    let growing = match purpose {
        Purpose::Plan => BTreeMap::new(),
        Purpose::Run => find_growing(loaded, &session, &warehouse, &wanted).await,
    };
    let scope = plan::Scope {
        project: &loaded.project,
        graph: &loaded.graph,
        wanted: &wanted,
        session: &session,
        folder: &settings.folder,
        warehouse: &warehouse,
        existing: &existing,
        growing: &growing,
        runtime: &tokio::runtime::Handle::current(),
        live: None,
        present: purpose == Purpose::Plan,
    };
    let (plan, problems) = plan::plan_project(&scope).await;
    found.extend(problems);
    if purpose == Purpose::Plan {
        found.extend(unchecked(loaded, &plan));
    }
    Ok((Planned { plan, session, warehouse, spill, existing, growing }, found))
}

/// Says what could not be planned for want of rows: not every node that waits, only those that ask.
fn unchecked(loaded: &Loaded, plan: &ProjectPlan) -> Diagnostics {
    let asks = |id: &NodeId| {
        !plan.custom.contains_key(id) && !loaded.graph.parents(id).iter().any(|it| plan.late.contains_key(it))
    };
    let say = |(id, reason): (&NodeId, &Diagnostic)| {
        let who = loaded.graph.get(id).map(|it| it.facts.display()).unwrap_or_default();
        let words = format!("{who} and what reads it are not checked: {}", reason.message);
        let said = Diagnostic::warning(reason.code, words).at_if(reason.place.clone());
        reason.help.iter().fold(said, |said, it| said.help(it.as_str()))
    };
    plan.late.iter().filter(|(id, _)| asks(id)).map(say).collect()
}

/// Incremental tables that are there, and that this run adds rows to.
async fn find_growing(
    loaded: &Loaded,
    session: &Session,
    warehouse: &Warehouse,
    wanted: &BTreeSet<NodeId>,
) -> BTreeMap<NodeId, Arc<dyn TableProvider>> {
    let mut growing = BTreeMap::new();
    for node in wanted.iter().filter_map(|id| loaded.graph.get(id)) {
        let facts = &node.facts;
        let anew = facts.config.flag("full_refresh").unwrap_or(loaded.project.invocation.full_refresh);
        let grows = match facts.kind {
            NodeKind::Model => !anew && facts.materialized() == "incremental",
            NodeKind::Snapshot(_) => true,
            _ => false,
        };
        if !grows {
            continue;
        }
        if let (Existing::Table, Some(record)) = warehouse.existing(&facts.relation).await {
            let table = plan::existing_table(session, warehouse, &facts.relation, &record.sorted_by).await;
            growing.extend(table.ok().map(|it| (facts.id.clone(), it)));
        }
    }
    growing
}

/// Tables in the warehouse that the wanted nodes read and that nothing in this run makes.
async fn find_existing(
    loaded: &Loaded,
    session: &Session,
    warehouse: &Warehouse,
    wanted: &BTreeSet<NodeId>,
    purpose: Purpose,
    found: &mut Diagnostics,
) -> BTreeMap<NodeId, Arc<dyn TableProvider>> {
    let mut existing = BTreeMap::new();
    add_sources_of_the_warehouse(loaded, session, warehouse, &mut existing).await;
    if purpose == Purpose::Plan {
        return existing;
    }
    let mut edge: Vec<(NodeId, NodeId)> = Vec::new();
    let parents = |id: &NodeId| loaded.graph.parents(id).to_vec();
    // A unit test brings its rows along.
    let reads = |id: &&NodeId| !loaded.graph.get(id).is_some_and(|it| matches!(it.facts.kind, NodeKind::UnitTest(_)));
    for id in wanted.iter().filter(reads) {
        edge.extend(parents(id).into_iter().map(|parent| (parent, id.clone())));
    }
    // Where only tests are asked, those that can't be are errors of their own, and the others are asked.
    let is_test = |id: &NodeId| loaded.graph.get(id).is_some_and(|it| matches!(it.facts.kind, NodeKind::Test(_)));
    let only_tests = wanted.iter().all(is_test);
    let mut seen = BTreeSet::new();
    while let Some((id, reader)) = edge.pop() {
        let Some(node) = loaded.graph.get(&id) else { continue };
        let is_table = match node.facts.kind {
            NodeKind::Seed | NodeKind::Snapshot(_) => true,
            NodeKind::Model => !matches!(node.facts.materialized(), "view" | "ephemeral"),
            _ => false,
        };
        if wanted.contains(&id) || !seen.insert(id.clone()) {
            continue;
        }
        if !is_table {
            edge.extend(parents(&id).into_iter().map(|parent| (parent, id.clone())));
            continue;
        }
        let relation = &node.facts.relation;
        let (state, record) = warehouse.existing(relation).await;
        let table = match (state, record) {
            (Existing::Table, Some(record)) => {
                plan::existing_table(session, warehouse, relation, &record.sorted_by).await.ok()
            }
            _ => None,
        };
        match table {
            Some(table) => drop(existing.insert(id, table)),
            None if only_tests => {}
            None => found.push(not_there(loaded, &id, &reader)),
        }
    }
    existing
}

/// Sources that have no files of their own and that no seed makes: tables that some other project has put there.
async fn add_sources_of_the_warehouse(
    loaded: &Loaded,
    session: &Session,
    warehouse: &Warehouse,
    existing: &mut BTreeMap<NodeId, Arc<dyn TableProvider>>,
) {
    for node in loaded.graph.nodes() {
        let NodeKind::Source(facts) = &node.facts.kind else { continue };
        if facts.location.is_some() || !node.inputs.is_empty() {
            continue;
        }
        if let (Existing::Table, Some(record)) = warehouse.existing(&node.facts.relation).await {
            let relation = &node.facts.relation;
            let table = plan::existing_table(session, warehouse, relation, &record.sorted_by).await;
            existing.extend(table.ok().map(|it| (node.facts.id.clone(), it)));
        }
    }
}

fn not_there(loaded: &Loaded, id: &NodeId, reader: &NodeId) -> Diagnostic {
    let display = |id: &NodeId| loaded.graph.get(id).map(|it| it.facts.display()).unwrap_or_default();
    let name = loaded.graph.get(id).map(|it| it.facts.name.clone()).unwrap_or_default();
    let place = loaded.graph.get(reader).map(|it| it.facts.span.clone());
    Diagnostic::error(
        Code::UnknownRelation,
        format!("{} reads {}, which is not in the warehouse and not selected", display(reader), display(id)),
    )
    .at_if(place)
    .help(format!("run it first: `arrowmill run --select {name}`, or select it too"))
}

/// Writes the final SQL of everything planned below the target folder, as dbt does.
pub(super) fn write_compiled(
    settings: &Settings,
    loaded: &Loaded,
    plan: &ProjectPlan,
    chosen: &[NodeId],
) -> Result<(), Stop> {
    for node in chosen.iter().filter_map(|id| loaded.graph.get(id)) {
        let facts = &node.facts;
        let sql = plan.models.get(&facts.id).map(|it| &it.sql).or(plan.tests.get(&facts.id).map(|it| &it.sql));
        let Some(sql) = sql else { continue };
        let path = compiled_path(&loaded.project, facts);
        let written = settings.files.write(&path, format!("{}\n", sql.trim_end()).as_bytes());
        written.map_err(|error| Stop::Outside(format!("cannot write {path}: {error}")))?;
    }
    Ok(())
}
