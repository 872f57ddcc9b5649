//! The query of a model for a unit test: its template rendered with stand-ins for what it reads, and with what the test
//! overrides. <https://docs.getdbt.com/docs/build/unit-tests>

use std::sync::Arc;

use super::{Surroundings, Uncompiled, describe, uncompiled, without_end};
use crate::diagnostics::{Code, Diagnostic};
use crate::graph::{Calls, Graph, Node};
use crate::jinja::{Database, Excerpt, Incremental, Phase, RefCall, RelationName, Resolve, Scope, SourceCall};
use crate::parse::{Given, NodeId, NodeKind, ParsedProject, UnitTestFacts, UnitTestInput};
use crate::project::Json;

/// Rows that stand in for one input of the model under test.
#[derive(Debug)]
pub struct StandIn<'a> {
    /// What they are, as the test has them.
    pub given: &'a Given,
    /// The input; for `this`, the model itself.
    pub node: &'a Node,
    /// What the query reads instead.
    pub name: RelationName,
}

/// The stand-ins of a unit test. All that the model reads must have one.
///
/// # Errors
/// An input without rows.
pub fn stand_ins<'a>(
    test: &'a Node,
    facts: &'a UnitTestFacts,
    model: &'a Node,
    graph: &'a Graph,
) -> Result<Vec<StandIn<'a>>, Diagnostic> {
    let mut stand_ins = Vec::new();
    let has_rows = |it: &&Node| !matches!(it.facts.kind, NodeKind::Function(_));
    let inputs = || model.inputs.iter().filter_map(|it| graph.get(it)).filter(has_rows);
    for given in &facts.given {
        let node = match &given.input {
            UnitTestInput::This => Some(model),
            UnitTestInput::Ref(call) => inputs().find(|it| is_meant(it, call)),
            UnitTestInput::Source(call) => inputs().find(|it| is_source(it, call)),
        };
        // What the model does not read needs no rows.
        let Some(node) = node else { continue };
        let name = match &node.facts.kind {
            NodeKind::Source(facts) => format!("__dbt__cte__{}__{}", facts.source, node.facts.name),
            _ => node.facts.expression_name(),
        };
        stand_ins.push(StandIn { given, node, name: RelationName::new("", "", name) });
    }
    let has_rows = |id: &NodeId| stand_ins.iter().any(|it| it.node.facts.id == *id);
    if let Some(without) = inputs().find(|it| !has_rows(&it.facts.id)) {
        let written = match &without.facts.kind {
            NodeKind::Source(facts) => format!("source('{}', '{}')", facts.source, without.facts.name),
            _ => format!("ref('{}')", without.facts.name),
        };
        return Err(Diagnostic::error(
            Code::MissingKey,
            format!("{} gives no rows for `{written}`, which {} reads", test.facts.display(), model.facts.display()),
        )
        .at(test.facts.span.clone())
        .help(format!("add to `given:` `- input: {written}` with its `rows:`, be they `[]`")));
    }
    Ok(stand_ins)
}

fn is_meant(node: &Node, call: &RefCall) -> bool {
    let version = node.facts.model.version.as_ref().map(|it| it.text());
    node.facts.name == call.name
        && call.package.as_ref().is_none_or(|it| *it == node.facts.package)
        && (call.version.is_none() || call.version == version)
        && node.facts.can_be_read()
}

fn is_source(node: &Node, call: &SourceCall) -> bool {
    matches!(&node.facts.kind, NodeKind::Source(facts) if facts.source == call.source && node.facts.name == call.table)
}

/// References mean stand-ins.
#[derive(Debug)]
struct Fixtures {
    calls: Arc<Calls>,
    names: Vec<(RelationName, RelationName)>,
}

impl Fixtures {
    fn stand_in(&self, relation: Option<RelationName>) -> Option<RelationName> {
        let relation = relation?;
        self.names.iter().find(|(it, _)| *it == relation).map(|(_, name)| name.clone())
    }
}

impl Resolve for Fixtures {
    fn resolve_ref(&self, call: &RefCall) -> Option<RelationName> {
        self.stand_in(self.calls.resolve_ref(call))
    }

    fn resolve_source(&self, call: &SourceCall) -> Option<RelationName> {
        self.stand_in(self.calls.resolve_source(call))
    }

    fn resolve_function(&self, call: &RefCall) -> Option<RelationName> {
        self.calls.resolve_function(call)
    }
}

/// The model's query over the stand-ins.
///
/// # Errors
/// What went wrong in the template.
pub fn compile_unit_test(
    project: &ParsedProject,
    facts: &UnitTestFacts,
    model: &Node,
    stand_ins: &[StandIn<'_>],
    database: Arc<dyn Database>,
) -> Result<String, Uncompiled> {
    let mut invocation = project.invocation.as_ref().clone();
    // It brings its own rows, and all of them count.
    invocation.excerpt = Excerpt::default();
    let overrides = facts.overrides.clone().unwrap_or_default();
    let is_incremental = overrides.is_incremental().unwrap_or_default();
    invocation.cli_vars.extend(overrides.vars);
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    invocation.environment.extend(overrides.env_vars.iter().map(|(name, value)| (name.clone(), text(value))));
    let in_sql = |node: &Node| match node.facts.is_ephemeral() {
        true => RelationName::new("", "", node.facts.expression_name()),
        false => node.facts.relation.clone(),
    };
    let names = stand_ins.iter().map(|it| (in_sql(it.node), it.name.clone())).collect();
    let incremental = if is_incremental { Incremental::Yes } else { Incremental::No };
    let around = Surroundings { database, incremental, batch: None, conditions: Vec::new() };
    let resolve = Arc::new(Fixtures { calls: Arc::clone(&model.calls), names });
    let phase = Phase::Compile { resolve, incremental: around.incremental, database: around.database };
    let mut scope = Scope::new(&Arc::new(invocation), phase);
    scope.package.clone_from(&model.facts.package);
    scope.config = model.facts.config.clone();
    scope.model = describe(&model.facts);
    scope.macro_overrides = overrides.macros;
    let this = stand_ins.iter().find(|it| it.given.input == UnitTestInput::This).map(|it| it.name.clone());
    scope.this = Some(this.unwrap_or_else(|| model.facts.relation.clone()));
    let scope = Arc::new(scope);
    let sql = project.templates.render(&model.facts.source, &scope);
    sql.map(|it| without_end(&it)).map_err(|problem| uncompiled(problem, &scope))
}
