//! `run_results.json` of a run that planning refused: nothing has run, and each node is told who is at fault.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::artifacts::RunResults;
use crate::cli::prepare::Loaded;
use crate::cli::{Settings, Stop, artifacts};
use crate::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::events::{Event, EventSink, NodeLabel, Outcome};
use crate::parse::{NodeFacts, NodeId};

/// Writes the artifacts of such a run. What is wrong with no node in particular leaves none, as in dbt.
pub(super) fn write(
    settings: &Settings,
    loaded: &Loaded,
    found: &Diagnostics,
    chosen: &[NodeId],
    which: &str,
) -> Result<(), Stop> {
    let facts: Vec<&NodeFacts> = chosen.iter().filter_map(|id| loaded.graph.get(id)).map(|it| &it.facts).collect();
    let inlined: Vec<&NodeFacts> = inlined(loaded, chosen);
    let faults: BTreeMap<&NodeId, &Diagnostic> =
        facts.iter().chain(&inlined).filter_map(|it| Some((&it.id, fault(it, found)?))).collect();
    let is_at_fault = |it: &&&NodeFacts| faults.contains_key(&it.id);
    let own = facts.iter().find(is_at_fault);
    let Some(first) = own.or_else(|| inlined.iter().find(is_at_fault)) else { return Ok(()) };
    let results = RunResults::new(&loaded.project.invocation, settings.begun);
    let manifest = || {
        let manifest = crate::artifacts::manifest(&loaded.project, &loaded.graph, &BTreeMap::new());
        serde_json::to_value(manifest).unwrap_or_default()
    };
    // People get the diagnostics; who reads the log wants to know which nodes they are of.
    let log = settings.console.log_sink(&loaded.project.invocation.target.name, manifest);
    for (number, it) in facts.iter().enumerate() {
        let outcome = match faults.get(&it.id) {
            Some(problem) => Outcome::Errored(Box::new(in_words_of_dbt(it, problem))),
            None => Outcome::Skipped { because: first.id.clone() },
        };
        let (total, elapsed) = (facts.len(), Duration::ZERO);
        let event = Event::NodeFinished { node: NodeLabel::of(it), number: number + 1, total, outcome, elapsed };
        results.emit(&event);
        log.iter().for_each(|it| it.emit(&event));
    }
    log.iter().for_each(|it| it.emit(&Event::RunFinished { counts: Vec::new(), elapsed: settings.begun.elapsed() }));
    let compiled = BTreeMap::new();
    artifacts::write_manifest(settings, loaded, &compiled)?;
    let mut results = results.finish(settings.arguments_of_run(which), settings.begun.elapsed(), &compiled);
    if first.is_ephemeral() {
        // dbt's words: an ephemeral model has no result of its own that could say it.
        for result in &mut results.results {
            let id = &result.unique_id;
            result.message = Some(format!(
                "Compilation Error in {id}, caused by compilation error in referenced ephemeral model {}",
                first.id
            ));
        }
    }
    artifacts::write_json(settings, loaded, "run_results.json", &results)
}

/// Ephemeral models in the queries of what was chosen.
fn inlined<'a>(loaded: &'a Loaded, chosen: &[NodeId]) -> Vec<&'a NodeFacts> {
    let is_read = |id: &NodeId| chosen.iter().any(|it| loaded.graph.ancestors(it, None).contains(id));
    let nodes = loaded.graph.nodes().map(|it| &it.facts);
    nodes.filter(|it| it.is_ephemeral() && is_read(&it.id)).collect()
}

/// The first error that names a node, or that stands in the file of its own.
fn fault<'a>(facts: &NodeFacts, found: &'a Diagnostics) -> Option<&'a Diagnostic> {
    let who = facts.display();
    let is_its_own = |it: &&Diagnostic| {
        let within = it.place.as_ref().is_some_and(|place| place.source.path == facts.source.path);
        it.severity == Severity::Error && (it.message.starts_with(&who) || within)
    };
    found.iter().find(is_its_own)
}

/// dbt's own first line, which readers of the artifact look for.
fn in_words_of_dbt(facts: &NodeFacts, problem: &Diagnostic) -> Diagnostic {
    let kind = facts.resource_type().as_str();
    let words = format!("Compilation Error in {kind} {} ({})\n  {}", facts.name, facts.path, problem.one_line());
    Diagnostic::error(problem.code, words)
}
