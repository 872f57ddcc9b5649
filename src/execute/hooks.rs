//! Hooks: statements before and after a node, and at the start and the end of a run. Rendered when they are due.
//! <https://docs.getdbt.com/docs/build/hooks-operations>

use std::sync::Arc;

use crate::compile;
use crate::diagnostics::{Diagnostic, SourceText, Span};
use crate::events::Outcome;
use crate::execute::late::Late;
use crate::execute::live;
use crate::execute::run::{Summary, in_place};
use crate::execute::tables::Tables;
use crate::graph::{AnyNode, Graph, Node};
use crate::jinja::{Incremental, LogLine, Phase, Scope};
use crate::parse::{HookTime, NodeKind};
use crate::plan::Live;
use crate::project::Json;

/// When a node's hooks are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Before it is made.
    Before,
    /// After it was made.
    After,
}

impl When {
    fn key(self) -> &'static str {
        match self {
            When::Before => "pre_hook",
            When::After => "post_hook",
        }
    }
}

/// Runs the hooks of a node, in order.
pub(super) fn of_node(late: &Late, live: &Arc<dyn Live>, node: &Node, when: When) -> Result<(), Diagnostic> {
    let hooks = node.facts.config.get(when.key()).and_then(Json::as_array);
    for hook in hooks.into_iter().flatten() {
        let text = hook.as_str().or_else(|| hook.get("sql").and_then(Json::as_str)).unwrap_or_default();
        let name = format!("{} of {}", when.key(), node.facts.display());
        let surroundings = late.surroundings(node, live);
        let scope = compile::scope(&late.project, node, &surroundings);
        run(late, &Arc::new(scope), &SourceText::new(name, text))?;
    }
    Ok(())
}

/// Runs hooks of the run, in order; the first that fails ends it.
pub(super) fn of_run(
    late: &Late,
    live: &Arc<dyn Live>,
    when: HookTime,
    summary: Option<&Summary>,
) -> Result<(), Diagnostic> {
    let mut due: Vec<(&Node, usize)> = Vec::new();
    for node in late.graph.nodes() {
        match &node.facts.kind {
            NodeKind::Operation(facts) if facts.when == when => due.push((node, facts.index)),
            _ => {}
        }
    }
    // Those of packages come before the project's own.
    let root = late.project.file.name.value.as_str();
    due.sort_by_key(|(node, index)| (node.facts.package == root, node.facts.package.as_str(), *index));
    for (node, _) in due {
        let mut scope = scope(late, live, &node.facts.package, summary);
        scope.model = compile::describe(&node.facts);
        run(late, &Arc::new(scope), &node.facts.source)?;
    }
    Ok(())
}

/// Calls a macro for what it does; gives the lines that it logged. Must run on the runtime.
///
/// # Errors
/// What went wrong in the macro or in its statements.
pub fn operation(
    late: &Late,
    name: &str,
    arguments: &serde_json::Map<String, Json>,
    run_id: &str,
) -> Result<Vec<LogLine>, Diagnostic> {
    let tables = Arc::new(Tables::new());
    let live = live::start(late, &tables, run_id);
    let scope = Arc::new(scope(late, &live, &late.project.file.name.value, None));
    let at = Span::file(&SourceText::new("run-operation", name));
    in_place(|| late.project.templates.call(name, arguments, &scope, &at))?;
    let lines = std::mem::take(&mut scope.captured().lines);
    Ok(lines)
}

fn run(late: &Late, scope: &Arc<Scope>, source: &Arc<SourceText>) -> Result<(), Diagnostic> {
    // A hook may name a relation by a `ref` of its own; all that exist are known here.
    let sql = late.project.templates.render_text(source, scope)?;
    if sql.trim().is_empty() {
        return Ok(());
    }
    scope.execute(&sql).map_err(|problem| {
        let whole = Span::file(source);
        problem.at(whole).note(format!("the statement was: {}", sql.trim()))
    })
}

/// What a text sees that belongs to no node.
fn scope(late: &Late, live: &Arc<dyn Live>, package: &str, summary: Option<&Summary>) -> Scope {
    let phase = Phase::Compile {
        resolve: Arc::new(AnyNode::new(&late.graph, package)),
        incremental: Incremental::No,
        database: late.database(live),
    };
    let mut scope = Scope::new(&late.project.invocation, phase);
    package.clone_into(&mut scope.package);
    let mut schemas: Vec<Json> = Vec::new();
    let mut pairs: Vec<Json> = Vec::new();
    for node in late.graph.nodes().filter(|it| it.facts.can_be_read() && !it.facts.is_ephemeral()) {
        let relation = &node.facts.relation;
        let schema = Json::from(relation.schema.as_str());
        if !schemas.contains(&schema) {
            pairs.push(serde_json::json!([relation.database, relation.schema]));
            schemas.push(schema);
        }
    }
    scope.extra.insert("schemas".to_owned(), Json::Array(schemas));
    scope.extra.insert("database_schemas".to_owned(), Json::Array(pairs));
    scope.extra.insert("results".to_owned(), summary.map_or(Json::Null, |it| results(it, &late.graph)));
    scope
}

/// The results of a run as `on-run-end` sees them.
fn results(summary: &Summary, graph: &Graph) -> Json {
    let result = |(id, outcome): &(crate::parse::NodeId, Outcome)| {
        let node = graph.get(id).map_or(Json::Null, |it| compile::describe(&it.facts));
        let (failures, message) = match outcome {
            Outcome::Failed(found) | Outcome::Warned(found) => (Json::from(found.count), Json::Null),
            Outcome::Errored(problem) => (Json::Null, Json::from(problem.one_line())),
            _ => (Json::Null, Json::from("OK")),
        };
        serde_json::json!({
            "status": outcome.status(),
            "node": node,
            "unique_id": id.as_str(),
            "failures": failures,
            "message": message,
            "execution_time": 0.0,
            "thread_id": "main",
            "timing": [],
            "adapter_response": {},
        })
    };
    Json::Array(summary.outcomes.iter().map(result).collect())
}
