//! A snapshot's query: around what its template says, what its strategy makes of it.

use std::sync::Arc;

use super::{Compiled, Surroundings, Uncompiled, scope, uncompiled, without_end};
use crate::diagnostics::{Code, Diagnostic};
use crate::graph::Node;
use crate::jinja::Incremental;
use crate::parse::{ParsedProject, SnapshotFacts};
use crate::project::Json;

/// The macro of dbt's package that composes it, so that projects can bring strategies, hashes and clocks of their own.
const MACRO: &str = "datafusion_snapshot";

/// The query that gives a snapshot's rows, and the text it is made around.
///
/// # Errors
/// What went wrong in the template, or in the macros of the strategy.
pub fn compile_snapshot(
    project: &ParsedProject,
    node: &Node,
    facts: &SnapshotFacts,
    around: &Surroundings,
) -> Result<(Compiled, String), Uncompiled> {
    let scope_of = |code: &str| {
        let mut scope = scope(project, node, around);
        if let Json::Object(model) = &mut scope.model {
            model.insert("compiled_code".to_owned(), Json::from(code));
        }
        let names = &facts.columns;
        let names = serde_json::json!({
            "dbt_scd_id": names.scd_id,
            "dbt_updated_at": names.updated_at,
            "dbt_valid_from": names.valid_from,
            "dbt_valid_to": names.valid_to,
            "dbt_is_deleted": names.is_deleted,
        });
        scope.config.set("snapshot_table_column_names", names, None);
        Arc::new(scope)
    };
    let first = scope_of("");
    let rendered = project.templates.render(&node.facts.source, &first);
    let code = without_end(&rendered.map_err(|problem| uncompiled(problem, &first))?);
    let captured = std::mem::take(&mut *first.captured());
    if around.incremental == Incremental::Yes {
        has_columns(node, facts, around)?;
    }
    let second = scope_of(&code);
    let there = Json::from(around.incremental == Incremental::Yes);
    let arguments = serde_json::Map::from_iter([("target_exists".to_owned(), there)]);
    let sql = project.templates.call(&format!("dbt.{MACRO}"), &arguments, &second, &node.facts.span);
    let sql = sql.map_err(|problem| uncompiled(problem, &second))?;
    Ok((Compiled { sql: code, lines: captured.lines, unset: captured.unset }, sql))
}

/// That the table has the columns that its versions are told by: their names may have been changed since it was made.
fn has_columns(node: &Node, facts: &SnapshotFacts, around: &Surroundings) -> Result<(), Uncompiled> {
    let Ok(Some(there)) = around.database.columns(&node.facts.relation) else { return Ok(()) };
    let names = &facts.columns;
    let wanted = [&names.scd_id, &names.valid_from, &names.valid_to, &names.updated_at];
    let is_there = |name: &&&String| there.iter().any(|it| it.name.eq_ignore_ascii_case(name));
    let missing: Vec<&str> = wanted.iter().filter(|it| !is_there(it)).map(|it| it.as_str()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    // dbt's own words.
    let words = format!(
        "Compilation Error in snapshot {}: Snapshot target is missing configured columns: {}",
        node.facts.name,
        missing.join(", ")
    );
    let problem = Diagnostic::error(Code::UnknownColumn, words).at(node.facts.span.clone());
    Err(Uncompiled::Wrong(problem.help("give `snapshot_meta_column_names` back what they were, or rename the columns")))
}
