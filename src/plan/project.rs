//! The whole project as plans. Everything that is wrong is reported in one go; what cannot be planned takes nothing
//! else down with it but what reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::logical_expr::LogicalPlan;
use tokio::runtime::Handle;

use crate::compile::{Compiled, Surroundings, Uncompiled};
use crate::data_tests::{Alone, Proof};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::graph::{Graph, Node};
use crate::jinja::{Incremental, LogLine, RelationName};
use crate::parse::{NodeId, NodeKind, ParsedProject};
use crate::plan::Session;
use crate::plan::answers::{Answers, Live};
use crate::plan::constraints::Constraints;
use crate::plan::elsewhere::Stored;
use crate::plan::event_time;
use crate::plan::faults::Faults;
use crate::plan::functions::plan_function;
use crate::plan::inputs::Inputs;
use crate::plan::models::{PlannedModel, plan_model};
use crate::plan::monitors::{self, MonitorPlan, plan_monitor};
use crate::plan::opened::Opened;
use crate::plan::planned_before::PlannedBefore;
use crate::plan::quarantine::{self, Quarantine};
use crate::plan::query::PlannedQuery;
use crate::plan::questions::{QueryFacts, Question, Tables};
use crate::plan::relation::Catalog;
use crate::plan::side_by_side::side_by_side;
use crate::plan::tests::{PlannedTest, plan_test};
use crate::plan::unit_tests::{self, UnitTestPlan, plan_unit_test};
use crate::project::Json;
use crate::warehouse::Warehouse;

/// A model, analysis or seed that can be executed.
#[derive(Debug, Clone)]
pub struct ModelPlan {
    /// The plan, with upstream tables as schemas.
    pub plan: LogicalPlan,
    /// The plan of its own query: the same but for a table that grows, whose plan also has the rows that it keeps.
    pub arriving: LogicalPlan,
    /// Its columns.
    pub schema: SchemaRef,
    /// The SQL it was made from, as one statement that stands on its own.
    pub sql: String,
}

/// A model that a materialisation of the project's own makes.
#[derive(Debug, Clone)]
pub struct CustomPlan {
    /// The macro, with its package.
    pub macro_name: String,
    /// The model's text, rendered.
    pub sql: String,
}

/// A test that can be asked.
#[derive(Debug, Clone)]
pub struct TestPlan {
    /// Gives one number: how many failures there are.
    pub count: LogicalPlan,
    /// Gives the failing rows.
    pub rows: PlannedQuery,
    /// The SQL of the failing rows.
    pub sql: String,
    /// What it asks, where that can be asked together with other tests of the relation.
    pub question: Result<Question, Alone>,
    /// The number of failures where there are no failing rows, where that is not 0.
    pub count_of_none: Option<LogicalPlan>,
    /// Why there can be no failing rows.
    pub proof: Option<Proof>,
}

/// The plans of a project.
#[derive(Clone, Default)]
pub struct ProjectPlan {
    /// What becomes a relation, and analyses.
    pub models: BTreeMap<NodeId, ModelPlan>,
    /// Tests.
    pub tests: BTreeMap<NodeId, TestPlan>,
    /// Models that materialisations of the project's own make. Where their text is a query, they are in `models` too.
    pub custom: BTreeMap<NodeId, CustomPlan>,
    /// What the rows of tables under a contract must meet.
    pub constraints: BTreeMap<NodeId, Arc<Constraints>>,
    /// Monitors.
    pub monitors: BTreeMap<NodeId, MonitorPlan>,
    /// For tables, the tests that move rows out of them.
    pub quarantines: BTreeMap<NodeId, Quarantine>,
    /// Unit tests.
    pub unit_tests: BTreeMap<NodeId, UnitTestPlan>,
    /// Functions that can be called.
    pub functions: BTreeSet<NodeId>,
    /// Columns of sources.
    pub sources: BTreeMap<NodeId, SchemaRef>,
    /// Tables that were opened: sources, seeds' files, and what is in the warehouse.
    pub opened: Opened,
    catalog: Arc<Catalog>,
    /// What can't be planned before something that it asks about is built, with the reason; and all that reads it.
    pub late: BTreeMap<NodeId, Diagnostic>,
    /// What is wrong with what could not be planned.
    pub faults: Faults,
    /// Lines that templates logged.
    pub lines: Vec<LogLine>,
    /// The graph as templates have it, once one has asked for it.
    nodes: Arc<OnceLock<Arc<Json>>>,
    /// The texts that the plans were made from; ephemeral models become part of those that read them.
    pub(super) compiled: BTreeMap<NodeId, Compiled>,
}

