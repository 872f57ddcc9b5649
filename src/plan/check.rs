//! The whole project as plans. Everything that is wrong is reported in one go; what cannot be planned takes nothing
//! else down with it but what reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, lit};

use crate::compile::{self, Compiled, Relations};
use crate::data_tests;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText, Span, closest};
use crate::graph::{Graph, Node};
use crate::jinja::{LogLine, RelationName};
use crate::materialize;
use crate::parse::{NodeId, NodeKind, ParsedProject, SourceFacts, TestForm};
use crate::plan::Session;
use crate::plan::incremental::grow;
use crate::plan::locate::smallest_failure;
use crate::plan::problem::{Origin, explain};
use crate::plan::query::{PlannedQuery, parse, plan_parsed, plan_query};
use crate::plan::relation::Catalog;
use crate::project::Json;
use crate::sources::{self, SourceOptions};

/// Plans of deeply nested queries are walked recursively.
pub const PLANNING_STACK: usize = 16 << 20;

/// A model, analysis or seed that can be executed.
#[derive(Debug, Clone)]
pub struct ModelPlan {
    /// The plan, with upstream tables as schemas.
    pub plan: LogicalPlan,
    /// Its columns.
    pub schema: SchemaRef,
    /// The SQL it was made from, as one statement that stands on its own.
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
}

/// The plans of a project.
#[derive(Clone, Default)]
pub struct ProjectPlan {
    /// What becomes a relation, and analyses.
    pub models: BTreeMap<NodeId, ModelPlan>,
    /// Tests.
    pub tests: BTreeMap<NodeId, TestPlan>,
    /// Columns of sources.
    pub sources: BTreeMap<NodeId, SchemaRef>,
    /// Every name that SQL may use.
    pub catalog: Catalog,
    /// Lines that templates logged.
    pub lines: Vec<LogLine>,
}

/// What planning is about and what it may know.
pub struct Scope<'a> {
    /// The project.
    pub project: &'a ParsedProject,
    /// Its graph.
    pub graph: &'a Graph,
    /// What is wanted; everything that it needs is planned too.
    pub wanted: &'a BTreeSet<NodeId>,
    /// The engine.
    pub session: &'a Session,
    /// The project's folder, for the locations of sources.
    pub folder: &'a Path,
    /// What exists, for templates that ask.
    pub relations: &'a dyn Relations,
    /// Tables that exist and that nothing in this run makes anew.
    pub existing: &'a BTreeMap<NodeId, Arc<dyn TableProvider>>,
    /// Tables that exist and that this run adds rows to.
    pub growing: &'a BTreeMap<NodeId, Arc<dyn TableProvider>>,
}

/// Plans everything that is wanted, and what it needs.
pub async fn plan_project(scope: &Scope<'_>) -> (ProjectPlan, Diagnostics) {
    let needed = needed(scope);
    let mut planner = Planner {
        scope,
        plan: ProjectPlan::default(),
        compiled: BTreeMap::new(),
        types: BTreeMap::new(),
        found: Diagnostics::new(),
    };
    for node in scope.graph.nodes().filter(|it| it.facts.can_be_read()) {
        planner.plan.catalog.announce(&node.facts.name);
    }
    for node in scope.graph.nodes().filter(|it| needed.contains(&it.facts.id)) {
        match &node.facts.kind {
            NodeKind::Source(facts) => planner.source(node, facts).await,
            NodeKind::Seed => planner.seed(node).await,
            NodeKind::Model | NodeKind::Analysis => planner.model(node),
            // Tests come last; of all others, nothing is planned.
            _ => {}
        }
    }
    // Nothing reads a test: they are planned side by side.
    let is_test = |it: &&Node| matches!(it.facts.kind, NodeKind::Test(_)) && needed.contains(&it.facts.id);
    let tests: Vec<&Node> = scope.graph.nodes().filter(is_test).collect();
    for (node, planned) in side_by_side(&tests, |node| planner.test(node)) {
        match planned {
            Ok(None) => {}
            Ok(Some(test)) => drop(planner.plan.tests.insert(node.facts.id.clone(), test)),
            Err(problem) => planner.found.push(problem),
        }
    }
    (planner.plan, planner.found)
}

