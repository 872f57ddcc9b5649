//! `monitor`: measures what the project watches, judges, tells, and keeps the measures for the next time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::watch;

use crate::artifacts::MonitorReport;
use crate::cli::arguments::{Selecting, WebhookWhen};
use crate::cli::prepare::{self, Loaded, Planned, Purpose};
use crate::cli::unread::unread;
use crate::cli::webhook::Webhook;
use crate::cli::{Exit, Settings, Stop, artifacts, watched_tests};
use crate::diagnostics::Diagnostic;
use crate::events::{Everyone, Outcome};
use crate::execute::{self, Job, Late, Measures, Publish, Publishing, Quarantining, Reuse};
use crate::graph::Node;
use crate::monitors::{Check, MonitorResult, Past, Severity, Status, TestEnd};
use crate::parse::{MonitorFacts, NodeId, NodeKind, ResourceType, Watched};

/// What the command line says beside the selection.
pub(super) struct Wanted<'a> {
    pub(super) selecting: &'a Selecting,
    pub(super) webhook_url_env: Option<&'a str>,
    pub(super) webhook_when: Option<WebhookWhen>,
}

pub(super) fn run(settings: &Settings, wanted: &Wanted<'_>) -> Result<Exit, Stop> {
    let webhook = Webhook::find(settings, wanted.webhook_url_env).map_err(Stop::Outside)?;
    let mut loaded = prepare::load(settings)?;
    let chosen = choose(settings, &mut loaded, wanted.selecting)?;
    let report = prepare::runtime()?.block_on(look(settings, loaded, &chosen))?;
    if let Some(webhook) = webhook
        && (report.is_bad() || posts_always(settings, wanted.webhook_when)?)
    {
        webhook.post(settings, &report.message());
    }
    Ok(if report.failed() { Exit::Failed } else { Exit::Success })
}

fn posts_always(settings: &Settings, given: Option<WebhookWhen>) -> Result<bool, Stop> {
    match (given, settings.flags.value("webhook-when")) {
        (Some(when), _) => Ok(when == WebhookWhen::Always),
        (None, Some("always")) => Ok(true),
        (None, Some("bad") | None) => Ok(false),
        (None, Some(other)) => {
            Err(Stop::Outside(format!("`webhook_when` must be `always` or `bad`, but is `{other}`")))
        }
    }
}

/// The monitors that are selected by themselves, and those of what is selected.
fn choose(settings: &Settings, loaded: &mut Loaded, selecting: &Selecting) -> Result<Vec<NodeId>, Stop> {
    let selected: BTreeSet<NodeId> =
        prepare::choose(settings, loaded, selecting, &ResourceType::ALL)?.into_iter().collect();
    let excluded: BTreeSet<NodeId> = match selecting.exclude.is_empty() {
        true => BTreeSet::new(),
        false => {
            let exclude = Selecting { select: selecting.exclude.clone(), ..Selecting::default() };
            // What is wrong with it has been found before.
            let before = std::mem::take(&mut loaded.found);
            let excluded = prepare::choose(settings, loaded, &exclude, &ResourceType::ALL)?;
            loaded.found = before;
            excluded.into_iter().collect()
        }
    };
    let is_named = !selecting.select.is_empty() || selecting.selector.is_some();
    let is_chosen = |node: &&Node| {
        let is_monitor = matches!(node.facts.kind, NodeKind::Monitor(_));
        let through = is_named && node.inputs.iter().any(|it| selected.contains(it));
        is_monitor && !excluded.contains(&node.facts.id) && (selected.contains(&node.facts.id) || through)
    };
    Ok(loaded.graph.nodes().filter(is_chosen).map(|it| it.facts.id.clone()).collect())
}

async fn look(settings: &Settings, mut loaded: Loaded, chosen: &[NodeId]) -> Result<MonitorReport, Stop> {
    let (tests, problems) = watched_tests::find(&loaded, chosen);
    loaded.found.extend(problems);
    let asked: BTreeSet<&NodeId> = chosen.iter().chain(tests.values().flatten()).collect();
    let asked: Vec<NodeId> = asked.into_iter().cloned().collect();
    let (planned, found) = prepare::plan(settings, &mut loaded, &asked, Purpose::Run).await?;
    let graph = Arc::clone(&loaded.graph);
    let sources: Vec<&Node> = graph.nodes().filter(|it| matches!(it.facts.kind, NodeKind::Source(_))).collect();
    let (about, others) = unread(&sources, &planned, found);
    prepare::report(settings, others)?;
    let _lock = prepare::lock(settings, &loaded, &planned.warehouse)?;
    let late = Arc::new(prepare::late(settings, &loaded, &planned));
    let ends = ask_tests(settings, &loaded, &planned, &late, &tests).await;
    let invocation = Arc::clone(&loaded.project.invocation);
    let measures = Measures { session: &planned.session, warehouse: &planned.warehouse, invocation: &invocation };
    let earlier = measures.earlier().await.map_err(|error| kept_wrongly(&error))?;
    let mut results = Vec::new();
    for node in chosen.iter().filter_map(|id| graph.get(id)) {
        let NodeKind::Monitor(facts) = &node.facts.kind else { continue };
        let ends: Vec<TestEnd> =
            tests.get(&node.facts.id).into_iter().flatten().filter_map(|it| ends.get(it).cloned()).collect();
        let history = earlier.get(&node.facts.name).map(Vec::as_slice).unwrap_or_default();
        let looking = Looking { late: &late, planned: &planned, about: &about };
        let checks = looking.checks(node, facts, &ends, history).await;
        results.push(result(node, facts, checks));
    }
    let report = MonitorReport::new(&invocation, results);
    settings.console.checks(&report.results);
    settings.console.say(&format!("\n{}", report.summary()));
    artifacts::write_json(settings, &loaded, "monitor.json", &report)?;
    artifacts::write(settings, &loaded, "monitor.md", report.markdown().as_bytes())?;
    if !report.results.is_empty() {
        measures.keep(&report.results).await.map_err(|error| kept_wrongly(&error))?;
    }
    Ok(report)
}

