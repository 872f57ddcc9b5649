//! What dbt's flags say of logs: what is printed, in which form, and which file is written.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use chrono::{DateTime, Utc};

use crate::cli::flags::Flags;
use crate::console::{Console, Format, Log, LogFile};
use crate::events::Level;
use crate::files::{Disk, ProjectFiles};
use crate::project::ProjectFile;

/// Which run a log is of.
pub(super) struct Identity<'a> {
    pub(super) invocation_id: &'a str,
    pub(super) started_at: DateTime<Utc>,
    pub(super) begun: Instant,
}

/// What is printed, and the log.
pub(super) struct Logging {
    pub(super) format: Format,
    pub(super) quiet: bool,
    pub(super) log: Arc<Log>,
}

/// Reads the flags and opens the file.
///
/// # Errors
/// An unknown format or level, or a file that was asked for and can't be written.
pub(super) fn resolve(
    flags: &Flags,
    current: &Path,
    project: &Path,
    identity: &Identity<'_>,
) -> Result<Logging, String> {
    let format = format(flags.value("log-format"))?;
    let printed = match (flags.on("debug"), flags.on("quiet")) {
        (Some(true), _) => Some(Level::Debug),
        (_, Some(true)) => Some(Level::Error),
        _ => level(flags.value("log-level").unwrap_or("info"))?,
    };
    let log = Log {
        invocation_id: identity.invocation_id.to_owned(),
        started_at: identity.started_at,
        begun: identity.begun,
        printed: if format == Format::Json { printed } else { None },
        file: file(flags, format, current, project)?,
    };
    Ok(Logging { format, quiet: printed.is_none_or(|it| it > Level::Info), log: Arc::new(log) })
}

/// Before the flags are known.
pub(super) fn fallback(is_json: bool, invocation_id: &str, started_at: DateTime<Utc>, begun: Instant) -> Console {
    let log = Log {
        invocation_id: invocation_id.to_owned(),
        started_at,
        begun,
        printed: is_json.then_some(Level::Info),
        file: None,
    };
    let format = if is_json { Format::Json } else { Format::Text };
    Console { format, colour: false, quiet: false, log: Arc::new(log) }
}

/// The log file. Whoever reads text for people has asked for none, unless its folder or form is given.
fn file(flags: &Flags, printed: Format, current: &Path, project: &Path) -> Result<Option<LogFile>, String> {
    let asked = flags.value("log-path");
    let is_wanted = asked.is_some() || flags.value("log-format-file").is_some() || printed == Format::Json;
    let Some(level) = level(flags.value("log-level-file").unwrap_or("debug"))?.filter(|_| is_wanted) else {
        return Ok(None);
    };
    let format = match flags.value("log-format-file") {
        Some(text) => format(Some(text))?,
        None => printed,
    };
    let folder = match asked {
        Some(folder) => current.join(folder),
        None if Disk::new(project).exists(ProjectFile::NAME) => project.join("logs"),
        None => return Ok(None),
    };
    let path = folder.join("dbt.log").to_string_lossy().into_owned();
    match Disk::new(project).append(&path) {
        Ok(file) => Ok(Some(LogFile { writer: Mutex::new(Box::new(file)), format, level })),
        Err(error) if asked.is_some() => Err(format!("cannot write the log {path}: {error}")),
        // A project that can only be read can still be run.
        Err(_) => Ok(None),
    }
}

fn format(name: Option<&str>) -> Result<Format, String> {
    match name.unwrap_or("default") {
        "text" | "default" | "debug" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        other => Err(format!("there is no log format `{other}`; there is: text, json, debug, default")),
    }
}

/// `None` where nothing is wanted.
fn level(name: &str) -> Result<Option<Level>, String> {
    match name {
        "debug" => Ok(Some(Level::Debug)),
        "info" => Ok(Some(Level::Info)),
        "warn" => Ok(Some(Level::Warning)),
        "error" => Ok(Some(Level::Error)),
        "none" => Ok(None),
        other => Err(format!("there is no log level `{other}`; there is: debug, info, warn, error, none")),
    }
}
