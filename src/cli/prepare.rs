//! What most commands begin with: the project loaded, the graph built, nodes chosen, everything planned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock};

use datafusion::catalog::TableProvider;

use crate::artifacts::compiled_path;
use crate::cli::arguments::Selecting;
use crate::cli::settings::{Settings, selection};
use crate::cli::spill::SpillFolder;
use crate::cli::there::There;
use crate::cli::{Stop, deferral};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::execute::Late;
use crate::files::{Lock, ProjectFiles};
use crate::graph::{self, Graph};
use crate::lineage;
use crate::notes::Notes;
use crate::parse::{self, NodeId, NodeKind, ParsedProject, ResourceType};
use crate::plan::{self, EngineSettings, PlannedBefore, ProjectPlan, Session};
use crate::select::{self, Knowledge, Selectors};
use crate::sources::{Inferred, Stores};
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
    /// Only what is wrong with plans is wanted: those that nothing was wrong with the last time need not be made.
    Check,
    /// The plans will be carried out.
    Run,
}

impl Purpose {
    /// Whether nothing will be made.
    pub(super) fn is_to_know(self) -> bool {
        self != Purpose::Run
    }
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
    Ok(Warehouse::new(location, &settings.request.invocation_id, settings.request.started_at))
}

/// The engine, as the target wants it.
pub(super) fn session(
    project: &ParsedProject,
    spill: Option<&SpillFolder>,
    inferred: &Arc<Inferred>,
) -> Result<Session, Stop> {
    let target = &project.invocation.target;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let engine = EngineSettings {
        partitions: cores,
        memory_limit: target.memory_limit.unwrap_or_else(default_memory),
        spill_folder: spill.map(SpillFolder::path),
        dialect: target.dialect,
        started_at: project.invocation.started_at,
        options: engine_options(target),
        inferred: Arc::clone(inferred),
        stores: Arc::new(Stores::new(&project.invocation.environment)),
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
pub(super) fn spill_folder(settings: &Settings, project: &ParsedProject) -> Result<SpillFolder, Stop> {
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

/// Completes what a run was killed over that had begun to put its relations in place.
pub(super) async fn recover(settings: &Settings, loaded: &Loaded, warehouse: &Warehouse) -> Result<(), Stop> {
    if !warehouse.has_journal().await {
        return Ok(());
    }
    // Whoever has the lock is at it.
    let Ok(_lock) = settings.files.lock(&format!("{}/lock", own_folder(loaded))) else { return Ok(()) };
    warehouse.recover().await.map_err(Stop::outside)
}

/// Six tenths of what the container or machine has: the rest is for what the pool does not count.
pub(super) fn default_memory() -> u64 {
    let total = sysinfo::System::new().ok().map_or(0, |mut system| {
        system.refresh_memory();
        system.cgroup_limits().map_or(system.total_memory(), |it| it.total_memory)
    });
    (total / 10 * 6).max(256 << 20)
}

/// What earlier processes have noted in the target folder: of sources' files, and of queries.
struct Noted {
    files: String,
    inferred: Arc<Inferred>,
    queries: String,
    planned: PlannedBefore,
}

impl Noted {
    fn read(settings: &Settings, project: &ParsedProject, purpose: Purpose) -> Noted {
        // Options of the engine may change how files are read, and what queries give.
        let options = format!("{:?}", engine_options(&project.invocation.target));
        let path = |name: &str| format!("{}/{name}", project.file.target_path);
        let read = |path: &str, about: &str| {
            let text = settings.files.read(path).ok().and_then(|it| String::from_utf8(it).ok()).unwrap_or_default();
            Notes::read(&text, &format!("{about} {options}"))
        };
        let (files, queries) = (path("columns_of_files.txt"), path("columns_of_queries.txt"));
        let inferred = Arc::new(Inferred(read(&files, "columns of files")));
        let planned = match purpose {
            Purpose::Check => PlannedBefore(read(&queries, "columns of queries")),
            Purpose::Plan | Purpose::Run => PlannedBefore::default(),
        };
        Noted { files, inferred, queries, planned }
    }

    /// Writes what is new. Where that can't be, the next process finds it out again.
    fn keep(&self, settings: &Settings) {
        for (path, notes) in [(&self.files, &self.inferred.0), (&self.queries, &self.planned.0)] {
            if let Some(text) = notes.written() {
                let _ = settings.files.write(path, text.as_bytes());
            }
        }
    }
}

/// Plans what is wanted, and gives all that is wrong with it. Nothing is left to be said when this returns an error.
pub(super) async fn plan(
    settings: &Settings,
    loaded: &mut Loaded,
    wanted: &[NodeId],
    purpose: Purpose,
) -> Result<(Planned, Diagnostics), Stop> {
    let (planned, mut found) = plan_apart(settings, loaded, wanted, purpose).await?;
    found.extend(planned.plan.faults.all());
    Ok((planned, found))
}

/// The same, where faults of nodes are left to the plan.
pub(super) async fn plan_apart(
    settings: &Settings,
    loaded: &mut Loaded,
    wanted: &[NodeId],
    purpose: Purpose,
) -> Result<(Planned, Diagnostics), Stop> {
    deferral::defer(settings, loaded, wanted).await?;
    let spill = match purpose {
        Purpose::Plan | Purpose::Check => None,
        Purpose::Run => Some(spill_folder(settings, &loaded.project)?),
    };
    let notes = Noted::read(settings, &loaded.project, purpose);
    let session = session(&loaded.project, spill.as_ref(), &notes.inferred)?;
    let warehouse = warehouse(settings, &loaded.project)?;
    if purpose == Purpose::Run {
        recover(settings, loaded, &warehouse).await?;
    }
    let wanted: BTreeSet<NodeId> = wanted.iter().cloned().collect();
    let mut found = std::mem::take(&mut loaded.found);
    let there = There::find(loaded, &session, &warehouse, &wanted, purpose).await;
    found.extend(there.problems);
    let scope = plan::Scope {
        project: &loaded.project,
        graph: &loaded.graph,
        wanted: &wanted,
        session: &session,
        folder: &settings.folder,
        warehouse: &warehouse,
        existing: &there.existing,
        growing: &there.growing,
        opened: &there.opened,
        runtime: &tokio::runtime::Handle::current(),
        live: None,
        before: (purpose == Purpose::Check).then_some(&notes.planned),
        present: purpose.is_to_know(),
    };
    let (plan, problems) = plan::plan_project(&scope).await;
    found.extend(problems);
    notes.keep(settings);
    if purpose.is_to_know() {
        found.extend(unchecked(loaded, &plan));
    }
    Ok((Planned { plan, session, warehouse, spill, existing: there.existing, growing: there.growing }, found))
}

/// What the run plans while it is under way.
pub(super) fn late(settings: &Settings, loaded: &Loaded, planned: &Planned) -> Late {
    Late {
        project: Arc::clone(&loaded.project),
        graph: Arc::clone(&loaded.graph),
        session: planned.session.clone(),
        warehouse: planned.warehouse.clone(),
        folder: settings.folder.clone(),
        existing: planned.existing.clone(),
        growing: planned.growing.clone(),
        opened: planned.plan.opened.clone(),
        plan: RwLock::new(planned.plan.clone()),
    }
}

/// Columns that carry what their models may not. A mark may come through what this run does not make anew: for this, all
/// that is wanted and all before it is planned as if nothing was there.
pub(super) async fn forbidden(
    settings: &Settings,
    loaded: &Loaded,
    planned: &Planned,
    wanted: &[NodeId],
    purpose: Purpose,
) -> Diagnostics {
    if !lineage::has_policies(&loaded.graph) {
        return Diagnostics::new();
    }
    let wanted: BTreeSet<NodeId> = wanted.iter().cloned().collect();
    let is_wanted = |id: &NodeId| wanted.contains(id);
    let target = &loaded.project.invocation.target;
    if purpose.is_to_know() {
        let columns = plan::column_lineage(&planned.plan, &loaded.graph, target);
        return lineage::forbidden(&loaded.graph, &columns, &is_wanted);
    }
    let is_source = |id: &NodeId| loaded.graph.get(id).is_some_and(|it| matches!(it.facts.kind, NodeKind::Source(_)));
    let sources = planned.existing.iter().filter(|(id, _)| is_source(id));
    let existing = sources.map(|(id, it)| (id.clone(), Arc::clone(it))).collect();
    let scope = plan::Scope {
        project: &loaded.project,
        graph: &loaded.graph,
        wanted: &wanted,
        session: &planned.session,
        folder: &settings.folder,
        warehouse: &planned.warehouse,
        existing: &existing,
        growing: &BTreeMap::new(),
        opened: &plan::Opened::default(),
        runtime: &tokio::runtime::Handle::current(),
        live: None,
        before: None,
        present: true,
    };
    // What is wrong with what is not wanted is not this run's affair.
    let (whole, _) = plan::plan_project(&scope).await;
    lineage::forbidden(&loaded.graph, &plan::column_lineage(&whole, &loaded.graph, target), &is_wanted)
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
