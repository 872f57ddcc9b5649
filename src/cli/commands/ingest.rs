//! `ingest`: raw files become events, and what became of each is said and kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::arguments::Selecting;
use crate::cli::prepare::{self, Loaded};
use crate::cli::{Exit, Settings, Stop};
use crate::console::Format;
use crate::diagnostics::Diagnostics;
use crate::events::Event;
use crate::ingest::{self, AuditRow, FileOutcome, Job, Pending, Report};
use crate::parse::{NodeId, ResourceType};

pub(super) fn run(settings: &Settings, selecting: &Selecting) -> Result<Exit, Stop> {
    let mut loaded = prepare::load(settings)?;
    let chosen = prepare::choose(settings, &mut loaded, selecting, &[ResourceType::Source])?;
    prepare::runtime()?.block_on(take_in(settings, loaded, &chosen))
}

async fn take_in(settings: &Settings, mut loaded: Loaded, chosen: &[NodeId]) -> Result<Exit, Stop> {
    let spill = prepare::spill_folder(settings, &loaded.project)?;
    let session = prepare::session(&loaded.project, Some(&spill), &std::sync::Arc::default())?;
    let warehouse = prepare::warehouse(settings, &loaded.project)?;
    let target = &loaded.project.invocation.target;
    let (contracts, problems) = ingest::contracts(&loaded.graph, &session, target);
    let mut found = std::mem::take(&mut loaded.found);
    found.extend(problems);
    prepare::report(settings, found)?;
    let _lock = match settings.dry_run {
        true => None,
        false => Some(prepare::lock(settings, &loaded, &warehouse)?),
    };
    let manifest = || {
        let manifest = crate::artifacts::manifest(&loaded.project, &loaded.graph, &BTreeMap::new());
        // What can't be told of a node is no reason not to take its files in.
        serde_json::to_value(manifest).unwrap_or_default()
    };
    let sink = settings.console.sink(&target.name, manifest);
    let job = Job {
        contracts: &contracts,
        graph: &loaded.graph,
        chosen,
        session: &session,
        warehouse: &warehouse,
        folder: settings.folder.clone(),
        files: settings.files.clone(),
        environment: &settings.request.environment,
        sink: std::sync::Arc::clone(&sink),
        run_id: settings.request.invocation_id.clone(),
        started_at: settings.request.started_at,
    };
    if settings.dry_run {
        return dry_run(settings, &job).await;
    }
    let report = ingest::ingest(&job).await.map_err(Stop::outside)?;
    sink.emit(&Event::RunFinished { counts: counts(&report), elapsed: settings.begun.elapsed() });
    print_sources(settings, &report.rows);
    let is_good = report.rows.iter().all(|it| it.outcome == FileOutcome::Taken);
    let errors = said(settings, report.found);
    Ok(if is_good && !errors { Exit::Success } else { Exit::Failed })
}

/// Which files would be taken.
async fn dry_run(settings: &Settings, job: &Job<'_>) -> Result<Exit, Stop> {
    let (pending, found) = ingest::pending(job).await.map_err(Stop::outside)?;
    for Pending { source, file, skipped } in pending {
        settings.console.print(&match skipped {
            Some(why) => format!("would skip {source}: {file} ({why})"),
            None => format!("would take {source}: {file}"),
        });
    }
    Ok(if said(settings, found) { Exit::Failed } else { Exit::Success })
}

/// The rows of each source's new files: as a table for people, as one JSON array where the log is JSON.
fn print_sources(settings: &Settings, rows: &[AuditRow]) {
    if rows.is_empty() {
        return;
    }
    if settings.console.format == Format::Json {
        settings.console.print(&serde_json::to_string(rows).unwrap_or_default());
        return;
    }
    let mut lines =
        vec![["source", "files", "rows", "valid", "invalid", "duplicate", "bad", "taken"].map(str::to_owned)];
    let sources: BTreeSet<&String> = rows.iter().map(|it| &it.source).collect();
    for source in sources {
        let of: Vec<&AuditRow> = rows.iter().filter(|it| it.source == *source).collect();
        let sum = |of_row: fn(&AuditRow) -> u64| of.iter().map(|it| of_row(it)).sum::<u64>();
        let (read, invalid) = (sum(|it| it.rows_read), sum(|it| it.rows_invalid));
        let bad = if read == 0 { 0.0 } else { invalid as f64 / read as f64 * 100.0 };
        lines.push([
            source.clone(),
            of.len().to_string(),
            read.to_string(),
            sum(|it| it.rows_valid).to_string(),
            invalid.to_string(),
            sum(|it| it.rows_duplicate).to_string(),
            format!("{bad:.2} %"),
            sum(|it| if it.outcome == FileOutcome::Taken { it.rows_valid } else { 0 }).to_string(),
        ]);
    }
    let width = |at: usize| lines.iter().map(|it| it[at].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    settings.console.say("");
    for [source, numbers @ ..] in &lines {
        let numbers = numbers.iter().zip(&widths[1..]).map(|(number, width)| format!("  {number:>width$}"));
        settings.console.print(&format!("{source:<0$}{1}", widths[0], numbers.collect::<String>()));
    }
}

/// Says what is wrong with sources as a whole; whether any of it is an error.
fn said(settings: &Settings, found: Diagnostics) -> bool {
    let found = settings.warnings.apply(found).sorted();
    settings.console.diagnostics(&found);
    found.has_errors()
}

/// How many files came to what.
fn counts(report: &Report) -> Vec<(&'static str, usize)> {
    let outcomes = [FileOutcome::Taken, FileOutcome::Refused, FileOutcome::Drifted, FileOutcome::Unreadable];
    let of = |outcome: FileOutcome| (outcome.as_str(), report.rows.iter().filter(|it| it.outcome == outcome).count());
    let counts = outcomes.into_iter().map(of).chain(report.skipped.iter().map(|(why, count)| (*why, *count)));
    counts.filter(|(_, count)| *count > 0).collect()
}
