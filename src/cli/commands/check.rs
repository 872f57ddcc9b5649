//! `check`: plan everything, report everything, touch nothing but the notes on sources in the target folder.

use std::collections::BTreeSet;

use crate::cli::arguments::{CheckOutput, OptionalWarning, Selecting};
use crate::cli::prepare::{self, Loaded, Planned, Purpose};
use crate::cli::{Exit, Settings, Stop, watched_tests};
use crate::diagnostics::{Diagnostics, render_github, render_json};
use crate::lineage;
use crate::parse::NodeId;
use crate::plan;

/// What the report holds, and its form.
pub(super) struct Wanted<'a> {
    /// Warnings that are off otherwise.
    pub(super) warn: &'a [OptionalWarning],
    pub(super) output: CheckOutput,
}

pub(super) fn run(settings: &Settings, selecting: &Selecting, wanted: &Wanted<'_>) -> Result<Exit, Stop> {
    let output = wanted.output;
    let mut loaded = prepare::load(settings)?;
    let chosen = prepare::choose(settings, &mut loaded, selecting, &[])?;
    let purpose = purpose(&loaded, wanted);
    let (planned, found) = prepare::runtime()?.block_on(async {
        let (planned, mut found) = prepare::plan(settings, &mut loaded, &chosen, purpose).await?;
        found.extend(watched_tests::find(&loaded, &chosen).1);
        found.extend(prepare::forbidden(settings, &loaded, &planned, &chosen, purpose).await);
        found.extend(optional(wanted.warn, &loaded, &planned, &chosen));
        Ok::<_, Stop>((planned, found))
    })?;
    let found = settings.warnings.apply(found).sorted();
    match output {
        CheckOutput::Text => settings.console.diagnostics(&found),
        CheckOutput::Json => settings.console.print(&render_json(&found).to_string()),
        CheckOutput::Github => settings.console.print(render_github(&found).trim_end()),
    }
    if found.has_errors() {
        return Ok(Exit::Failed);
    }
    if output == CheckOutput::Text {
        let (models, tests) = (planned.plan.models.len(), planned.plan.tests.len());
        let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
        let what = match planned.plan.monitors.len() {
            0 => format!("{} and {}", count(models, "model"), count(tests, "test")),
            monitors => {
                format!("{}, {} and {}", count(models, "model"), count(tests, "test"), count(monitors, "monitor"))
            }
        };
        settings.console.say(&format!("checked {what}: no errors"));
    }
    Ok(Exit::Success)
}

/// Whether it is enough to know that queries were in order before: not where something follows from their plans.
fn purpose(loaded: &Loaded, wanted: &Wanted<'_>) -> Purpose {
    let follows = !wanted.warn.is_empty() || lineage::has_policies(&loaded.graph);
    let moves = || loaded.graph.nodes().any(plan::is_quarantined);
    if follows || moves() { Purpose::Plan } else { Purpose::Check }
}

/// What is in order and still worth a look, for those who ask.
fn optional(warn: &[OptionalWarning], loaded: &Loaded, planned: &Planned, chosen: &[NodeId]) -> Diagnostics {
    let is_asked = |it: OptionalWarning| warn.contains(&it) || warn.contains(&OptionalWarning::All);
    let (graph, plan) = (&loaded.graph, &planned.plan);
    let own = &loaded.project.file.name.value;
    let is_own = |id: &NodeId| graph.get(id).is_some_and(|it| it.facts.package == *own);
    let chosen: BTreeSet<&NodeId> = chosen.iter().filter(|it| is_own(it)).collect();
    let wanted = |id: &NodeId| chosen.contains(id);
    let target = &loaded.project.invocation.target;
    let mut found = Diagnostics::new();
    if is_asked(OptionalWarning::DeadColumn) {
        let columns = plan::column_lineage(plan, graph, target);
        let text = |id: &NodeId| plan.tests.get(id).map(|it| it.sql.clone());
        found.extend(lineage::dead_columns(graph, &columns, &text, &wanted));
    }
    if is_asked(OptionalWarning::OpenStar) {
        found.extend(plan::open_stars(plan, graph, target.dialect, &wanted));
    }
    if is_asked(OptionalWarning::VolatileFunction) {
        found.extend(plan::volatile_functions(plan, graph, &wanted));
    }
    found
}
