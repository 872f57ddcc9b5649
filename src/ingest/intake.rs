//! One source while its files are taken in: its event table, the keys that are there, and for each file the decision what
//! becomes of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::{DataType, Field, FieldRef, Schema};

use crate::diagnostics::{Code, Diagnostic};
use crate::events::{Event, Level};
use crate::ingest::audit::{AuditRow, FileOutcome, columns_of};
use crate::ingest::contract::Contract;
use crate::ingest::drift::{self, Drift};
use crate::ingest::duplicates::KeyDigest;
use crate::ingest::file::{Counts, NotSifted, Sieve, Sifted, sift};
use crate::ingest::log::Log;
use crate::ingest::origins::{Delivery, Opened};
use crate::ingest::quarantine::Quarantine;
use crate::ingest::reading::{RawColumn, Reading, Unreadable};
use crate::ingest::run::{IngestError, Job, side_by_side};
use crate::ingest::stored::{self, StoredKeys, is_out_of_memory};
use crate::ingest::validate::Layout;
use crate::project::DriftPolicy;
use crate::warehouse::{Arrived, CommitNote, GrownTable};

/// A source whose files are taken in.
pub(crate) struct Intake<'a> {
    job: &'a Job<'a>,
    contract: &'a Arc<Contract>,
    table: GrownTable,
    keys: StoredKeys,
}

/// What a file's rows have come to.
enum Looked {
    /// They are sifted.
    Sifted(Sifted),
    /// The file's columns forbid to take it.
    Drifted,
    /// They can't be read to their end.
    Unreadable(Unreadable),
}

