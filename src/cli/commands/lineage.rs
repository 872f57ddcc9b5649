//! `lineage`: where columns come from and where they go.

use crate::artifacts::trace;
use crate::cli::arguments::{LineageOutput, Selecting};
use crate::cli::prepare::{self, Loaded, Purpose};
use crate::cli::{Exit, Settings, Stop};
use crate::diagnostics::closest;
use crate::graph::Node;
use crate::lineage::{ColumnRef, Columns, Direction, Relation};
use crate::parse::NodeKind;
use crate::plan::column_lineage;

/// What is asked for.
pub(super) struct Wanted {
    pub(super) upstream: bool,
    pub(super) downstream: bool,
    pub(super) depth: Option<usize>,
}

pub(super) fn run(settings: &Settings, name: &str, wanted: &Wanted, output: LineageOutput) -> Result<Exit, Stop> {
    let mut loaded = prepare::load(settings)?;
    let chosen = prepare::choose(settings, &mut loaded, &Selecting::default(), &[])?;
    // A misspelt name should not cost the planning of a whole project.
    if let Err(unknown) = find(&loaded, name) {
        prepare::report(settings, std::mem::take(&mut loaded.found))?;
        return Err(Stop::Outside(unknown));
    }
    let planning = prepare::plan(settings, &mut loaded, &chosen, Purpose::Plan);
    let (planned, found) = prepare::runtime()?.block_on(planning)?;
    prepare::report(settings, found)?;
    let columns = column_lineage(&planned.plan, &loaded.graph, &loaded.project.invocation.target);
    let (node, column) = find(&loaded, name).map_err(Stop::Outside)?;
    let starts = starts(&columns, node, column).map_err(Stop::Outside)?;
    let directions: &[Direction] = match (wanted.upstream, wanted.downstream) {
        (true, false) => &[Direction::Upstream],
        (false, true) => &[Direction::Downstream],
        (true, true) | (false, false) => &[Direction::Upstream, Direction::Downstream],
    };
    let answer = trace(&loaded.graph, &columns, starts, directions, wanted.depth);
    let text = match output {
        LineageOutput::Table => answer.to_table(),
        LineageOutput::Json => answer.to_json().to_string(),
        LineageOutput::Mermaid => answer.to_mermaid(),
        LineageOutput::Dot => answer.to_dot(),
    };
    settings.console.print(text.trim_end());
    Ok(Exit::Success)
}

/// The node that a name means, and the column of it, if the name has one.
fn find<'a>(loaded: &'a Loaded, name: &'a str) -> Result<(&'a Node, Option<&'a str>), String> {
    let node = |name: &str| loaded.graph.nodes().filter(|it| has_columns(it)).find(|it| is_called(it, name));
    if let Some(found) = node(name) {
        return Ok((found, None));
    }
    if let Some((of, column)) = name.rsplit_once('.')
        && let Some(found) = node(of)
    {
        return Ok((found, Some(column)));
    }
    let names: Vec<String> = loaded.graph.nodes().filter(|it| has_columns(it)).map(known_as).collect();
    let names = || names.iter().map(String::as_str);
    let of = name.rsplit_once('.').map_or(name, |(of, _)| of);
    let meant = closest(name, names()).or_else(|| closest(of, names()));
    let meant = meant.map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
    Err(format!("there is no model, seed, snapshot or source `{name}`{meant}"))
}

fn has_columns(node: &Node) -> bool {
    matches!(node.facts.kind, NodeKind::Model | NodeKind::Seed | NodeKind::Snapshot(_) | NodeKind::Source(_))
}

/// Its name, with its version or its source's name.
fn known_as(node: &Node) -> String {
    match &node.facts.kind {
        NodeKind::Source(source) => format!("{}.{}", source.source, node.facts.name),
        _ => node.facts.full_name(),
    }
}

fn is_called(node: &Node, name: &str) -> bool {
    let is_plain =
        node.facts.name == name && node.facts.model.version.as_ref().is_none_or(|_| node.facts.model.is_latest());
    let is_source = matches!(node.facts.kind, NodeKind::Source(_));
    node.facts.id.as_str() == name || known_as(node) == name || (is_plain && !is_source)
}

fn starts(columns: &Columns, node: &Node, column: Option<&str>) -> Result<Vec<ColumnRef>, String> {
    let who = node.facts.display();
    let Some(known) = columns.nodes.get(&node.facts.id) else {
        return Err(format!("the columns of {who} are not known before it is built"));
    };
    let relation = Relation::Node(node.facts.id.clone());
    let start = |name: &str| ColumnRef { relation: relation.clone(), column: name.to_owned() };
    let names = || known.columns.iter().map(|it| it.name.as_str());
    let Some(wanted) = column else { return Ok(names().map(start).collect()) };
    match known.column(wanted) {
        Some(found) => Ok(vec![start(&found.name)]),
        None => {
            let meant = closest(wanted, names()).map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
            let all = names().collect::<Vec<_>>().join(", ");
            Err(format!("{who} has no column `{wanted}`{meant}\nit has: {all}"))
        }
    }
}
