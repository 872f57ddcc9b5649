//! `lineage`: where columns come from and where they go.

use std::path::Path;

use crate::artifacts::{OpenLineage, lineage, lineage_diff, trace};
use crate::cli::arguments::{LineageOutput, Selecting};
use crate::cli::artifacts;
use crate::cli::deferral;
use crate::cli::named;
use crate::cli::openlineage;
use crate::cli::prepare::{self, Loaded, Purpose};
use crate::cli::{Exit, Settings, Stop};
use crate::diagnostics::closest;
use crate::graph::Node;
use crate::lineage::{ColumnRef, Columns, Direction, Relation};
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
    let runtime = prepare::runtime()?;
    let (planned, found) = runtime.block_on(planning)?;
    prepare::report(settings, found)?;
    let columns = column_lineage(&planned.plan, &loaded.graph, &loaded.project.invocation.target);
    let (node, column) = find(&loaded, name).map_err(Stop::Outside)?;
    let starts = starts(&columns, node, column).map_err(Stop::Outside)?;
    let directions: &[Direction] = match (wanted.upstream, wanted.downstream) {
        (true, false) => &[Direction::Upstream],
        (false, true) => &[Direction::Downstream],
        (true, true) | (false, false) => &[Direction::Upstream, Direction::Downstream],
    };
    let answer = || trace(&loaded.graph, &columns, starts, directions, wanted.depth);
    let text = match output {
        LineageOutput::Table => answer().to_table(),
        LineageOutput::Json => answer().to_json().to_string(),
        LineageOutput::Mermaid => answer().to_mermaid(),
        LineageOutput::Dot => answer().to_dot(),
        LineageOutput::OpenLineage => {
            let catalog = artifacts::catalog_entries(&loaded, &planned.plan, &planned.warehouse);
            let (catalog, names) = (runtime.block_on(catalog), openlineage::names(settings, "run"));
            let events = OpenLineage::new(&loaded.project.invocation, &loaded.graph, columns.clone(), catalog, names);
            let events = events.with_sql(artifacts::compiled_code(&planned.plan));
            let event = events.job_event(&node.facts.id);
            event.ok_or_else(|| Stop::Outside(format!("{} is made by no job", node.facts.display())))?.to_string()
        }
    };
    settings.console.print(text.trim_end());
    Ok(Exit::Success)
}

/// What a change touches, from an earlier state's `lineage.json` to now.
pub(super) fn diff(settings: &Settings, state: &Path, output: LineageOutput) -> Result<Exit, Stop> {
    let folder = state.display();
    if !matches!(output, LineageOutput::Table | LineageOutput::Json) {
        return Err(Stop::Outside("`--diff` gives Markdown or, with `--output json`, JSON".to_owned()));
    }
    let before = deferral::read(settings, state, "lineage.json")?;
    if before.is_null() {
        let how = "write it with `arrowmill docs generate --target-path` before the change";
        return Err(Stop::Outside(format!("there is no lineage.json in {folder}; {how}")));
    }
    let mut loaded = prepare::load(settings)?;
    let chosen = prepare::choose(settings, &mut loaded, &Selecting::default(), &[])?;
    let now = prepare::runtime()?.block_on(async {
        let (planned, found) = prepare::plan(settings, &mut loaded, &chosen, Purpose::Plan).await?;
        prepare::report(settings, found)?;
        let entries = artifacts::catalog_entries(&loaded, &planned.plan, &planned.warehouse).await;
        let columns = column_lineage(&planned.plan, &loaded.graph, &loaded.project.invocation.target);
        let now = lineage(&loaded.project, &loaded.graph, &entries, &columns);
        serde_json::to_value(now).map_err(Stop::outside)
    })?;
    let diff =
        lineage_diff(&before, &now).map_err(|why| Stop::Outside(format!("cannot compare with {folder}: {why}")))?;
    let diff = diff.with_exposures(&now);
    match output {
        LineageOutput::Json => settings.console.print(&diff.to_json().to_string()),
        _ => settings.console.print(diff.to_markdown().trim_end()),
    }
    Ok(Exit::Success)
}

/// The node that a name means, and the column of it, if the name has one.
fn find<'a>(loaded: &'a Loaded, name: &'a str) -> Result<(&'a Node, Option<&'a str>), String> {
    if let Some(found) = named::find(loaded, name, named::has_columns) {
        return Ok((found, None));
    }
    let of = name.rsplit_once('.');
    if let Some((of, column)) = of
        && let Some(found) = named::find(loaded, of, named::has_columns)
    {
        return Ok((found, Some(column)));
    }
    let meant = named::meant(loaded, &[name, of.map_or(name, |(of, _)| of)], named::has_columns);
    Err(format!("there is no model, seed, snapshot or source `{name}`{meant}"))
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
