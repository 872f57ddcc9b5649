//! One model or analysis: its template rendered, its query planned, its columns held against what is said of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use crate::compile::{self, Compiled, Uncompiled};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Severity, SourceText, Span, closest};
use crate::graph::Node;
use crate::materialize;
use crate::parse::{Column, NodeKind, Strategy};
use crate::plan::constraints::{self, Constraints};
use crate::plan::contracts;
use crate::plan::delta_types;
use crate::plan::incremental::{self, grow};
use crate::plan::locate::smallest_failure;
use crate::plan::microbatch::{is_microbatch, plan_microbatch};
use crate::plan::problem::{Callers, Origin, explain};
use crate::plan::project::{CustomPlan, ModelPlan, ProjectPlan, Scope};
use crate::plan::query::{PlannedQuery, parse, plan_parsed, statements};
use crate::plan::relation::Catalog;
use crate::plan::review;
use crate::plan::session::Session;
use crate::project::Target;

/// What planning a model gave.
#[derive(Default)]
pub(super) struct PlannedModel {
    pub(super) compiled: Option<Compiled>,
    /// None where something is wrong, with it or with what it reads, or where it is too early.
    pub(super) model: Option<ModelPlan>,
    /// What its rows must meet.
    pub(super) constraints: Option<Constraints>,
    /// The materialisation of the project's own that makes it.
    pub(super) custom: Option<CustomPlan>,
    /// Why it has to be planned when what it reads is there.
    pub(super) early: Option<Diagnostic>,
    pub(super) found: Diagnostics,
}

/// Plans a model or analysis.
pub(super) fn plan_model(scope: &Scope<'_>, plan: &ProjectPlan, node: &Node) -> PlannedModel {
    let facts = &node.facts;
    let mut planned = PlannedModel::default();
    let custom = custom_materialization(scope, node);
    if facts.resource_type() == crate::parse::ResourceType::Model && custom.is_none() {
        planned.found.extend(materialization_problems(scope, node));
    }
    if is_microbatch(facts) && custom.is_none() {
        let mut batches = plan_microbatch(scope, plan, node);
        if let Some(model) = &batches.model {
            report_columns(node, &model.schema, &mut batches.found);
            batches.constraints = constraints::of(scope, facts, &model.schema, &mut batches.found);
        }
        planned.found.extend(std::mem::take(&mut batches.found));
        return PlannedModel { found: planned.found, ..batches };
    }
    let compiled = match compiled(scope, plan, node) {
        Ok(compiled) => compiled,
        Err(Uncompiled::Early(problem)) => {
            planned.early = Some(problem);
            return planned;
        }
        Err(Uncompiled::Misled(_)) if !knows_inputs(scope, plan, node) => return planned,
        Err(Uncompiled::Wrong(problem) | Uncompiled::Misled(problem)) => {
            planned.found.push(problem);
            return planned;
        }
    };
    let (compiled, around) = compiled;
    // The query of a snapshot is made around the text of its template, where places would be wrong.
    let header = header(scope, node);
    let template = (around.is_none() && header.is_none()).then_some(&facts.source);
    let sql = around.unwrap_or_else(|| compiled.sql.clone());
    let sql = header.map_or(sql.clone(), |header| format!("{header}\n{sql}"));
    let compiled = planned.compiled.insert(compiled);
    if let Some(macro_name) = custom {
        let sql = compile::with_ephemerals(node, &sql, scope.graph, &plan.compiled);
        // What the macro makes of its text is its own affair; where the text is a query, its columns are a good guess.
        let query = plan_sql(scope, plan, node, None, &sql).ok().flatten();
        planned.model =
            query.map(|it| ModelPlan { arriving: it.plan.clone(), plan: it.plan, schema: it.schema, sql: sql.clone() });
        planned.custom = Some(CustomPlan { macro_name, sql });
        return planned;
    }
    let query = plan_sql(scope, plan, node, template, &sql).map_err(|it| it.note_if(unset(scope, node, compiled)));
    let query = query.and_then(|query| {
        let Some(new) = query else { return Ok(None) };
        let new = if facts.is_delta() { delta_types::fit(facts, new)? } else { new };
        let arriving = new.plan.clone();
        if facts.materialized() != "incremental" {
            return Ok(Some((new, arriving)));
        }
        match scope.growing.get(&facts.id) {
            Some(table) => grow(scope, facts, table, new).map(|grown| Some((grown, arriving))),
            None => Ok(Some((new, arriving))),
        }
    });
    match query {
        Ok(Some((query, arriving))) => {
            planned.found.extend(suspicions(scope, node, template, &sql, &query));
            if facts.materialized() == "incremental" && !scope.growing.contains_key(&facts.id) {
                planned.found.extend(incremental::check_settings(facts, &query.schema));
            }
            report_columns(node, &query.schema, &mut planned.found);
            planned.found.extend(missing_check_columns(node, &query.schema).into_iter().collect());
            if facts.resource_type() == crate::parse::ResourceType::Model {
                planned.found.extend(contracts::broken(scope, node, &query.schema).into_iter().collect());
                planned.constraints = constraints::of(scope, facts, &query.schema, &mut planned.found);
            }
            let sql = compile::with_ephemerals(node, &sql, scope.graph, &plan.compiled);
            planned.model = Some(ModelPlan { plan: query.plan, arriving, schema: query.schema, sql });
        }
        Ok(None) => {}
        Err(problem) => planned.found.push(problem),
    }
    planned
}

