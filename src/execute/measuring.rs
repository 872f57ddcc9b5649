//! Asking what a monitor asks: its queries over what the warehouse and the sources hold now.

use chrono::Datelike;
use datafusion::logical_expr::LogicalPlan;

use crate::diagnostics::{Code, Diagnostic, Span};
use crate::execute::freshness::loaded_at;
use crate::execute::late::Late;
use crate::execute::steps::rows::fetch;
use crate::execute::tables::Tables;
use crate::freshness::LoadedAt;
use crate::graph::Node;
use crate::monitors::{Answer, Asked, TestEnd};
use crate::parse::NodeKind;
use crate::plan::{MonitorPlan, bind, cells_of, explain_execution};

/// The answers to all that a monitor asks, in order. `ends` is how the tests ended that it selects.
///
/// # Errors
/// What went wrong first.
pub async fn measure(
    late: &Late,
    node: &Node,
    plan: &MonitorPlan,
    ends: &[TestEnd],
) -> Result<Vec<Answer>, Diagnostic> {
    let mut answers = Vec::new();
    for (question, query) in &plan.questions {
        let answer = match (&question.asked, query) {
            (Asked::Row(_) | Asked::Rows(_), Some(query)) => ask(late, node, query, &question.place).await?,
            // Queries are planned together with the monitor.
            (Asked::Row(_) | Asked::Rows(_), None) => Answer::Rows(Vec::new()),
            (Asked::LoadedAt { filter }, _) => loaded(late, node, filter.as_deref()).await?,
            (Asked::Tests, _) => Answer::Tests(ends.to_vec()),
        };
        answers.push(answer);
    }
    Ok(answers)
}

async fn ask(late: &Late, node: &Node, query: &LogicalPlan, place: &Span) -> Result<Answer, Diagnostic> {
    let explain = |error| explain_execution(&error, &node.facts.display(), place);
    let tables = Tables::new();
    let bound = bind(query.clone(), &|relation, schema| tables.open(relation, schema)).map_err(explain)?;
    let rows = fetch(&late.session, &bound, None).await.map_err(explain)?;
    let rows = cells_of(&rows.schema, &rows.batches).map_err(explain)?;
    Ok(Answer::Rows(rows.rows))
}

/// When the source was loaded that the monitor is about.
async fn loaded(late: &Late, node: &Node, filter: Option<&str>) -> Result<Answer, Diagnostic> {
    let source = node.inputs.iter().find_map(|it| late.graph.get(it));
    let Some((source, NodeKind::Source(facts))) = source.map(|it| (it, &it.facts.kind)) else {
        let words = format!("{} is about no source", node.facts.display());
        return Err(Diagnostic::error(Code::UnknownSource, words).at(node.facts.span.clone()));
    };
    let how = LoadedAt::read(&source.facts.config);
    let at = loaded_at(late, source, facts, &how, filter).await?;
    // A source without rows was loaded at the beginning of time.
    Ok(Answer::LoadedAt(Some(at).filter(|it| it.year() > 1)))
}
