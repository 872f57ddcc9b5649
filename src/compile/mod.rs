//! From a node to its final SQL: templates rendered with every reference resolved.
//! Asks what exists through a `Database`; plans nothing and runs nothing.

mod batches;
mod nodes;
mod snapshot;
mod unit_test;

pub use batches::BatchSize;
pub use nodes::{describe, describe_graph};
pub use snapshot::compile_snapshot;
pub use unit_test::{StandIn, compile_unit_test, stand_ins};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::diagnostics::{Diagnostic, SourceText};
use crate::graph::{Graph, Node};
use crate::jinja::{Database, Incremental, LogLine, Phase, RelationName, Scope};
use crate::parse::{NodeId, ParsedProject};

/// Why a node has no SQL.
#[derive(Debug)]
pub enum Uncompiled {
    /// Its template is wrong.
    Wrong(Diagnostic),
    /// Its template is wrong, after it has asked the warehouse: if what it reads is wrong, the mistake may be there.
    Misled(Diagnostic),
    /// Its template asks for rows that are not there yet; the diagnostic says so, should nobody ask again.
    Early(Diagnostic),
}

/// What templates may know of the world.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The warehouse.
    pub database: Arc<dyn Database>,
    /// Whether the node's table is there and is added to.
    pub incremental: Incremental,
    /// The batch of time that is made.
    pub batch: Option<Batch>,
    /// Inputs that are read in part, each with the condition that its rows must meet.
    pub conditions: Vec<(RelationName, String)>,
}

/// One batch of a model that is made in batches of time.
#[derive(Debug, Clone)]
pub struct Batch {
    /// dbt's name for it: `20240131`.
    pub id: String,
    /// Its first moment.
    pub start: DateTime<Utc>,
    /// The first moment after it.
    pub end: DateTime<Utc>,
}

/// The final SQL of a node.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The rendered text. References to ephemeral models are names of common table expressions.
    pub sql: String,
    /// What the template logged.
    pub lines: Vec<LogLine>,
    /// Files that printed a value that nothing sets.
    pub unset: BTreeSet<String>,
}

/// Renders one model, analysis or singular test.
///
/// # Errors
/// What went wrong in the template, at its place.
pub fn compile(project: &ParsedProject, node: &Node, surroundings: &Surroundings) -> Result<Compiled, Uncompiled> {
    let scope = Arc::new(scope(project, node, surroundings));
    let rendered = project.templates.render(&node.facts.source, &scope);
    let sql = rendered.map_err(|problem| uncompiled(problem, &scope))?;
    let captured = std::mem::take(&mut *scope.captured());
    Ok(Compiled { sql: without_end(&sql), lines: captured.lines, unset: captured.unset })
}

/// A failed rendering: wrong, or only too early.
pub fn uncompiled(problem: Diagnostic, scope: &Scope) -> Uncompiled {
    let captured = scope.captured();
    match (captured.early, captured.asked) {
        (true, _) => Uncompiled::Early(problem),
        (false, true) => Uncompiled::Misled(problem),
        (false, false) => Uncompiled::Wrong(problem),
    }
}

/// A trailing semicolon ends a statement; inside of another one it would be a mistake.
fn without_end(sql: &str) -> String {
    let trimmed = sql.trim_end();
    trimmed.strip_suffix(';').unwrap_or(trimmed).to_owned()
}

/// Renders a query that a user gave on the command line. Its references must be nodes of the graph.
///
/// # Errors
/// What went wrong in the template.
pub fn compile_inline(
    project: &ParsedProject,
    source: &Arc<SourceText>,
    calls: &Arc<crate::graph::Calls>,
    database: Arc<dyn Database>,
) -> Result<Compiled, Diagnostic> {
    let resolve = Arc::clone(calls) as Arc<dyn crate::jinja::Resolve>;
    let phase = Phase::Compile { resolve, incremental: Incremental::No, database };
    let scope = Arc::new(Scope::new(&project.invocation, phase));
    let sql = project.templates.render_text(source, &scope)?;
    let captured = std::mem::take(&mut *scope.captured());
    Ok(Compiled { sql: without_end(&sql), lines: captured.lines, unset: captured.unset })
}

/// The context in which a node's templates render.
pub fn scope(project: &ParsedProject, node: &Node, surroundings: &Surroundings) -> Scope {
    let facts = &node.facts;
    let resolve = Arc::clone(&node.calls) as Arc<dyn crate::jinja::Resolve>;
    let Surroundings { database, incremental, batch, conditions } = surroundings.clone();
    let phase = Phase::Compile { resolve, incremental, database };
    let mut scope = Scope::new(&project.invocation, phase);
    scope.package.clone_from(&facts.package);
    scope.this = Some(facts.relation.clone());
    scope.config = facts.config.clone();
    scope.model = describe(facts);
    scope.conditions = conditions;
    if let (Some(Batch { id, start, end }), serde_json::Value::Object(model)) = (batch, &mut scope.model) {
        let text = |it: DateTime<Utc>| it.format("%Y-%m-%d %H:%M:%S+00:00").to_string();
        let batch = serde_json::json!({"id": id, "event_time_start": text(start), "event_time_end": text(end)});
        model.insert("batch".to_owned(), batch);
    }
    scope
}

/// The SQL of a node as one statement that stands on its own: ephemeral models become common table expressions, as
/// dbt injects them.
pub fn with_ephemerals(node: &Node, sql: &str, graph: &Graph, compiled: &BTreeMap<NodeId, Compiled>) -> String {
    let mut needed = Vec::new();
    collect_ephemerals(node, graph, &mut needed);
    if needed.is_empty() {
        return sql.to_owned();
    }
    let expression = |id: &NodeId| {
        let (node, compiled) = (graph.get(id)?, compiled.get(id)?);
        Some(format!("{} as (\n{}\n)", node.facts.expression_name(), compiled.sql.trim()))
    };
    let expressions = needed.iter().filter_map(expression).collect::<Vec<_>>().join(", ");
    let body = sql.trim_start();
    let first_word = body.get(..4).unwrap_or_default();
    if first_word.eq_ignore_ascii_case("with") && body[4..].starts_with(char::is_whitespace) {
        let rest = body[4..].trim_start();
        match rest.get(..9) {
            Some(word) if word.eq_ignore_ascii_case("recursive") => {
                format!("with recursive {expressions}, {}", rest[9..].trim_start())
            }
            _ => format!("with {expressions}, {rest}"),
        }
    } else {
        format!("with {expressions}\n{body}")
    }
}

/// Ephemeral models that a node needs, directly or through one another, inputs first.
fn collect_ephemerals(node: &Node, graph: &Graph, needed: &mut Vec<NodeId>) {
    for input in node.inputs.iter().filter_map(|it| graph.get(it)) {
        if input.facts.is_ephemeral() && !needed.contains(&input.facts.id) {
            collect_ephemerals(input, graph, needed);
            needed.push(input.facts.id.clone());
        }
    }
}