impl ProjectPlan {
    /// Every name that SQL may use.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    pub(super) fn catalog_mut(&mut self) -> &mut Catalog {
        Arc::make_mut(&mut self.catalog)
    }

    /// Whether a node's columns are known.
    pub(super) fn knows(&self, scope: &Scope<'_>, id: &NodeId) -> bool {
        self.models.contains_key(id)
            || self.custom.contains_key(id)
            || self.sources.contains_key(id)
            || self.functions.contains(id)
            || scope.existing.contains_key(id)
    }

    /// Whether tables are what their models' queries give. A statement of a hook, of a template that runs late or of a
    /// materialisation of the project's own may change any of them.
    fn tables(&self, scope: &Scope<'_>) -> Tables {
        let has_hooks = |node: &Node| {
            let config = &node.facts.config;
            let hooks = ["pre_hook", "post_hook"].map(|it| config.get(it).and_then(Json::as_array));
            hooks.into_iter().flatten().any(|it| !it.is_empty()) || matches!(node.facts.kind, NodeKind::Operation(_))
        };
        let changes = !self.late.is_empty() || !self.custom.is_empty() || scope.graph.nodes().any(has_hooks);
        if changes { Tables::MaybeChanged } else { Tables::AsPlanned }
    }

    /// The first of a node's inputs that is planned late, and so the reason that the node is.
    fn late_input(&self, node: &Node) -> Option<Diagnostic> {
        node.inputs.iter().find_map(|it| self.late.get(it)).cloned()
    }

    /// Keeps errors as the node's, and leaves warnings to be said.
    fn note(&mut self, id: &NodeId, problems: Diagnostics, found: &mut Diagnostics) {
        found.extend(self.faults.keep(id, problems));
    }

    fn add_model(&mut self, node: &Node, planned: PlannedModel, found: &mut Diagnostics) {
        found.extend(planned.found);
        let id = &node.facts.id;
        if let Some(reason) = planned.early.or_else(|| self.late_input(node)) {
            self.late.insert(id.clone(), reason);
            return;
        }
        if let Some(compiled) = planned.compiled {
            self.lines.extend(compiled.lines.iter().cloned());
            self.compiled.insert(id.clone(), compiled);
        }
        if let Some(constraints) = planned.constraints {
            self.constraints.insert(id.clone(), Arc::new(constraints));
        }
        let is_known = planned.model.is_some();
        let is_custom = planned.custom.is_some();
        if let Some(custom) = planned.custom {
            self.custom.insert(id.clone(), custom);
            if !is_known {
                let words = format!("{} makes its columns itself", node.facts.display());
                self.late
                    .insert(id.clone(), Diagnostic::warning(Code::UnknownRelation, words).at(node.facts.span.clone()));
            }
        }
        let Some(model) = planned.model else { return };
        let catalog = self.catalog_mut();
        match node.facts.materialized() {
            "ephemeral" => catalog.add_view(&in_queries(node), model.plan.clone()),
            "view" => catalog.add_view(&node.facts.relation, model.plan.clone()),
            // What a macro makes of the query is its own affair.
            _ if is_custom => catalog.add_planned(&node.facts.relation, Arc::clone(&model.schema), None),
            _ => {
                let facts = Some(QueryFacts::of(&model.plan));
                catalog.add_planned(&node.facts.relation, Arc::clone(&model.schema), facts);
            }
        }
        self.models.insert(id.clone(), model);
    }
}

/// The name of an ephemeral model's common table expression.
fn in_queries(node: &Node) -> RelationName {
    RelationName::new("", "", node.facts.expression_name())
}

