//! Takes in the raw files of sources, one after the other. A file's events, and what became of it, are either both kept
//! or neither: its quarantine is put in place first, then one commit takes its events in and says what they are, then its
//! row in the audit is written. A run that dies in between has left a commit that says what the row should be.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use arrow::error::ArrowError;
use chrono::{DateTime, Utc};
use datafusion::error::DataFusionError;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Severity};
use crate::events::{Event, EventSink, Ingested, NodeLabel, Outcome};
use crate::files::Disk;
use crate::graph::Graph;
use crate::ingest::audit::{AuditRow, FileOutcome, log_relation};
use crate::ingest::contract::{Contract, Contracts};
use crate::ingest::intake::Intake;
use crate::ingest::log::{Known, Log, read_log};
use crate::ingest::origins::{Delivery, Origin};
use crate::ingest::reading::RawFile;
use crate::parse::NodeId;
use crate::plan::Session;
use crate::sources::{self, SourceOptions};
use crate::warehouse::{DeltaError, Warehouse};

/// What stands in the way of taking anything in.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The event table or the audit.
    #[error(transparent)]
    Table(#[from] DeltaError),
    /// The engine.
    #[error("{0}")]
    Engine(#[from] DataFusionError),
    /// Batches.
    #[error("{0}")]
    Batches(#[from] ArrowError),
    /// The quarantine.
    #[error("cannot write the quarantine: {0}")]
    Quarantine(#[from] std::io::Error),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// What is to be taken in, and with what.
pub struct Job<'a> {
    /// What rows must be.
    pub contracts: &'a Contracts,
    /// The sources' nodes.
    pub graph: &'a Graph,
    /// The sources that are chosen.
    pub chosen: &'a [NodeId],
    /// The engine.
    pub session: &'a Session,
    /// Where event tables are.
    pub warehouse: &'a Warehouse,
    /// The project's folder.
    pub folder: PathBuf,
    /// The project's files.
    pub files: Disk,
    /// Where URLs of servers may stand.
    pub environment: &'a BTreeMap<String, String>,
    /// Who hears of it.
    pub sink: Arc<dyn EventSink>,
    /// The run.
    pub run_id: String,
    /// Its time.
    pub started_at: DateTime<Utc>,
}

/// What has come of it all.
#[derive(Debug, Default)]
pub struct Report {
    /// What became of files that were not known.
    pub rows: Vec<AuditRow>,
    /// Why others were passed over, and how many.
    pub skipped: BTreeMap<&'static str, usize>,
    /// What is to be said of sources as a whole.
    pub found: Diagnostics,
}

/// A source with what there is to take.
struct Source<'a> {
    contract: &'a Arc<Contract>,
    label: NodeLabel,
    deliveries: Vec<Delivery>,
}

/// Takes in what is chosen.
///
/// # Errors
/// The world fails. What is wrong with a file is its outcome.
pub async fn ingest(job: &Job<'_>) -> Result<Report, IngestError> {
    let mut report = Report::default();
    let mut sources = Vec::new();
    for contract in job.chosen.iter().filter_map(|id| job.contracts.get(id)) {
        let Some(node) = job.graph.get(&contract.id) else { continue };
        match deliveries_of(job, contract).await {
            Ok(deliveries) => sources.push(Source { contract, label: NodeLabel::of(&node.facts), deliveries }),
            Err(problem) => report.found.push(problem),
        }
    }
    let total = sources.iter().map(|it| it.deliveries.len()).sum();
    let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let is_table = |it: &&Source<'_>| matches!(it.contract.origin, Origin::Postgres(_));
    let tables = sources.iter().filter(is_table).count();
    let what = match (total - tables, tables) {
        (files, 0) => plural(files, "file"),
        (0, tables) => plural(tables, "table"),
        (files, tables) => format!("{} and {}", plural(files, "file"), plural(tables, "table")),
    };
    let plan = format!("{what} of {}", plural(sources.len(), "source"));
    job.sink.emit(&Event::RunStarted { nodes: total, threads: side_by_side(job), plan });
    let database = job.chosen.iter().find_map(|id| job.contracts.get(id)).map(|it| it.relation.database.clone());
    let log = Log::open(job.session, job.warehouse, &database.unwrap_or_default()).await?;
    let mut taking = Taking { job, log, report, number: 0, total };
    for source in sources {
        taking.source(source).await?;
    }
    Ok(taking.report)
}

/// A file that `ingest` would look at.
#[derive(Debug)]
pub struct Pending {
    /// `raw.events`.
    pub source: String,
    /// The file.
    pub file: String,
    /// Why it would be passed over.
    pub skipped: Option<&'static str>,
}

/// What `ingest` would do, with nothing done.
///
/// # Errors
/// The world fails.
pub async fn pending(job: &Job<'_>) -> Result<(Vec<Pending>, Diagnostics), IngestError> {
    let (mut all, mut found) = (Vec::new(), Diagnostics::new());
    for contract in job.chosen.iter().filter_map(|id| job.contracts.get(id)) {
        let log = job.warehouse.grown(&log_relation(&contract.relation.database)).await?;
        let known = match &log {
            Some(log) => read_log(job.session, log).await?.remove(&contract.source).unwrap_or_default(),
            None => Known::default(),
        };
        let events = job.warehouse.grown(&contract.relation).await?;
        let deliveries = match deliveries_of(job, contract).await {
            Ok(deliveries) => deliveries,
            Err(problem) => {
                found.push(problem);
                continue;
            }
        };
        for delivery in deliveries {
            let is_known = match (&events, delivery.open(Some(&known), &job.run_id).await) {
                (_, Ok(None)) => true,
                (Some(events), Ok(Some(it))) => {
                    known.taken.contains(&it.digest) || events.has_taken(&it.digest).await?
                }
                // What can't be read is told when it is to be taken.
                _ => false,
            };
            let skipped = is_known.then(|| delivery.why_skipped());
            all.push(Pending { source: contract.source.clone(), file: delivery.name, skipped });
        }
    }
    Ok((all, found))
}

/// The path of a file as events and audit call it: below the project where it lies there.
fn name_of(job: &Job<'_>, base: &str, file: &RawFile) -> String {
    let full = format!("{base}{}", file.meta.location);
    let project = job.folder.to_string_lossy();
    let below = full.strip_prefix(project.trim_end_matches('/')).and_then(|it| it.strip_prefix('/'));
    below.unwrap_or(&full).to_owned()
}

/// How many blocks are looked at side by side.
pub(crate) fn side_by_side(job: &Job<'_>) -> usize {
    job.session.state().config().target_partitions().max(1)
}

/// What there is of a source: its files, sorted by their paths, or its table.
async fn deliveries_of(job: &Job<'_>, contract: &Contract) -> Result<Vec<Delivery>, Diagnostic> {
    let location = match &contract.origin {
        Origin::Files(location) => location,
        Origin::Postgres(table) => {
            return Ok(vec![Delivery::of_table(table, |name| job.environment.get(name).cloned())]);
        }
    };
    let options = SourceOptions {
        display: contract.display.clone(),
        location: location.value.clone(),
        place: location.span.clone(),
        options: contract.format.clone(),
        declared: Vec::new(),
    };
    let located = sources::raw_files(&options, &job.folder, job.session.state()).await.map_err(|mut problem| {
        if problem.code == Code::MissingFile {
            // An inbox may be empty.
            problem.severity = Severity::Warning;
        }
        problem
    })?;
    let delivery = |(meta, compression)| {
        let file = RawFile {
            store: Arc::clone(&located.store),
            meta,
            compression,
            options: contract.format.clone(),
            max_row_bytes: contract.max_row_bytes,
            expected: contract.columns.iter().map(|it| it.raw.clone()).collect(),
        };
        Delivery::of_file(name_of(job, &located.base, &file), file)
    };
    Ok(located.files.into_iter().map(delivery).collect())
}

/// A run that is under way.
struct Taking<'a> {
    job: &'a Job<'a>,
    log: Log,
    report: Report,
    number: usize,
    total: usize,
}

impl Taking<'_> {
    async fn source(&mut self, source: Source<'_>) -> Result<(), IngestError> {
        let Source { contract, label, deliveries } = source;
        let mut intake = match Intake::open(self.job, contract).await? {
            Ok(intake) => intake,
            Err(problem) => {
                self.report.found.push(problem);
                self.number += deliveries.len();
                return Ok(());
            }
        };
        intake.repair(&mut self.log).await?;
        for delivery in &deliveries {
            self.number += 1;
            let begun = Instant::now();
            let node = NodeLabel { name: format!("{}: {}", contract.source, delivery.name), ..label.clone() };
            let (number, total) = (self.number, self.total);
            self.job.sink.emit(&Event::NodeStarted { node: node.clone(), number, total });
            let ingested = match intake.delivery(&mut self.log, delivery, begun).await? {
                Some(row) => {
                    let ingested = outcome_of(&row);
                    self.report.rows.push(row);
                    ingested
                }
                None => {
                    let why = delivery.why_skipped();
                    *self.report.skipped.entry(why).or_default() += 1;
                    Ingested { outcome: "skipped", message: Some(why.to_owned()), ..Ingested::default() }
                }
            };
            let outcome = Outcome::Ingested(Box::new(ingested));
            self.job.sink.emit(&Event::NodeFinished { node, number, total, outcome, elapsed: begun.elapsed() });
        }
        Ok(())
    }
}

/// What listeners hear of a file.
fn outcome_of(row: &AuditRow) -> Ingested {
    Ingested {
        outcome: row.outcome.as_str(),
        read: row.rows_read,
        valid: row.rows_valid,
        invalid: row.rows_invalid,
        duplicate: row.rows_duplicate,
        quarantine: row.quarantine.clone(),
        message: row.message.clone().filter(|_| row.outcome != FileOutcome::Drifted),
        drift: row.drift.clone(),
    }
}