/// What `work` makes of each node, on all processors.
fn side_by_side<'a, T: Send>(nodes: &[&'a Node], work: impl Fn(&Node) -> T + Sync) -> Vec<(&'a Node, T)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let each = |part: &[&'a Node]| part.iter().map(|node| (*node, work(node))).collect::<Vec<_>>();
    if threads == 1 || nodes.len() < 2 * threads {
        return each(nodes);
    }
    let each = &each;
    std::thread::scope(|scope| {
        let spawn = |part| {
            let thread = std::thread::Builder::new().stack_size(PLANNING_STACK);
            thread.spawn_scoped(scope, move || each(part)).map_err(|_| part)
        };
        let running: Vec<_> = nodes.chunks(nodes.len().div_ceil(threads)).map(spawn).collect();
        // Where no thread can be had, this one does the work; what panics there panics here.
        let result = |it: Result<std::thread::ScopedJoinHandle<'_, _>, _>| match it {
            Ok(handle) => handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(part) => each(part),
        };
        running.into_iter().flat_map(result).collect()
    })
}

/// What is wanted and all that it needs, up to what exists already.
fn needed(scope: &Scope<'_>) -> BTreeSet<NodeId> {
    let mut needed = BTreeSet::new();
    let mut edge: Vec<NodeId> = scope.wanted.iter().cloned().collect();
    while let Some(id) = edge.pop() {
        if needed.insert(id.clone()) && !scope.existing.contains_key(&id) {
            edge.extend(scope.graph.parents(&id).iter().cloned());
        }
    }
    needed
}

struct Planner<'a> {
    scope: &'a Scope<'a>,
    plan: ProjectPlan,
    compiled: BTreeMap<NodeId, Compiled>,
    /// Declared types as the engine has understood them: few, and written many times.
    types: BTreeMap<String, DataType>,
    found: Diagnostics,
}

