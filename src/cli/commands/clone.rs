//! `clone`: the relations of a state, under the names that they have here. <https://docs.getdbt.com/reference/commands/clone>

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::build::describe;
use crate::artifacts::RunResults;
use crate::cli::arguments::Selecting;
use crate::cli::prepare::{self, Loaded};
use crate::cli::{Exit, Settings, Stop, artifacts, deferral};
use crate::diagnostics::{Code, Diagnostic};
use crate::events::{Event, EventSink, Everyone, Level, NodeLabel, Outcome};
use crate::execute::{Cloned, Cloning, clone_relation};
use crate::jinja::{Phase, Scope};
use crate::parse::{NodeFacts, NodeId, ResourceType};
use crate::warehouse::Warehouse;

pub(super) fn run(settings: &Settings, selecting: &Selecting) -> Result<Exit, Stop> {
    let mut loaded = prepare::load(settings)?;
    let state = deferral::manifest(settings, &loaded)?;
    let types = [ResourceType::Model, ResourceType::Seed, ResourceType::Snapshot];
    let mut chosen = prepare::choose(settings, &mut loaded, selecting, &types)?;
    chosen.retain(|id| loaded.graph.get(id).is_some_and(|it| !it.facts.is_ephemeral()));
    prepare::report(settings, std::mem::take(&mut loaded.found))?;
    let tables = can_clone_tables(&loaded)?;
    let warehouse = prepare::warehouse(settings, &loaded.project)?;
    let _lock = prepare::lock(settings, &loaded, &warehouse)?;
    let results = Arc::new(RunResults::new(&loaded.project.invocation, settings.begun));
    let manifest = || serde_json::Value::Null;
    let sink = settings.console.sink(&loaded.project.invocation.target.name, manifest);
    let run = Run {
        warehouse: &warehouse,
        how: Cloning { anew: settings.request.full_refresh, tables, run_id: &settings.request.invocation_id },
        sink: Everyone(vec![sink, Arc::clone(&results) as Arc<dyn EventSink>]),
        total: chosen.len(),
    };
    let (threads, plan) = (1, describe(&loaded, &chosen));
    run.sink.emit(&Event::RunStarted { nodes: chosen.len(), threads, plan });
    let (mut untouched, mut counts): (BTreeSet<String>, BTreeMap<&'static str, usize>) = Default::default();
    let runtime = prepare::runtime()?;
    for (at, facts) in chosen.iter().filter_map(|id| loaded.graph.get(id)).map(|it| &it.facts).enumerate() {
        let from = deferral::relation(&state["nodes"][facts.id.as_str()]);
        let (outcome, touched) = runtime.block_on(run.clone_one(facts, from.as_ref(), at + 1));
        *counts.entry(outcome).or_default() += 1;
        if !touched {
            untouched.insert(facts.id.to_string());
        }
    }
    let has_errors = counts.contains_key("error");
    run.sink.emit(&Event::RunFinished { counts: counts.into_iter().collect(), elapsed: settings.begun.elapsed() });
    let compiled: BTreeMap<NodeId, String> = BTreeMap::new();
    artifacts::write_manifest(settings, &loaded, &compiled)?;
    let mut results = results.finish(settings.arguments_of_run("clone"), settings.begun.elapsed(), &compiled);
    for result in results.results.iter_mut().filter(|it| untouched.contains(&it.unique_id)) {
        // dbt's word for it.
        result.message = Some("No-op".to_owned());
    }
    artifacts::write_json(settings, &loaded, "run_results.json", &results)?;
    Ok(if has_errors { Exit::Failed } else { Exit::Success })
}

/// What all clones share.
struct Run<'a> {
    warehouse: &'a Warehouse,
    how: Cloning<'a>,
    sink: Everyone,
    total: usize,
}

impl Run<'_> {
    /// Clones one relation; gives its status, and whether anything was done.
    async fn clone_one(
        &self,
        facts: &NodeFacts,
        from: Option<&crate::jinja::RelationName>,
        number: usize,
    ) -> (&'static str, bool) {
        let (begun, total) = (Instant::now(), self.total);
        self.sink.emit(&Event::NodeStarted { node: NodeLabel::of(facts), number, total });
        let failed =
            |code, words: String| Outcome::Errored(Box::new(Diagnostic::error(code, words).at(facts.span.clone())));
        let built = |rows, bytes| Outcome::Built { rows, bytes };
        let mut label = NodeLabel::of(facts);
        let (outcome, touched) = match clone_relation(self.warehouse, facts, from, self.how).await {
            Ok(Cloned::Table(record)) => (built(record.rows, record.bytes), true),
            Ok(Cloned::View) => {
                "view".clone_into(&mut label.materialized);
                (built(None, None), true)
            }
            Ok(Cloned::Untouched(why)) => {
                self.sink.emit(&Event::Message { level: Level::Info, text: why });
                (built(None, None), false)
            }
            Ok(Cloned::Missing) => {
                let name = from.map(ToString::to_string).unwrap_or_default();
                let words = format!("{}: {name}, which the state has, is not in the warehouse", facts.display());
                (failed(Code::UnknownRelation, words), true)
            }
            Err(error) => (failed(Code::InvalidQuery, format!("{}: {error}", facts.display())), true),
        };
        let status = outcome.status();
        let elapsed = begun.elapsed();
        self.sink.emit(&Event::NodeFinished { node: label, number, total, outcome, elapsed });
        (status, touched)
    }
}

/// What the macro `can_clone_table` says: a project may want views.
fn can_clone_tables(loaded: &Loaded) -> Result<bool, Stop> {
    let scope = Arc::new(Scope::new(&loaded.project.invocation, Phase::Parse));
    let place = loaded.project.file.name.span.clone();
    let said = loaded.project.templates.call("can_clone_table", &serde_json::Map::new(), &scope, &place);
    said.map(|it| it.trim().eq_ignore_ascii_case("true")).map_err(|problem| Stop::Outside(problem.one_line()))
}