/// What planning is about and what it may know.
pub struct Scope<'a> {
    /// The project.
    pub project: &'a ParsedProject,
    /// Its graph.
    pub graph: &'a Arc<Graph>,
    /// What is wanted; everything that it needs is planned too.
    pub wanted: &'a BTreeSet<NodeId>,
    /// The engine.
    pub session: &'a Session,
    /// The project's folder, for the locations of sources.
    pub folder: &'a Path,
    /// Where relations are.
    pub warehouse: &'a Warehouse,
    /// Tables that exist and that nothing in this run makes anew.
    pub existing: &'a BTreeMap<NodeId, Arc<dyn TableProvider>>,
    /// Tables that exist and that this run adds rows to.
    pub growing: &'a BTreeMap<NodeId, Arc<dyn TableProvider>>,
    /// What is known of the rows of these tables.
    pub opened: &'a Opened,
    /// The runtime, for templates that query.
    pub runtime: &'a Handle,
    /// The run, when it is under way.
    pub live: Option<&'a Arc<dyn Live>>,
    /// Queries that need not be planned again, where it only matters whether they can be.
    pub before: Option<&'a PlannedBefore>,
    /// Whether templates may ask tables as an earlier run has left them: where nothing is run, there are no others.
    pub present: bool,
}

impl Scope<'_> {
    /// What the templates of a node may know.
    pub fn surroundings(&self, plan: &ProjectPlan, node: &Node) -> Surroundings {
        let is_added_to = self.growing.contains_key(&node.facts.id);
        Surroundings {
            database: Arc::new(self.answers(plan)),
            incremental: if is_added_to { Incremental::Yes } else { Incremental::No },
            batch: None,
            conditions: event_time::sampled(self, node),
        }
    }

    /// What all texts may know of the warehouse.
    pub fn answers(&self, plan: &ProjectPlan) -> Answers {
        Answers {
            session: self.session.clone(),
            catalog: Arc::clone(&plan.catalog),
            invocation: Arc::clone(&self.project.invocation),
            warehouse: self.warehouse.clone(),
            live: self.live.cloned(),
            present: self.present,
            graph: Arc::clone(self.graph),
            nodes: Arc::clone(&plan.nodes),
            runtime: self.runtime.clone(),
        }
    }
}