impl Planner<'_> {
    async fn source(&mut self, node: &Node, facts: &SourceFacts) {
        if let Some(table) = self.scope.existing.get(&node.facts.id) {
            self.plan.sources.insert(node.facts.id.clone(), table.schema());
            self.plan.catalog.add_existing(&node.facts.relation, Arc::clone(table));
            return;
        }
        let Some((location, place)) = &facts.location else {
            // The seed that makes it has the same name, and is in the catalog by now, or its mistake is reported.
            if let Some(seed) = node.inputs.first() {
                let planned = self.plan.models.get(seed).map(|it| Arc::clone(&it.schema));
                let existing = || self.scope.existing.get(seed).map(|it| it.schema());
                if let Some(schema) = planned.or_else(existing) {
                    self.plan.sources.insert(node.facts.id.clone(), schema);
                }
                return;
            }
            self.found.push(
                Diagnostic::error(
                    Code::MissingKey,
                    format!(
                        "{} says nowhere where its files are, and the warehouse has no such table",
                        node.facts.display()
                    ),
                )
                .at(node.facts.span.clone())
                .help("add `meta: {external_location: \"data/raw/{name}.parquet\"}` to the source or its table"),
            );
            return;
        };
        let meta = node.facts.config.get("meta").and_then(Json::as_object).cloned().unwrap_or_default();
        let mut options = meta.get("external_options").and_then(Json::as_object).cloned().unwrap_or_default();
        for key in ["format", "header", "delimiter", "quote", "escape", "null", "newlines_in_values"] {
            if let Some(value) = meta.get(key).or_else(|| node.facts.config.get("external").and_then(|it| it.get(key)))
            {
                options.entry(key).or_insert_with(|| value.clone());
            }
        }
        let place = place.clone().unwrap_or_else(|| node.facts.span.clone());
        let table = self.open_files(node, location, place, options).await;
        if let Some(table) = table {
            self.plan.sources.insert(node.facts.id.clone(), table.schema());
            self.plan.catalog.add_existing(&node.facts.relation, table);
        }
    }

    async fn seed(&mut self, node: &Node) {
        if let Some(existing) = self.scope.existing.get(&node.facts.id) {
            self.plan.catalog.add_existing(&node.facts.relation, Arc::clone(existing));
            return;
        }
        let mut options = serde_json::Map::from_iter([("format".to_owned(), Json::from("csv"))]);
        if let Some(delimiter) = node.facts.config.text("delimiter") {
            options.insert("delimiter".to_owned(), Json::from(delimiter));
        }
        let table = self.open_files(node, &node.facts.path, node.facts.span.clone(), options).await;
        let Some(table) = table else { return };
        let mut files = Catalog::default();
        let content = RelationName::new("", "", node.facts.name.clone());
        files.add_existing(&content, table);
        let sql = format!("select * from \"{}\"", node.facts.name);
        match plan_query(&sql, self.scope.session, &files, &self.scope.project.invocation.target) {
            Ok(query) => {
                self.plan.catalog.add_planned(&node.facts.relation, Arc::clone(&query.schema));
                let model = ModelPlan { plan: query.plan, schema: query.schema, sql };
                self.plan.models.insert(node.facts.id.clone(), model);
            }
            Err(error) => self.found.push(self.problem(node, None, &sql, &error)),
        }
    }

    async fn open_files(
        &mut self,
        node: &Node,
        location: &str,
        place: Span,
        options: serde_json::Map<String, Json>,
    ) -> Option<Arc<dyn TableProvider>> {
        let mut declared = Vec::new();
        let column_types = node.facts.config.get("column_types").and_then(Json::as_object);
        for (name, value) in column_types.into_iter().flatten() {
            let text = value.as_str().unwrap_or_default();
            declared.push((name.clone(), self.declared_type(text, &node.facts.span), node.facts.span.clone()));
        }
        for column in &node.facts.columns {
            if !declared.iter().any(|(name, _, _)| *name == column.name) {
                let data_type = column.data_type.as_ref().and_then(|(text, span)| self.declared_type(text, span));
                declared.push((column.name.clone(), data_type, column.span.clone()));
            }
        }
        let options =
            SourceOptions { display: node.facts.display(), location: location.to_owned(), place, options, declared };
        sources::open(&options, self.scope.folder, self.scope.session.state(), &mut self.found).await
    }

    /// A type as it is written in SQL.
    fn declared_type(&mut self, text: &str, span: &Span) -> Option<DataType> {
        if let Some(known) = self.types.get(text) {
            return Some(known.clone());
        }
        let sql = format!("select cast(null as {text}) as it");
        let target = &self.scope.project.invocation.target;
        match plan_query(&sql, self.scope.session, &Catalog::default(), target) {
            Ok(query) => {
                let data_type = query.schema.field(0).data_type().clone();
                self.types.insert(text.to_owned(), data_type.clone());
                Some(data_type)
            }
            Err(_) => {
                let known =
                    ["bigint", "boolean", "date", "decimal(18, 2)", "double", "integer", "timestamp", "varchar"];
                self.found.push(
                    Diagnostic::error(Code::WrongType, format!("`{text}` is no type"))
                        .at(span.clone())
                        .help_if(closest(text, known), |it| format!("did you mean `{it}`?")),
                );
                None
            }
        }
    }

    fn model(&mut self, node: &Node) {
        let facts = &node.facts;
        if let Some(table) = self.scope.existing.get(&facts.id) {
            self.plan.catalog.add_existing(&facts.relation, Arc::clone(table));
            return;
        }
        if facts.resource_type() == crate::parse::ResourceType::Model {
            self.found.extend(materialization_problems(node));
        }
        let compiled = match compile::compile(self.scope.project, node, self.scope.relations) {
            Ok(compiled) => compiled,
            Err(problem) => {
                self.found.push(problem);
                return;
            }
        };
        self.plan.lines.extend(compiled.lines.iter().cloned());
        let sql = compiled.sql.clone();
        self.compiled.insert(facts.id.clone(), compiled);
        let growing = self.scope.growing.get(&facts.id);
        if let Some(table) = growing {
            // What `{{ this }}` means, until the model is planned.
            self.plan.catalog.add_existing(&facts.relation, Arc::clone(table));
        }
        let planned = self.plan_sql(node, Some(&facts.source), &sql).and_then(|planned| match (planned, growing) {
            (Some(new), Some(table)) => grow(facts, table, new).map(Some),
            (planned, _) => Ok(planned),
        });
        let planned = planned.unwrap_or_else(|problem| {
            self.found.push(problem);
            None
        });
        if let Some(query) = planned {
            self.report_columns(node, &query.schema);
            match facts.materialized() {
                "ephemeral" => {
                    let name = RelationName::new("", "", facts.expression_name());
                    self.plan.catalog.add_view(&name, query.plan.clone());
                }
                "view" => self.plan.catalog.add_view(&facts.relation, query.plan.clone()),
                _ => self.plan.catalog.add_planned(&facts.relation, Arc::clone(&query.schema)),
            }
            let sql = compile::with_ephemerals(node, &sql, self.scope.graph, &self.compiled);
            let model = ModelPlan { plan: query.plan, schema: query.schema, sql };
            self.plan.models.insert(facts.id.clone(), model);
        }
    }

    /// The query of a test; nothing when it reads what could not be planned.
    fn test(&self, node: &Node) -> Result<Option<TestPlan>, Diagnostic> {
        let sql = data_tests::query(self.scope.project, node, self.scope.relations)?;
        // Better now than when the test has been asked.
        data_tests::verdict(0, &node.facts.config, &node.facts.span)?;
        let NodeKind::Test(test) = &node.facts.kind else { return Ok(None) };
        let template = matches!(test.form, TestForm::Singular).then_some(&node.facts.source);
        let limited = match node.facts.config.get("limit").and_then(Json::as_u64) {
            Some(limit) => format!("select * from (\n{sql}\n) dbt_limited limit {limit}"),
            None => sql.clone(),
        };
        let template = template.filter(|_| limited == sql);
        let Some(rows) = self.plan_sql(node, template, &limited)? else { return Ok(None) };
        let count = match node.facts.config.text("fail_calc") {
            None => count_rows(&rows.plan).map_err(|error| self.problem(node, template, &limited, &error))?,
            Some(calculation) => {
                let sql = format!("select {calculation} as failures from (\n{limited}\n) dbt_internal_test");
                let Some(query) = self.plan_sql(node, None, &sql)? else { return Ok(None) };
                query.plan
            }
        };
        let sql = compile::with_ephemerals(node, &limited, self.scope.graph, &self.compiled);
        Ok(Some(TestPlan { count, rows, sql }))
    }

    /// The plan of a node's SQL; nothing when it reads what could not be planned.
    fn plan_sql(
        &self,
        node: &Node,
        template: Option<&Arc<SourceText>>,
        sql: &str,
    ) -> Result<Option<PlannedQuery>, Diagnostic> {
        // What an input's own mistake kept out of the catalog is that input's mistake, reported there.
        let is_planned = |id: &NodeId| {
            let scope = self.scope;
            self.plan.models.contains_key(id) || self.plan.sources.contains_key(id) || scope.existing.contains_key(id)
        };
        if !node.inputs.iter().all(is_planned) {
            return Ok(None);
        }
        let target = &self.scope.project.invocation.target;
        let plan = |query| plan_parsed(query, self.scope.session, &self.plan.catalog, target);
        let parse = || parse(sql, target.dialect);
        parse().and_then(plan).map(Some).map_err(|error| {
            let locate = || smallest_failure(&parse().ok()?, &|query| plan(query).map(drop));
            let who = node.facts.display();
            let origin = Origin { sql, template, fallback: &node.facts.span, who: &who };
            explain(&error, &origin, &self.plan.catalog, locate).note_if(self.unset(node))
        })
    }

    /// Jinja prints what nothing sets as nothing, and the SQL around it is then wrong in ways that hide the reason.
    fn unset(&self, node: &Node) -> Option<String> {
        let printed_in = &self.compiled.get(&node.facts.id)?.unset;
        let names = self.scope.project.templates.unset_names(&node.facts.source);
        let names = names.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
        match printed_in.first() {
            Some(path) if *path == node.facts.path && !names.is_empty() => {
                Some(format!("nothing sets {names} in this template, so it is printed as nothing"))
            }
            Some(path) => {
                Some(format!("{path} prints a value that nothing sets, and so nothing: is an argument missing?"))
            }
            None => None,
        }
    }

    fn problem(
        &self,
        node: &Node,
        template: Option<&Arc<SourceText>>,
        sql: &str,
        error: &datafusion::error::DataFusionError,
    ) -> Diagnostic {
        let who = node.facts.display();
        let origin = Origin { sql, template, fallback: &node.facts.span, who: &who };
        explain(error, &origin, &self.plan.catalog, || None)
    }

    /// Descriptions and contracts against what the plan says.
    fn report_columns(&mut self, node: &Node, schema: &SchemaRef) {
        let names: Vec<&str> = schema.fields().iter().map(|it| it.name().as_str()).collect();
        let mut seen = BTreeSet::new();
        for name in &names {
            if !seen.insert(name.to_lowercase()) {
                self.found.push(
                    Diagnostic::error(
                        Code::InvalidQuery,
                        format!("{} has two columns called `{name}`", node.facts.display()),
                    )
                    .at(node.facts.span.clone())
                    .help("give one of them another name with `as`, or list the columns instead of `*`"),
                );
            }
        }
        for column in &node.facts.columns {
            if !names.iter().any(|it| it.eq_ignore_ascii_case(&column.name)) {
                self.found.push(
                    Diagnostic::warning(
                        Code::UnknownColumn,
                        format!("{} has no column `{}`, which is described here", node.facts.display(), column.name),
                    )
                    .at(column.span.clone())
                    .help_if(closest(&column.name, names.iter().copied()), |it| format!("did you mean `{it}`?")),
                );
            }
        }
    }
}

