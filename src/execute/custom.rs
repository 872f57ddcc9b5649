//! Models that a materialisation of the project's own makes: a macro that carries statements out.
//! <https://docs.getdbt.com/guides/create-new-materializations>

use std::sync::Arc;

use crate::compile;
use crate::diagnostics::Diagnostic;
use crate::execute::late::Late;
use crate::graph::Node;
use crate::jinja::LogLine;
use crate::plan::{CustomPlan, Live};
use crate::project::Json;

/// Calls the macro, and gives the lines that it logged. It runs the node's hooks itself.
pub(super) fn make(
    late: &Late,
    live: &Arc<dyn Live>,
    node: &Node,
    plan: &CustomPlan,
) -> Result<Vec<LogLine>, Diagnostic> {
    let surroundings = late.surroundings(node, live);
    let mut scope = compile::scope(&late.project, node, &surroundings);
    if let Json::Object(model) = &mut scope.model {
        model.insert("compiled_code".to_owned(), Json::from(plan.sql.as_str()));
        model.insert("compiled_sql".to_owned(), Json::from(plan.sql.as_str()));
        model.insert("raw_code".to_owned(), Json::from(node.facts.source.text.as_str()));
        let macros: Vec<String> = node.macros.iter().map(|it| full_name(late, node, it)).collect();
        let inputs: Vec<&str> = node.inputs.iter().map(|it| it.as_str()).collect();
        model.insert("depends_on".to_owned(), serde_json::json!({"nodes": inputs, "macros": macros}));
    }
    scope.extra.insert("sql".to_owned(), Json::from(plan.sql.as_str()));
    scope.extra.insert("compiled_code".to_owned(), Json::from(plan.sql.as_str()));
    for (name, key) in [("pre_hooks", "pre_hook"), ("post_hooks", "post_hook")] {
        let hooks = node.facts.config.get(key).and_then(Json::as_array).into_iter().flatten();
        let hook = |it: &Json| match it {
            Json::Object(_) => it.clone(),
            text => serde_json::json!({"sql": text, "transaction": true, "index": null}),
        };
        scope.extra.insert(name.to_owned(), hooks.map(hook).collect());
    }
    let scope = Arc::new(scope);
    let arguments = serde_json::Map::new();
    late.project.templates.call(&plan.macro_name, &arguments, &scope, &node.facts.span)?;
    late.custom_is_made(&node.facts.id);
    let lines = std::mem::take(&mut scope.captured().lines);
    Ok(lines)
}

/// A macro as dbt's manifest calls it: `macro.package.name`.
fn full_name(late: &Late, node: &Node, name: &str) -> String {
    let found = late.project.templates.macros().find(name, &node.facts.package);
    found.map_or_else(|| format!("macro.dbt.{name}"), |it| format!("macro.{}", it.full_name()))
}