/// Plans everything that is wanted, and what it needs. What is found are warnings, and errors of no node in particular;
/// all others are the plan's faults.
pub async fn plan_project(scope: &Scope<'_>) -> (ProjectPlan, Diagnostics) {
    let needed = needed(scope);
    let mut found = Diagnostics::new();
    let mut plan = ProjectPlan { opened: scope.opened.clone(), ..ProjectPlan::default() };
    plan.catalog_mut().look_elsewhere(Arc::new(Stored {
        session: scope.session.clone(),
        invocation: Arc::clone(&scope.project.invocation),
        warehouse: scope.warehouse.clone(),
        runtime: scope.runtime.clone(),
    }));
    for node in scope.graph.nodes().filter(|it| it.facts.can_be_read()) {
        plan.catalog_mut().announce(&node.facts.name);
    }
    let is_source = |it: &Node| matches!(it.facts.kind, NodeKind::Source(_));
    let has_readers = |it: &Node| scope.graph.children(&it.facts.id).iter().any(|it| needed.contains(it));
    let is_needed = |it: &&Node| needed.contains(&it.facts.id) && (!it.facts.is_ephemeral() || has_readers(it));
    // A source that nobody was seen to read may still be named when templates are rendered. Nothing has to be there, but
    // where it is asked for itself.
    let hides = |text: &str| text.contains("execute") && text.contains("source(");
    let may_be_named = scope.project.templates.macros().texts().any(hides)
        || scope.graph.nodes().filter(is_needed).any(|it| hides(&it.facts.source.text));
    let only_sources = scope.graph.nodes().filter(|it| scope.wanted.contains(&it.facts.id)).all(is_source);
    let is_idle = |it: &Node| is_source(it) && !only_sources && (!needed.contains(&it.facts.id) || !has_readers(it));
    let mut of_no_matter = Diagnostics::new();
    let mut idle = Inputs::new(scope, &mut plan, &mut of_no_matter);
    for node in scope.graph.nodes().filter(|it| is_idle(it) && (may_be_named || needed.contains(&it.facts.id))) {
        if let NodeKind::Source(facts) = &node.facts.kind {
            idle.source(node, facts).await;
        }
    }
    let mut of_inputs = Diagnostics::new();
    let mut inputs = Inputs::new(scope, &mut plan, &mut of_inputs);
    let mut opened = Vec::new();
    for node in scope.graph.nodes().filter(|it| is_needed(it) && !is_idle(it)) {
        match &node.facts.kind {
            NodeKind::Source(facts) => inputs.source(node, facts).await,
            NodeKind::Seed => inputs.seed(node).await,
            _ => {}
        }
        opened.push((&node.facts.id, inputs.found()));
    }
    opened.into_iter().for_each(|(id, problems)| plan.note(id, problems, &mut found));
    plan_functions(scope, &mut plan, &needed, &mut found);
    let mut models = Vec::new();
    for node in scope.graph.nodes().filter(is_needed) {
        let facts = &node.facts;
        if !matches!(facts.kind, NodeKind::Model | NodeKind::Analysis | NodeKind::Snapshot(_)) {
            continue;
        }
        match scope.existing.get(&facts.id) {
            Some(table) => plan.catalog_mut().add_existing(&facts.relation, Arc::clone(table)),
            None => models.push(node),
        }
        if let Some(table) = scope.growing.get(&facts.id) {
            // What `{{ this }}` means, until the model is planned.
            plan.catalog_mut().add_existing(&facts.relation, Arc::clone(table));
        }
    }
    for wave in waves(&models) {
        let planned = side_by_side(&wave, |node| plan_model(scope, &plan, node));
        for (node, planned) in planned {
            let mut of_node = Diagnostics::new();
            plan.add_model(node, planned, &mut of_node);
            plan.note(&node.facts.id, of_node, &mut found);
        }
    }
    let is_test = |it: &&Node| matches!(it.facts.kind, NodeKind::Test(_)) && needed.contains(&it.facts.id);
    let tests: Vec<&Node> = scope.graph.nodes().filter(is_test).collect();
    let tables = plan.tables(scope);
    for (node, planned) in side_by_side(&tests, |node| plan_test(scope, &plan, node, tables)) {
        let id = node.facts.id.clone();
        match planned {
            Ok(Some(planned)) => {
                plan.note(&id, planned.found, &mut found);
                plan.tests.insert(id, planned.test);
            }
            Ok(None) => plan.late.extend(plan.late_input(node).map(|reason| (id, reason))),
            Err(Uncompiled::Early(reason)) => drop(plan.late.insert(id, reason)),
            Err(Uncompiled::Wrong(problem) | Uncompiled::Misled(problem)) => {
                plan.note(&id, problem.into(), &mut found);
            }
        }
    }
    plan.quarantines = quarantine::collect(scope, &plan, &mut found);
    let is_unit_test = |it: &&Node| unit_tests::facts(it).is_some() && scope.wanted.contains(&it.facts.id);
    let unit_tests: Vec<&Node> = scope.graph.nodes().filter(is_unit_test).collect();
    for (node, planned) in side_by_side(&unit_tests, |node| unit_test(scope, &plan, node)) {
        let id = node.facts.id.clone();
        match planned {
            Ok(Some(test)) => drop(plan.unit_tests.insert(id, test)),
            Ok(None) => plan.late.extend(plan.late_input(node).map(|reason| (id, reason))),
            Err(Uncompiled::Early(reason)) => drop(plan.late.insert(id, reason)),
            Err(Uncompiled::Wrong(problem) | Uncompiled::Misled(problem)) => {
                plan.note(&id, problem.into(), &mut found);
            }
        }
    }
    let is_monitor = |it: &&Node| monitors::facts(it).is_some() && scope.wanted.contains(&it.facts.id);
    let wanted: Vec<&Node> = scope.graph.nodes().filter(is_monitor).collect();
    let monitor = |node: &&Node| monitors::facts(node).map_or(Ok(None), |it| plan_monitor(scope, &plan, node, it));
    for (node, planned) in side_by_side(&wanted, |node| monitor(&node)) {
        match planned {
            Ok(Some(monitor)) => drop(plan.monitors.insert(node.facts.id.clone(), monitor)),
            Ok(None) => plan.late.extend(plan.late_input(node).map(|reason| (node.facts.id.clone(), reason))),
            Err(problems) => plan.note(&node.facts.id, problems, &mut found),
        }
    }
    (plan, found)
}

/// Functions come before all that may call them, in the graph's order.
fn plan_functions(scope: &Scope<'_>, plan: &mut ProjectPlan, needed: &BTreeSet<NodeId>, found: &mut Diagnostics) {
    for node in scope.graph.nodes().filter(|it| needed.contains(&it.facts.id)) {
        let NodeKind::Function(facts) = &node.facts.kind else { continue };
        match plan_function(scope, plan, node, facts) {
            Ok(function) => {
                plan.catalog_mut().add_function(&node.facts.relation, Arc::new(function));
                plan.functions.insert(node.facts.id.clone());
            }
            Err(Uncompiled::Early(problem) | Uncompiled::Wrong(problem) | Uncompiled::Misled(problem)) => {
                plan.note(&node.facts.id, problem.into(), found);
            }
        }
    }
}