/// Materialisations of dbt's that are to come.
const LATER: &[&str] = &["external", "materialized_view", "snapshot"];

/// What is asked of a model and can't be done.
fn materialization_problems(node: &Node) -> Diagnostics {
    let facts = &node.facts;
    let name = facts.materialized();
    let mut found = Diagnostics::new();
    if materialize::decide(name, materialize::Existing::Absent).is_none() {
        let place = facts.config.place("materialized").unwrap_or_else(|| config_call(node));
        let problem = if LATER.contains(&name) {
            let message = format!("{}: materialization `{name}` is not available yet", facts.display());
            Diagnostic::error(Code::Unsupported, message)
                .help("use `table`, which gives the same rows by building them anew")
        } else {
            let message = format!("{} asks for materialization `{name}`, which does not exist", facts.display());
            Diagnostic::error(Code::UnknownMaterialization, message)
                .help_if(closest(name, materialize::names()), |it| format!("did you mean `{it}`?"))
        };
        let names = materialize::names().collect::<Vec<_>>().join(", ");
        found.push(problem.at(place).note(format!("there is: {names}")));
    }
    for hook in ["pre_hook", "post_hook"] {
        if facts.config.get(hook).and_then(Json::as_array).is_some_and(|it| !it.is_empty()) {
            let message = format!("{}: `{hook}` is not run yet", facts.display());
            found.push(
                Diagnostic::warning(Code::Unsupported, message)
                    .at(facts.config.place(hook).unwrap_or_else(|| facts.span.clone())),
            );
        }
    }
    found
}

/// The place of a model's `config()` call.
fn config_call(node: &Node) -> Span {
    let text = &node.facts.source.text;
    match text.find("materialized") {
        Some(start) => {
            let end = text[start..].find([',', ')', '\n']).map_or(text.len(), |it| start + it);
            Span::new(&node.facts.source, start..end)
        }
        None => node.facts.span.clone(),
    }
}

fn count_rows(plan: &LogicalPlan) -> datafusion::error::Result<LogicalPlan> {
    LogicalPlanBuilder::from(plan.clone())
        .aggregate(Vec::<datafusion::logical_expr::Expr>::new(), vec![count(lit(1_i64)).alias("failures")])?
        .build()
}
