//! `source freshness`: how old the sources are, and `sources.json`.

use std::sync::Arc;
use std::time::Duration;

use crate::artifacts::{SourceAge, seconds_between, sources_file};
use crate::cli::arguments::Selecting;
use crate::cli::prepare::{self, Loaded, Purpose};
use crate::cli::unread::unread;
use crate::cli::{Exit, Settings, Stop, artifacts};
use crate::diagnostics::Diagnostic;
use crate::events::{Event, NodeLabel, Outcome};
use crate::execute::{self, Late};
use crate::freshness::{Criteria, LoadedAt, Verdict};
use crate::graph::Node;
use crate::parse::{NodeId, NodeKind, ResourceType, SourceFacts};

/// A source that promises something.
struct Promise<'a> {
    node: &'a Node,
    facts: &'a SourceFacts,
    criteria: Criteria,
    how: LoadedAt,
}

pub(super) fn freshness(settings: &Settings, selecting: &Selecting, output: Option<&str>) -> Result<Exit, Stop> {
    let mut loaded = prepare::load(settings)?;
    let mut chosen = prepare::choose(settings, &mut loaded, selecting, &[ResourceType::Source])?;
    prepare::report(settings, std::mem::take(&mut loaded.found))?;
    let graph = Arc::clone(&loaded.graph);
    let promises: Vec<Promise<'_>> = chosen.iter().filter_map(|id| promise(graph.get(id)?)).collect();
    chosen = promises.iter().map(|it| it.node.facts.id.clone()).collect();
    prepare::runtime()?.block_on(look(settings, loaded, &chosen, &promises, output))
}

fn promise(node: &Node) -> Option<Promise<'_>> {
    let NodeKind::Source(facts) = &node.facts.kind else { return None };
    // What is wrong with it has been said when the project was read.
    let criteria = Criteria::read(&node.facts.config).ok()??;
    Some(Promise { node, facts, criteria, how: LoadedAt::read(&node.facts.config) })
}

async fn look(
    settings: &Settings,
    mut loaded: Loaded,
    chosen: &[NodeId],
    promises: &[Promise<'_>],
    output: Option<&str>,
) -> Result<Exit, Stop> {
    let (planned, found) = prepare::plan(settings, &mut loaded, chosen, Purpose::Plan).await?;
    let sources: Vec<&Node> = promises.iter().map(|it| it.node).collect();
    let (about, others) = unread(&sources, &planned, found);
    prepare::report(settings, others)?;
    let late = prepare::late(settings, &loaded, &planned);
    let manifest = || {
        let manifest = crate::artifacts::manifest(&loaded.project, &loaded.graph, &std::collections::BTreeMap::new());
        // What can't be told of a node is no reason not to look at it.
        serde_json::to_value(manifest).unwrap_or_default()
    };
    let sink = settings.console.sink(&loaded.project.invocation.target.name, manifest);
    let total = promises.len();
    let plural = if total == 1 { "" } else { "s" };
    sink.emit(&Event::RunStarted { nodes: total, threads: 1, plan: format!("{total} source{plural}") });
    let mut ages = Vec::new();
    let mut counts = [("pass", 0), ("warn", 0), ("error stale", 0), ("error", 0)];
    for (at, promise) in promises.iter().enumerate() {
        let began = settings.begun.elapsed();
        let number = at + 1;
        sink.emit(&Event::NodeStarted { node: label(promise), number, total });
        let problem = about.iter().find(|(id, _)| *id == promise.node.facts.id).map(|(_, it)| it.clone());
        let found = match problem {
            Some(problem) => Err(problem),
            None => age(&late, promise, began).await,
        };
        let elapsed = settings.begun.elapsed().saturating_sub(began);
        let outcome = match found {
            Ok(mut age) => {
                age.elapsed = elapsed;
                let seconds = seconds_between(age.loaded_at, late.project.invocation.started_at);
                let outcome = Outcome::Aged { verdict: age.verdict, seconds };
                ages.push(age);
                outcome
            }
            Err(problem) => Outcome::Errored(Box::new(problem)),
        };
        let slot = match &outcome {
            Outcome::Aged { verdict: Verdict::Fresh, .. } => 0,
            Outcome::Aged { verdict: Verdict::Warn, .. } => 1,
            Outcome::Aged { verdict: Verdict::Stale, .. } => 2,
            _ => 3,
        };
        counts[slot].1 += 1;
        sink.emit(&Event::NodeFinished { node: label(promise), number, total, outcome, elapsed });
    }
    let elapsed = settings.begun.elapsed();
    let bad = counts[2].1 + counts[3].1;
    let counts = counts.into_iter().filter(|(_, count)| *count > 0).collect();
    sink.emit(&Event::RunFinished { counts, elapsed });
    let file = sources_file(&late.project.invocation, &ages, elapsed);
    match output {
        None => artifacts::write_json(settings, &loaded, "sources.json", &file)?,
        Some(path) => artifacts::write_json_to(settings, path, &file)?,
    }
    Ok(if bad > 0 { Exit::Failed } else { Exit::Success })
}

async fn age(late: &Late, promise: &Promise<'_>, began: Duration) -> Result<SourceAge, Diagnostic> {
    let Promise { node, facts, criteria, how } = promise;
    let loaded_at = execute::loaded_at(late, node, facts, how, criteria.filter.as_deref()).await?;
    let seconds = seconds_between(loaded_at, late.project.invocation.started_at);
    Ok(SourceAge {
        id: node.facts.id.clone(),
        loaded_at,
        verdict: criteria.verdict(seconds),
        criteria: criteria.clone(),
        asked: *how != LoadedAt::Files,
        began,
        elapsed: Duration::ZERO,
    })
}

fn label(promise: &Promise<'_>) -> NodeLabel {
    let facts = &promise.node.facts;
    NodeLabel {
        id: facts.id.clone(),
        name: format!("{}.{}", promise.facts.source, facts.name),
        resource_type: ResourceType::Source,
        materialized: String::new(),
        relation: facts.relation.clone(),
        path: facts.path.clone(),
    }
}