fn unit_test(scope: &Scope<'_>, plan: &ProjectPlan, node: &Node) -> Result<Option<UnitTestPlan>, Uncompiled> {
    unit_tests::facts(node).map_or(Ok(None), |facts| plan_unit_test(scope, plan, node, facts))
}

/// Plans a unit test that had to wait.
///
/// # Errors
/// What is wrong with it, or what is still missing.
pub fn plan_late_unit_test(
    scope: &Scope<'_>,
    plan: &RwLock<ProjectPlan>,
    node: &Node,
) -> Result<UnitTestPlan, Diagnostics> {
    let plan = plan.read().unwrap_or_else(PoisonError::into_inner);
    match unit_test(scope, &plan, node) {
        Ok(Some(test)) => Ok(test),
        Ok(None) => Err(Diagnostics::new()),
        Err(Uncompiled::Early(problem) | Uncompiled::Wrong(problem) | Uncompiled::Misled(problem)) => {
            Err(problem.into())
        }
    }
}

/// Plans a model that had to wait, now that what it asks about is there.
///
/// # Errors
/// What is wrong with it, or what is still missing.
pub fn plan_late_model(scope: &Scope<'_>, plan: &RwLock<ProjectPlan>, node: &Node) -> Result<ModelPlan, Diagnostics> {
    let planned = {
        let plan = plan.read().unwrap_or_else(PoisonError::into_inner);
        plan_model(scope, &plan, node)
    };
    let mut found = Diagnostics::new();
    let mut plan = plan.write().unwrap_or_else(PoisonError::into_inner);
    plan.late.remove(&node.facts.id);
    plan.add_model(node, planned, &mut found);
    if let Some(reason) = plan.late.get(&node.facts.id) {
        found.push(reason.clone());
    }
    match plan.models.get(&node.facts.id) {
        Some(model) if !found.has_errors() => Ok(model.clone()),
        _ => Err(found),
    }
}

/// Plans a test that had to wait, now that what it asks about is there.
///
/// # Errors
/// What is wrong with it, or what is still missing.
pub fn plan_late_test(scope: &Scope<'_>, plan: &RwLock<ProjectPlan>, node: &Node) -> Result<TestPlan, Diagnostics> {
    let planned = {
        let plan = plan.read().unwrap_or_else(PoisonError::into_inner);
        plan_test(scope, &plan, node, Tables::MaybeChanged)
    };
    match planned {
        Ok(Some(PlannedTest { test, .. })) => {
            let mut plan = plan.write().unwrap_or_else(PoisonError::into_inner);
            plan.tests.insert(node.facts.id.clone(), test.clone());
            Ok(test)
        }
        Ok(None) => Err(Diagnostics::new()),
        Err(Uncompiled::Early(problem) | Uncompiled::Wrong(problem) | Uncompiled::Misled(problem)) => {
            Err(problem.into())
        }
    }
}

/// Models, each in a wave after those of all its inputs. They come in the graph's order, inputs first.
fn waves<'a>(models: &[&'a Node]) -> Vec<Vec<&'a Node>> {
    let mut number: BTreeMap<&NodeId, usize> = BTreeMap::new();
    let mut waves: Vec<Vec<&Node>> = Vec::new();
    for node in models {
        let after = node.inputs.iter().filter_map(|it| number.get(it)).max();
        let own = after.map_or(0, |it| it + 1);
        number.insert(&node.facts.id, own);
        match waves.get_mut(own) {
            Some(wave) => wave.push(node),
            None => waves.push(vec![node]),
        }
    }
    waves
}

/// What is wanted and all that it needs, up to what exists already.
fn needed(scope: &Scope<'_>) -> BTreeSet<NodeId> {
    let mut needed = BTreeSet::new();
    let mut edge: Vec<NodeId> = scope.wanted.iter().cloned().collect();
    while let Some(id) = edge.pop() {
        if let Some(model) = scope.graph.get(&id).filter(|it| unit_tests::facts(it).is_some()) {
            // The types of what the model reads are needed, even where the model itself exists.
            edge.extend(model.inputs.iter().flat_map(|it| scope.graph.parents(it).to_vec()));
        }
        if needed.insert(id.clone()) && !scope.existing.contains_key(&id) {
            edge.extend(scope.graph.parents(&id).iter().cloned());
        }
    }
    needed
}