/// The macro that makes a model, where its materialisation is one of the project's or of its packages.
fn custom_materialization(scope: &Scope<'_>, node: &Node) -> Option<String> {
    let facts = &node.facts;
    if !matches!(facts.kind, NodeKind::Model) {
        return None;
    }
    let macros = scope.project.templates.macros();
    let adapter = scope.project.invocation.target.kind.as_str();
    let named = |adapter: &str| {
        let name = format!("materialization_{}_{adapter}", facts.materialized());
        macros.find(&name, &facts.package).map(|it| it.full_name())
    };
    named(adapter).or_else(|| named("default"))
}

/// What a model's `sql_header` puts in front of its query. Statements that stand alone there are for sessions of a
/// database; what is left is the beginning of the query itself.
fn header(scope: &Scope<'_>, node: &Node) -> Option<String> {
    let header = node.facts.config.text("sql_header")?.trim();
    let is_whole = statements(header, scope.project.invocation.target.dialect).is_ok();
    (!is_whole).then(|| header.to_owned())
}

/// A node's text and, for a snapshot, the query around it.
fn compiled(scope: &Scope<'_>, plan: &ProjectPlan, node: &Node) -> Result<(Compiled, Option<String>), Uncompiled> {
    let surroundings = scope.surroundings(plan, node);
    match &node.facts.kind {
        NodeKind::Snapshot(facts) => {
            let both = compile::compile_snapshot(scope.project, node, facts, &surroundings);
            both.map(|(compiled, around)| (compiled, Some(around)))
        }
        _ => compile::compile(scope.project, node, &surroundings).map(|it| (it, None)),
    }
}

/// Whether the columns of all that a node reads are known.
pub(super) fn knows_inputs(scope: &Scope<'_>, plan: &ProjectPlan, node: &Node) -> bool {
    node.inputs.iter().all(|it| plan.knows(scope, it))
}

/// The plan of a node's SQL; nothing when it reads what could not be planned.
pub(super) fn plan_sql(
    scope: &Scope<'_>,
    plan: &ProjectPlan,
    node: &Node,
    template: Option<&Arc<SourceText>>,
    sql: &str,
) -> Result<Option<PlannedQuery>, Diagnostic> {
    let (catalog, target) = (plan.catalog(), &scope.project.invocation.target);
    let before = scope.before.filter(|_| knows_inputs(scope, plan, node));
    if let Some(planned) = before.and_then(|it| it.find(sql, catalog, target)) {
        return Ok(Some(planned));
    }
    let who = node.facts.display();
    let macros = Some(callers(scope, node));
    let text = Origin { sql, template, fallback: &node.facts.span, who: &who, macros };
    let planned = plan_text(scope, plan, node, &text)?;
    if let (Some(before), Some(planned)) = (before, &planned) {
        before.keep(sql, planned, catalog, target);
    }
    Ok(planned)
}

