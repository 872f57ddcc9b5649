//! Hooks around the run, `on-run-start` and `on-run-end` of the project file, as nodes of their own.

use std::sync::Arc;

use crate::diagnostics::{Diagnostics, SourceText};
use crate::files;
use crate::jinja::{Phase, RelationName, Scope};
use crate::parse::context::Context;
use crate::parse::facts::{ModelFacts, NodeFacts, NodeId, ParsedNode};
use crate::parse::kinds::{HookTime, NodeKind, OperationFacts};
use crate::project::{Located, ProjectFile};

/// All hooks of a package, in dbt's order of names.
pub(super) fn read(context: &Context<'_>, found: &mut Diagnostics) -> Vec<ParsedNode> {
    let file = &context.package.file;
    let times = [(HookTime::Start, &file.on_run_start), (HookTime::End, &file.on_run_end)];
    let mut nodes = Vec::new();
    for (when, hooks) in times {
        for (index, hook) in hooks.iter().enumerate() {
            nodes.extend(read_one(context, when, index, hook, found));
        }
    }
    nodes
}

fn read_one(
    context: &Context<'_>,
    when: HookTime,
    index: usize,
    hook: &Located<String>,
    found: &mut Diagnostics,
) -> Option<ParsedNode> {
    let package = context.package_name();
    let name = format!("{package}-{}-{index}", when.as_str());
    let id = NodeId::new(format!("operation.{package}.{name}"));
    let target = &context.invocation.target;
    // A text of its own: what goes wrong in it is shown where the hook is written.
    let source = SourceText::new(format!("hooks/{name}.sql"), hook.value.clone());
    let mut scope = Scope::new(context.invocation, Phase::Parse);
    package.clone_into(&mut scope.package);
    scope.model = serde_json::json!({
        "unique_id": id.as_str(), "name": name, "resource_type": "operation", "package_name": package,
    });
    for name in ["results", "schemas", "database_schemas"] {
        scope.extra.insert(name.to_owned(), serde_json::json!([]));
    }
    let scope = Arc::new(scope);
    if let Err(mut problem) = context.templates.render_text(&source, &scope) {
        problem.related.clear();
        found.push(problem.at(hook.span.clone()));
        return None;
    }
    let captured = scope.captured().clone();
    let fqn = vec![package.to_owned(), "hooks".to_owned(), name.clone()];
    let mut config = context.config_for("models", &fqn);
    config.overlay(captured.config);
    let facts = NodeFacts {
        id,
        relation: RelationName::new(target.database.clone(), target.schema.clone(), name.clone()),
        fqn,
        name,
        kind: NodeKind::Operation(OperationFacts { when, index }),
        package: package.to_owned(),
        path: files::join(&context.package.root, ProjectFile::NAME),
        config,
        source,
        span: hook.span.clone(),
        description: String::new(),
        columns: Vec::new(),
        patch_path: None,
        doc_blocks: Vec::new(),
        model: ModelFacts::default(),
        checksum: None,
    };
    let place = hook.span.clone();
    Some(ParsedNode {
        facts,
        refs: captured.refs.into_iter().map(|it| (it, place.clone())).collect(),
        sources: captured.sources.into_iter().map(|it| (it, place.clone())).collect(),
        functions: captured.functions.into_iter().map(|it| (it, place.clone())).collect(),
        macros: captured.macros.into_iter().collect(),
    })
}