impl<'a> Intake<'a> {
    /// Opens the event table, with all columns of the contract; or says why it can't have them.
    ///
    /// # Errors
    /// The table can't be read or made.
    pub(crate) async fn open(
        job: &'a Job<'a>,
        contract: &'a Arc<Contract>,
    ) -> Result<Result<Intake<'a>, Diagnostic>, IngestError> {
        let wanted = contract.event_schema();
        let table = match job.warehouse.grown(&contract.relation).await? {
            None => job.warehouse.make_grown(&contract.relation, &wanted).await?,
            Some(mut table) => {
                let there = table.schema()?;
                let mut new = Vec::new();
                for field in wanted.fields() {
                    match there.fields().iter().find(|it| it.name().eq_ignore_ascii_case(field.name())) {
                        None => new.push(Arc::clone(field)),
                        Some(it) if it.data_type() == field.data_type() => {}
                        Some(it) => {
                            return Ok(Err(retyped(contract, field.name(), it.data_type(), field.data_type())));
                        }
                    }
                }
                if !new.is_empty() {
                    table.add_columns(&Schema::new(new)).await?;
                }
                table
            }
        };
        Ok(Ok(Intake { job, contract, table, keys: StoredKeys::Unread }))
    }

    /// Writes the audit of files that a run has taken before it died.
    ///
    /// # Errors
    /// The table can't be read, or the audit not written.
    pub(crate) async fn repair(&mut self, log: &mut Log) -> Result<(), IngestError> {
        let known = log.known.get(&self.contract.source);
        let is_known = |row: &AuditRow| known.is_some_and(|it| it.taken.contains(&row.digest));
        let notes = self.table.notes().await?;
        let mut missing: Vec<AuditRow> = notes.iter().filter_map(AuditRow::from_note).collect();
        missing.retain(|row| !is_known(row));
        missing.reverse();
        log.add(&missing).await
    }

    /// One delivery; `None` where it was taken before, or there is nothing new.
    ///
    /// # Errors
    /// The world fails. What is wrong with the delivery is its outcome.
    pub(crate) async fn delivery(
        &mut self,
        log: &mut Log,
        delivery: &Delivery,
        begun: Instant,
    ) -> Result<Option<AuditRow>, IngestError> {
        let mut row = self.empty_row(delivery);
        let known = log.known.get(&self.contract.source);
        let looked = match delivery.open(known, &self.job.run_id).await {
            Err(problem) => Looked::Unreadable(problem),
            Ok(None) => return Ok(None),
            Ok(Some(opened)) => {
                row.digest.clone_from(&opened.digest);
                if known.is_some_and(|it| it.taken.contains(&row.digest)) || self.table.has_taken(&row.digest).await? {
                    return Ok(None);
                }
                row.mark = opened.mark();
                let looked = self.look(log, &opened, &mut row).await?;
                row.bytes = opened.bytes_sent().unwrap_or(row.bytes);
                looked
            }
        };
        let (outcome, message) = match looked {
            Looked::Sifted(sifted) => self.decide(sifted, &mut row, begun).await?,
            Looked::Drifted => (FileOutcome::Drifted, Some(row.drift.join("; "))),
            Looked::Unreadable(problem) => (FileOutcome::Unreadable, Some(problem.0)),
        };
        (row.outcome, row.message) = (outcome, message);
        row.seconds = begun.elapsed().as_secs_f64();
        log.add(std::slice::from_ref(&row)).await?;
        Ok(Some(row))
    }

    fn empty_row(&self, delivery: &Delivery) -> AuditRow {
        AuditRow {
            run_id: self.job.run_id.clone(),
            source: self.contract.source.clone(),
            file: delivery.name.clone(),
            bytes: delivery.bytes(),
            digest: String::new(),
            rows_read: 0,
            rows_valid: 0,
            rows_invalid: 0,
            rows_duplicate: 0,
            invalid_by_rule: BTreeMap::new(),
            columns: Vec::new(),
            drift: Vec::new(),
            quarantine: None,
            ingested_at: self.job.started_at,
            seconds: 0.0,
            outcome: FileOutcome::Taken,
            message: None,
            mark: None,
        }
    }

    /// Looks at all rows of a delivery: a second time, where there was no memory to know all stored keys beside its own.
    async fn look(&mut self, log: &Log, opened: &Opened, row: &mut AuditRow) -> Result<Looked, IngestError> {
        let last = log.known.get(&self.contract.source).and_then(|it| it.columns.as_ref());
        let expected: Vec<String> = last.into_iter().flatten().map(|(name, _)| name.clone()).collect();
        loop {
            let reading = match opened.begin(self.contract, &expected).await {
                Ok(reading) => reading,
                Err(problem) => return Ok(Looked::Unreadable(problem)),
            };
            match self.read(log, reading, row).await {
                Err(IngestError::Engine(error)) if is_out_of_memory(&error) => match self.keys {
                    StoredKeys::Known(_) => self.keys = self.too_many_keys(),
                    StoredKeys::Unread | StoredKeys::TooMany => return Err(error.into()),
                },
                looked => return looked,
            }
        }
    }

    /// Stored keys don't fit in memory.
    fn too_many_keys(&self) -> StoredKeys {
        let text = format!(
            "{}: no memory to know all stored keys; they are read again for each file (`memory_limit`)",
            self.contract.source
        );
        self.job.sink.emit(&Event::Message { level: Level::Info, text });
        StoredKeys::TooMany
    }

    async fn read(&mut self, log: &Log, reading: Reading, row: &mut AuditRow) -> Result<Looked, IngestError> {
        let Reading { columns, is_fixed, blocks } = reading;
        let contract = self.contract;
        row.columns = columns_of(&columns);
        let mapping = drift::map(contract, &columns);
        let last = log.known.get(&contract.source).and_then(|it| it.columns.as_deref());
        let mut drift = drift::of(contract, &mapping, &columns, &row.columns, last);
        // A file without a line has no columns, and none that are wrong.
        drift.retain(|it| !columns.is_empty() && (is_fixed || it.is_of_every_row()));
        row.drift = drift.iter().map(Drift::to_string).collect();
        if contract.drift == DriftPolicy::Fail && !drift.is_empty() {
            return Ok(Looked::Drifted);
        }
        let extra = match contract.drift {
            DriftPolicy::Evolve => self.extra_columns(&mapping, &columns).await?,
            DriftPolicy::Fail | DriftPolicy::Warn => Vec::new(),
        };
        let layout = Arc::new(Layout { mapping, extra });
        let is_wanted =
            |at: &usize| layout.mapping.contains(&Some(*at)) || layout.extra.iter().any(|(_, _, extra)| extra == at);
        let wanted = (0..columns.len()).map(|at| is_wanted(&at)).collect();
        if !contract.key.is_empty() && matches!(self.keys, StoredKeys::Unread) {
            self.keys = match stored::read(self.job.session, contract, &self.table).await? {
                StoredKeys::TooMany => self.too_many_keys(),
                keys => keys,
            };
        }
        let mut of_file = match self.keys {
            StoredKeys::TooMany => Some(stored::no_keys(self.job.session, contract)),
            StoredKeys::Unread | StoredKeys::Known(_) => None,
        };
        let quarantine = Quarantine::new(&self.job.files, quarantine_path(contract, log, row));
        let sieve = Sieve {
            contract,
            layout: Arc::clone(&layout),
            name: &row.file,
            ingested_at: self.job.started_at,
            schema: self.table.schema()?,
            seen: match &mut self.keys {
                StoredKeys::Known(seen) => Some(seen),
                StoredKeys::Unread | StoredKeys::TooMany => of_file.as_mut(),
            },
            side_by_side: side_by_side(self.job),
        };
        let sifted = match sift(sieve, blocks(wanted), self.table.begin()?, quarantine).await {
            Ok(sifted) => sifted,
            Err(NotSifted::Unreadable(problem)) => return Ok(Looked::Unreadable(problem)),
            Err(NotSifted::Failed(error)) => return Err(error),
        };
        Ok(Looked::Sifted(match of_file {
            Some(of_file) => {
                let job = self.job;
                stored::without_stored(job.session, job.warehouse, contract, &self.table, &of_file, sifted).await?
            }
            None => sifted,
        }))
    }

    /// Columns beyond the contract, which the event table has from now on.
    async fn extra_columns(
        &mut self,
        mapping: &[Option<usize>],
        columns: &[RawColumn],
    ) -> Result<Vec<(String, DataType, usize)>, IngestError> {
        let there = self.table.schema()?;
        let of_contract = self.contract.event_schema();
        let (mut extra, mut new) = (Vec::new(), Vec::new());
        for (at, column) in columns.iter().enumerate().filter(|(at, _)| !mapping.contains(&Some(*at))) {
            let same = |it: &&FieldRef| it.name().eq_ignore_ascii_case(&column.name);
            if column.name.is_empty() || of_contract.fields().iter().any(|it| same(&it)) {
                continue;
            }
            match there.fields().iter().find(same) {
                // Of another type than it was: what is there can't change.
                Some(field) if field.data_type() != &column.data_type => {}
                Some(field) => extra.push((field.name().clone(), column.data_type.clone(), at)),
                None => {
                    new.push(Field::new(&column.name, column.data_type.clone(), true));
                    extra.push((column.name.clone(), column.data_type.clone(), at));
                }
            }
        }
        if !new.is_empty() {
            self.table.add_columns(&Schema::new(new)).await?;
        }
        Ok(extra)
    }

    /// Whether the events of a file are taken; and why, where they are not.
    async fn decide(
        &mut self,
        sifted: Sifted,
        row: &mut AuditRow,
        begun: Instant,
    ) -> Result<(FileOutcome, Option<String>), IngestError> {
        let Sifted { counts, arrived, quarantine, keys, late } = sifted;
        let Counts { read, valid, invalid, duplicate, by_rule } = counts;
        (row.rows_read, row.rows_valid, row.rows_invalid, row.rows_duplicate) = (read, valid, invalid, duplicate);
        row.invalid_by_rule = by_rule;
        let is_late = !late.is_empty();
        for name in late {
            row.drift.push(Drift::Added(name.clone()).to_string());
            row.columns.push((name, crate::plan::sql_type(&DataType::Utf8)));
        }
        if is_late && self.contract.drift == DriftPolicy::Fail {
            self.forget(arrived, keys).await;
            return Ok((FileOutcome::Drifted, Some(row.drift.join("; "))));
        }
        row.quarantine = quarantine.finish()?;
        if row.error_rate() > self.contract.max_error_rate {
            self.forget(arrived, keys).await;
            let (are, may) = (percent(row.error_rate()), percent(self.contract.max_error_rate));
            return Ok((FileOutcome::Refused, Some(format!("{are} of its rows are bad where {may} are allowed"))));
        }
        row.seconds = begun.elapsed().as_secs_f64();
        let note = CommitNote { taken: row.digest.clone(), info: row.to_note() };
        self.table.commit(arrived, note).await?;
        Ok((FileOutcome::Taken, None))
    }

    /// The rows of a file are not taken after all.
    async fn forget(&mut self, arrived: Arrived, keys: Vec<Vec<KeyDigest>>) {
        arrived.discard(self.job.warehouse, &self.contract.relation).await;
        if let StoredKeys::Known(seen) = &mut self.keys {
            keys.into_iter().flatten().for_each(|it| seen.forget(it));
        }
    }
}

/// `<folder>/<file>_errors.csv`; where another content of this name has its bad rows there, part of the digest tells the
/// two apart.
fn quarantine_path(contract: &Contract, log: &Log, row: &AuditRow) -> String {
    let name = row.file.rsplit(['/', ':']).next().unwrap_or_default().replace([' ', '"', '(', ')', '*'], "_");
    let path = format!("{}/{name}_errors.csv", contract.quarantine);
    let other = log.known.get(&contract.source).and_then(|it| it.quarantined.get(&path));
    match other {
        Some(digest) if *digest != row.digest => {
            let short: String = row.digest.chars().take(8).collect();
            format!("{}/{name}.{short}_errors.csv", contract.quarantine)
        }
        _ => path,
    }
}

/// `5.8 %`.
fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

fn retyped(contract: &Contract, column: &str, was: &DataType, is: &DataType) -> Diagnostic {
    let (was, is) = (crate::plan::sql_type(was), crate::plan::sql_type(is));
    let words =
        format!("column `{column}` of {} is {was} in its event table and {is} in its contract", contract.display);
    Diagnostic::error(Code::BrokenContract, words)
        .at(contract.place.clone())
        .help("event tables only grow: declare a new column, or move the table away and take the files in anew")
}