/// The same for a text that stands elsewhere than its node.
pub(super) fn plan_text(
    scope: &Scope<'_>,
    plan: &ProjectPlan,
    node: &Node,
    text: &Origin<'_>,
) -> Result<Option<PlannedQuery>, Diagnostic> {
    // What an input's own mistake kept out of the catalog is that input's mistake, reported there.
    if !knows_inputs(scope, plan, node) {
        return Ok(None);
    }
    plan_from(text, scope.session, plan.catalog(), &scope.project.invocation.target).map(Some)
}

/// A query that is made of what stands at a place.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// The query.
    pub sql: &'a str,
    /// Whose it is: `source `raw.orders``.
    pub who: &'a str,
    /// Where what it is made of is written.
    pub place: &'a Span,
}

/// Plans a query that is made of what stands at a place.
///
/// # Errors
/// What is wrong with it, there.
pub fn plan_written(
    written: &Written<'_>,
    session: &Session,
    catalog: &Catalog,
    target: &Target,
) -> Result<PlannedQuery, Diagnostic> {
    let Written { sql, who, place } = *written;
    plan_from(&Origin { sql, template: None, fallback: place, who, macros: None }, session, catalog, target)
}

fn plan_from(
    text: &Origin<'_>,
    session: &Session,
    catalog: &Catalog,
    target: &Target,
) -> Result<PlannedQuery, Diagnostic> {
    let planned = |query| plan_parsed(query, session, catalog, target);
    let parse = || parse(text.sql, target.dialect);
    parse().and_then(planned).map_err(|error| {
        let locate = || smallest_failure(&parse().ok()?, &|query| planned(query).map(drop));
        explain(&error, text, catalog, locate)
    })
}

/// Whose macros may have written a node's text.
fn callers<'a>(scope: &Scope<'a>, node: &'a Node) -> Callers<'a> {
    let made_by = match &node.facts.kind {
        NodeKind::Test(_) => node.macros.first().map(String::as_str),
        _ => None,
    };
    let own = scope.project.file.name.value.as_str();
    Callers { macros: scope.project.templates.macros(), package: &node.facts.package, own, made_by }
}

/// What a query says and surely doesn't mean. Only errors are told of packages, which others have to mend, and of tests,
/// which ask for what should not be there.
pub(super) fn suspicions(
    scope: &Scope<'_>,
    node: &Node,
    template: Option<&Arc<SourceText>>,
    sql: &str,
    query: &PlannedQuery,
) -> Diagnostics {
    let who = node.facts.display();
    let origin = Origin { sql, template, fallback: &node.facts.span, who: &who, macros: Some(callers(scope, node)) };
    let is_own = node.facts.package == scope.project.file.name.value;
    let is_test = matches!(node.facts.kind, NodeKind::Test(_));
    let is_told =
        |it: &Diagnostic| it.severity == Severity::Error || is_own && (!is_test || it.code != Code::NeverTrue);
    review::report(&query.findings, &origin).into_iter().filter(is_told).collect()
}

/// Jinja prints what nothing sets as nothing, and the SQL around it is then wrong in ways that hide the reason.
fn unset(scope: &Scope<'_>, node: &Node, compiled: &Compiled) -> Option<String> {
    let names = scope.project.templates.unset_names(&node.facts.source);
    let names = names.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    match compiled.unset.first() {
        Some(path) if *path == node.facts.path && !names.is_empty() => {
            Some(format!("nothing sets {names} in this template, so it is printed as nothing"))
        }
        Some(path) => Some(format!("{path} prints a value that nothing sets, and so nothing: is an argument missing?")),
        None => None,
    }
}

/// What the engine says of a node's SQL, at the node.
pub(super) fn problem(
    plan: &ProjectPlan,
    node: &Node,
    sql: &str,
    error: &datafusion::error::DataFusionError,
) -> Diagnostic {
    let who = node.facts.display();
    let origin = Origin { sql, template: None, fallback: &node.facts.span, who: &who, macros: None };
    explain(error, &origin, plan.catalog(), || None)
}

