//! Models that are made in batches of time: each batch's query over that batch's rows of the inputs, all in one plan, so
//! that the table changes once and whole.

use std::sync::Arc;

use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};

use crate::compile::{self, Batch, BatchSize, Uncompiled};
use crate::diagnostics::{Code, Diagnostic, closest};
use crate::graph::Node;
use crate::jinja::{RelationName, TimeSpan, moment};
use crate::parse::NodeFacts;
use crate::plan::event_time;
use crate::plan::incremental::{columns, problem, settle_columns};
use crate::plan::models::{PlannedModel, plan_sql, suspicions};
use crate::plan::project::{ModelPlan, ProjectPlan, Scope};
use crate::plan::query::{PlannedQuery, plan_query};
use crate::plan::relation::Catalog;
use crate::project::Json;

/// Whether a model is made in batches of time.
pub(super) fn is_microbatch(facts: &NodeFacts) -> bool {
    facts.materialized() == "incremental" && facts.config.text("incremental_strategy") == Some("microbatch")
}

/// What a model says about its batches.
struct Batches {
    /// Its own column of time.
    event_time: String,
    size: BatchSize,
    /// From when on to when each, in order.
    spans: Vec<TimeSpan>,
}

/// Plans all batches of a run.
pub(super) fn plan_microbatch(scope: &Scope<'_>, plan: &ProjectPlan, node: &Node) -> PlannedModel {
    let mut planned = PlannedModel::default();
    match plan_batches(scope, plan, node, &mut planned) {
        Ok(()) => {}
        Err(Uncompiled::Early(reason)) => planned.early = Some(reason),
        Err(Uncompiled::Wrong(problem) | Uncompiled::Misled(problem)) => planned.found.push(problem),
    }
    planned
}

fn plan_batches(
    scope: &Scope<'_>,
    plan: &ProjectPlan,
    node: &Node,
    planned: &mut PlannedModel,
) -> Result<(), Uncompiled> {
    let facts = &node.facts;
    let batches = batches(scope, facts).map_err(Uncompiled::Wrong)?;
    let sample = scope.project.invocation.excerpt.sample;
    let mut queries: Vec<PlannedQuery> = Vec::new();
    for (start, end) in &batches.spans {
        let mut around = scope.surroundings(plan, node);
        around.conditions = event_time::conditions(scope, node, event_time::both((*start, *end), sample));
        around.batch = Some(Batch { id: batches.size.id(*start), start: *start, end: *end });
        let compiled = compile::compile(scope.project, node, &around)?;
        let query = plan_sql(scope, plan, node, Some(&facts.source), &compiled.sql).map_err(Uncompiled::Wrong)?;
        planned.compiled = Some(compiled);
        // What it reads could not be planned, which was reported there.
        let Some(query) = query else { return Ok(()) };
        if let Some(compiled) = planned.compiled.as_ref().filter(|_| queries.is_empty()) {
            planned.found.extend(suspicions(scope, node, Some(&facts.source), &compiled.sql, &query));
        }
        queries.push(query);
    }
    let sql = planned.compiled.as_ref().map(|it| it.sql.clone()).unwrap_or_default();
    let wrong = |error: datafusion::error::DataFusionError| {
        let words = format!("{}: {}", facts.display(), error.strip_backtrace());
        Uncompiled::Wrong(problem(facts, "incremental_strategy", Code::InvalidQuery, words))
    };
    let new = union(queries).map_err(wrong)?;
    let Some(new) = new else {
        let words = format!("{}: there is no batch to make: `begin` lies in the future", facts.display());
        return Err(Uncompiled::Wrong(problem(facts, "begin", Code::WrongValue, words)));
    };
    let arriving = new.plan.clone();
    let whole = match scope.growing.get(&facts.id) {
        None => new,
        Some(table) => {
            let schema = settle_columns(facts, &table.schema(), &new.schema).map_err(Uncompiled::Wrong)?;
            let mut catalog = Catalog::default();
            let name = RelationName::new(
                &scope.project.invocation.target.database,
                &scope.project.invocation.target.schema,
                "existing",
            );
            catalog.add_existing(&name, Arc::clone(table));
            let (first, last) = (batches.spans.first(), batches.spans.last());
            let range = first.zip(last).map(|(first, last)| event_time::within(&batches.event_time, (first.0, last.1)));
            let others = format!("select * from existing where not coalesce({}, false)", range.unwrap_or_default());
            let target = &scope.project.invocation.target;
            let others = plan_query(&others, scope.session, &catalog, target).map_err(wrong)?;
            let both = || -> EngineResult<LogicalPlan> {
                let kept = columns(None, &others.schema, &schema);
                let kept = LogicalPlanBuilder::from(others.plan.clone()).project(kept)?;
                let rows = columns(None, &new.schema, &schema);
                kept.union(LogicalPlanBuilder::from(new.plan.clone()).project(rows)?.build()?)?.build()
            };
            PlannedQuery { plan: both().map_err(wrong)?, schema, findings: Vec::new(), meant: None }
        }
    };
    planned.model = Some(ModelPlan { plan: whole.plan, arriving, schema: whole.schema, sql });
    Ok(())
}

fn union(queries: Vec<PlannedQuery>) -> EngineResult<Option<PlannedQuery>> {
    let mut queries = queries.into_iter();
    let Some(first) = queries.next() else { return Ok(None) };
    let mut whole = LogicalPlanBuilder::from(first.plan);
    for query in queries {
        whole = whole.union(query.plan)?;
    }
    Ok(Some(PlannedQuery { plan: whole.build()?, schema: first.schema, findings: first.findings, meant: None }))
}

fn batches(scope: &Scope<'_>, facts: &NodeFacts) -> Result<Batches, Diagnostic> {
    let text = |key: &str| facts.config.text(key);
    let missing = |key: &str, example: &str| {
        let words = format!("{} is made in batches of time, but has no `{key}`", facts.display());
        problem(facts, "incremental_strategy", Code::MissingKey, words).help(format!("write `{key}: {example}`"))
    };
    let wrong = |key: &str, value: &str| {
        let words = format!("{}: `{key}` can't be `{value}`", facts.display());
        problem(facts, key, Code::WrongValue, words)
    };
    let event_time = text("event_time").ok_or_else(|| missing("event_time", "created_at"))?.to_owned();
    let size = text("batch_size").ok_or_else(|| missing("batch_size", "day"))?;
    let names = ["day", "hour", "month", "year"];
    let size = BatchSize::named(size).ok_or_else(|| {
        wrong("batch_size", size)
            .help_if(closest(size, names), |it| format!("did you mean `{it}`?"))
            .note(format!("there is: {}", names.join(", ")))
    })?;
    let begin = text("begin").ok_or_else(|| missing("begin", "2024-01-01"))?;
    let begin = moment(begin).ok_or_else(|| wrong("begin", begin).help("write a date: `2024-01-01`"))?;
    let lookback = match facts.config.get("lookback") {
        None | Some(Json::Null) => 1,
        Some(value) => value.as_i64().filter(|it| *it >= 0).ok_or_else(|| wrong("lookback", &value.to_string()))?,
    };
    let begin = Some(begin).filter(|_| !scope.growing.contains_key(&facts.id));
    // As in dbt, the batches of a sample are those that it touches.
    let excerpt = &scope.project.invocation.excerpt;
    let spans = match excerpt.sample.or(excerpt.batches) {
        Some(span) => size.touched_by(span),
        None => size.batches(scope.project.invocation.started_at, begin, lookback),
    };
    Ok(Batches { event_time, size, spans })
}