fn kept_wrongly(error: &datafusion::error::DataFusionError) -> Stop {
    let (schema, name) = crate::monitors::HISTORY;
    let span = crate::diagnostics::Span::file(&crate::diagnostics::SourceText::new("", ""));
    let problem = crate::plan::explain_execution(error, &format!("the table `{schema}.{name}` of measures"), &span);
    Stop::Outside(problem.message)
}

/// A result under the severity of its monitor.
fn result(node: &Node, facts: &MonitorFacts, mut checks: Vec<Check>) -> MonitorResult {
    let severity: Severity = facts.monitor.severity;
    for check in &mut checks {
        check.status = check.status.under(severity);
    }
    MonitorResult {
        name: node.facts.name.clone(),
        kind: facts.monitor.kind,
        severity,
        description: node.facts.description.clone(),
        tags: node.facts.config.tags().into_iter().map(str::to_owned).collect(),
        status: checks.iter().map(|it| it.status).max().unwrap_or(Status::Unknown),
        checks,
    }
}

/// What measuring needs.
struct Looking<'a> {
    late: &'a Late,
    planned: &'a Planned,
    /// Sources that can't be read.
    about: &'a [(NodeId, Diagnostic)],
}

impl Looking<'_> {
    async fn checks(&self, node: &Node, facts: &MonitorFacts, ends: &[TestEnd], history: &[Past]) -> Vec<Check> {
        let subject = facts.of.as_ref().map_or_else(|| facts.monitor.kind.to_owned(), Watched::shown);
        let Some(plan) = self.planned.plan.monitors.get(&node.facts.id) else {
            return vec![Check::error(&subject, self.unplanned(node, facts))];
        };
        match execute::measure(self.late, node, plan, ends).await {
            Ok(answers) => {
                let around = plan.around(self.late.project.invocation.started_at, history);
                facts.monitor.watch.judge(&around, &answers)
            }
            Err(problem) => {
                let who = format!("{}: ", node.facts.display());
                vec![Check::error(&subject, problem.message.strip_prefix(&who).unwrap_or(&problem.message))]
            }
        }
    }

    /// Why a monitor has no plan.
    fn unplanned(&self, node: &Node, facts: &MonitorFacts) -> String {
        if let Some(table @ Watched::Table(_)) = &facts.of {
            return format!("there is no table {} in the warehouse yet", table.shown());
        }
        let above = self.late.graph.ancestors(&node.facts.id, None);
        let unread = self.about.iter().find(|(id, _)| above.contains(id)).map(|(_, it)| it);
        let waits = self.planned.plan.late.get(&node.facts.id);
        let why = unread.or(waits).map(|it| it.message.clone());
        why.unwrap_or_else(|| "what it reads could not be planned".to_owned())
    }
}

/// Runs the tests of all monitors, each once.
async fn ask_tests(
    settings: &Settings,
    loaded: &Loaded,
    planned: &Planned,
    late: &Arc<Late>,
    tests: &BTreeMap<NodeId, Vec<NodeId>>,
) -> BTreeMap<NodeId, TestEnd> {
    let wanted: BTreeSet<&NodeId> = tests.values().flatten().collect();
    let chosen: Vec<NodeId> =
        loaded.graph.nodes().map(|it| &it.facts.id).filter(|it| wanted.contains(it)).cloned().collect();
    if chosen.is_empty() {
        return BTreeMap::new();
    }
    // Nobody stops it; but a channel that is closed would look like a change.
    let (_open, stop) = watch::channel(false);
    let passed = planned.warehouse.passed().await;
    let invocation = &loaded.project.invocation;
    let summary = execute::run(Job {
        graph: Arc::clone(&loaded.graph),
        plan: Arc::new(planned.plan.clone()),
        late: Arc::clone(late),
        publishing: Publishing::new(Publish::Always, &loaded.graph, &chosen),
        quarantining: Quarantining::default(),
        chosen,
        session: planned.session.clone(),
        warehouse: planned.warehouse.clone(),
        sink: Arc::new(Everyone(Vec::new())),
        threads: invocation.target.threads,
        fail_fast: false,
        store_failures: false,
        reuse: Reuse::new(invocation.target.dialect, passed, None),
        run_id: settings.request.invocation_id.clone(),
        stop,
    })
    .await;
    let end = |(id, outcome): &(NodeId, Outcome)| {
        let name = loaded.graph.get(id).map(|it| it.facts.name.clone()).unwrap_or_default();
        let (failures, problem) = match outcome {
            Outcome::Failed(failures) | Outcome::Warned(failures) => (Some(failures.count), None),
            Outcome::Passed | Outcome::Proved(_) => (Some(0), None),
            Outcome::Errored(problem) => (None, Some(problem.message.clone())),
            _ => (None, None),
        };
        (id.clone(), TestEnd { name, status: outcome.status(), failures, problem })
    };
    summary.outcomes.iter().map(end).collect()
}