/// Descriptions and contracts against what the plan says.
fn report_columns(node: &Node, schema: &SchemaRef, found: &mut Diagnostics) {
    let names: Vec<&str> = schema.fields().iter().map(|it| it.name().as_str()).collect();
    let mut seen = BTreeSet::new();
    for name in &names {
        if !seen.insert(name.to_lowercase()) {
            found.push(
                Diagnostic::error(
                    Code::InvalidQuery,
                    format!("{} has two columns called `{name}`", node.facts.display()),
                )
                .at(node.facts.span.clone())
                .help("give one of them another name with `as`, or list the columns instead of `*`"),
            );
        }
    }
    report_described(node, schema, found);
}

/// A column that a snapshot is to compare and that there is not.
fn missing_check_columns(node: &Node, schema: &SchemaRef) -> Option<Diagnostic> {
    let NodeKind::Snapshot(snapshot) = &node.facts.kind else { return None };
    let Some(Strategy::Check { columns: Some(columns), .. }) = &snapshot.strategy else { return None };
    let names = || schema.fields().iter().map(|it| it.name().as_str());
    let missing = columns.iter().find(|it| !names().any(|name| name.eq_ignore_ascii_case(it)))?;
    let words = format!("{}: `check_cols` names `{missing}`, which its query does not have", node.facts.display());
    let problem = Diagnostic::error(Code::UnknownColumn, words).at(node.facts.place_of_config("check_cols"));
    Some(problem.help_if(closest(missing, names()), |it| format!("did you mean `{it}`?")))
}

/// Columns that are described and that there are not.
pub(super) fn report_described(node: &Node, schema: &SchemaRef, found: &mut Diagnostics) {
    let names: Vec<&str> = schema.fields().iter().map(|it| it.name().as_str()).collect();
    let persists = node.facts.config.get("persist_docs").and_then(|it| it.get("columns"));
    if persists.and_then(crate::project::Json::as_bool) == Some(true) {
        found.extend(undocumentable(node, &names).into_iter().collect());
        return;
    }
    for column in &node.facts.columns {
        if !names.iter().any(|it| it.eq_ignore_ascii_case(&column.name)) {
            found.push(
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

/// Described columns that `persist_docs` finds no place for, in dbt's words. A name in quotes is one in exactly its
/// letters.
fn undocumentable(node: &Node, names: &[&str]) -> Option<Diagnostic> {
    let is_there = |it: &Column| names.iter().any(|name| it.is_called(name));
    let missing: Vec<&Column> = node.facts.columns.iter().filter(|it| !is_there(it)).collect();
    let listed = missing.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ");
    let words = format!(
        "In relation {}: The following columns are specified in the schema but are not present in the database: {listed}",
        node.facts.relation
    );
    let near = closest(&missing.first()?.name, names.iter().copied());
    let problem = Diagnostic::warning(Code::UnknownColumn, words).at(missing.first()?.span.clone());
    Some(problem.help_if(near, |it| format!("did you mean `{it}`?")))
}

/// What is asked of a model and can't be done.
fn materialization_problems(scope: &Scope<'_>, node: &Node) -> Diagnostics {
    let facts = &node.facts;
    let name = facts.materialized();
    let mut found = Diagnostics::new();
    if name == "external" {
        found.extend(materialize::Export::read(facts, &scope.project.invocation.target).err().into_iter().collect());
    }
    if materialize::decide(name, materialize::Existing::Absent).is_none() {
        let place = facts.place_of_config("materialized");
        let message = format!("{} asks for materialization `{name}`, which does not exist", facts.display());
        let names = materialize::names().collect::<Vec<_>>().join(", ");
        found.push(
            Diagnostic::error(Code::UnknownMaterialization, message)
                .help_if(closest(name, materialize::names()), |it| format!("did you mean `{it}`?"))
                .at(place)
                .note(format!("there is: {names}")),
        );
    }
    found
}
