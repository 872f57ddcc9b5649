//! From raw files to trusted events: every row of a source's files is held against the source's contract; good rows are
//! appended to its event table, bad ones go into quarantine with their reasons, and what became of each file is kept.
//!
//! The deciding parts (`validate`, `drift`, the rules) know batches and no files.

mod audit;
mod contract;
mod drift;
mod duplicates;
mod file;
mod formats;
mod intake;
mod log;
mod origins;
mod quarantine;
mod reading;
mod rules;
mod run;
mod stored;
mod validate;

pub use audit::{AuditRow, FileOutcome};
pub use contract::{Contract, Contracts, contracts};
pub use origins::{Origin, PostgresTable, Server};
pub use run::{IngestError, Job, Pending, Report, ingest, pending};
