//! A project with an inbox: files are written to it, taken in by the binary, and looked at through it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use libtest_mimic::Failed;
use serde_json::Value;
use tempfile::TempDir;

const SOURCES: &str = "\
sources:
  - name: raw
    tables:
      - name: events
        meta:
          ingest: {location: \"inbox/*\", key: id, quarantine: quarantine, [more]}
        columns:
          - {name: id, data_type: varchar, meta: {rules: [not_null]}}
          - {name: amount, data_type: double, meta: {rules: [range: {min: 0}]}}
          - {name: at, data_type: timestamp}
          - {name: data, data_type: varchar, meta: {rules: [json]}}
  - name: arrowmill
    tables: [{name: pipeline_logs}]
";

/// The project in a folder of its own; removed when dropped.
pub(super) struct Inbox(TempDir);

/// What the audit says of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Audited {
    pub(super) read: u64,
    pub(super) valid: u64,
    pub(super) invalid: u64,
    pub(super) duplicate: u64,
    pub(super) outcome: String,
    pub(super) message: String,
    pub(super) quarantine: String,
}

/// All that a run leaves, as far as two runs must agree on it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct State {
    /// Events, different keys among them, and the sum of their row numbers.
    events: (u64, u64, u64),
    audit: Vec<(String, Audited)>,
    quarantine: BTreeMap<String, Vec<u8>>,
}

impl Inbox {
    pub(super) fn new(more: &str) -> io::Result<Inbox> {
        let inbox = Inbox(tempfile::Builder::new().prefix("arrowmill-inbox-").tempdir()?);
        fs::create_dir(inbox.path("inbox"))?;
        fs::create_dir(inbox.path("models"))?;
        fs::write(inbox.path("dbt_project.yml"), "name: inbox\n")?;
        fs::write(inbox.path("models/sources.yml"), SOURCES.replace("[more]", more))?;
        Ok(inbox)
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// A file of which every ninth row is bad, and every seventh has the key of one in the file before.
    pub(super) fn write_dirty(&self, number: usize, rows: usize) -> io::Result<()> {
        let mut text = "id,amount,at,data\n".to_owned();
        for row in 0..rows {
            let id = if row % 7 == 3 { (number.max(1) - 1) * rows + row } else { number * rows + row };
            let amount = if row % 9 == 5 { "lots".to_owned() } else { format!("{}.5", row % 100) };
            writeln!(text, "{id},{amount},2026-01-01 00:00:{:02},\"{{\"\"n\"\": {row}}}\"", row % 60).unwrap();
        }
        fs::write(self.path(&format!("inbox/{number}.csv")), text)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arrowmill"));
        command.args(arguments).current_dir(self.0.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(super) fn start(&self) -> io::Result<Child> {
        self.command(&["ingest"]).spawn()
    }

    /// Takes everything in; it must end well.
    pub(super) fn ingest(&self) -> Result<(), String> {
        self.run(&["ingest"]).map(drop)
    }

    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output: Output = self.command(arguments).output().map_err(|it| it.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        match output.status.code() {
            Some(0) => Ok(said),
            code => Err(format!(
                "{} ended with {code:?}: {said}{}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr)
            )),
        }
    }

    fn query(&self, sql: &str) -> Result<Vec<Value>, String> {
        let said = self.run(&["show", "--quiet", "--limit", "-1", "--output", "json", "--inline", sql])?;
        let start = said.find('[').or_else(|| said.find('{')).unwrap_or_default();
        let value: Value = serde_json::from_str(&said[start..]).map_err(|it| format!("{it}: {said}"))?;
        let rows = if value.is_array() { value } else { value["show"].clone() };
        Ok(rows.as_array().cloned().unwrap_or_default())
    }

    /// The audit by file.
    pub(super) fn audit(&self) -> Result<BTreeMap<String, Audited>, String> {
        let sql = "select file, rows_read, rows_valid, rows_invalid, rows_duplicate, outcome, message, quarantine \
                   from {{ source('arrowmill', 'pipeline_logs') }}";
        let mut audit = BTreeMap::new();
        for row in self.query(sql)? {
            let number = |key: &str| row[key].as_u64().unwrap_or(u64::MAX);
            let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
            let audited = Audited {
                read: number("rows_read"),
                valid: number("rows_valid"),
                invalid: number("rows_invalid"),
                duplicate: number("rows_duplicate"),
                outcome: text("outcome"),
                message: text("message"),
                quarantine: text("quarantine"),
            };
            if audit.insert(text("file"), audited).is_some() {
                return Err(format!("{} is in the audit twice", text("file")));
            }
        }
        Ok(audit)
    }

    /// The row numbers of all events by file; none may be there twice.
    pub(super) fn events_by_file(&self) -> Result<BTreeMap<String, BTreeSet<u64>>, String> {
        let mut events: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        for row in self.query("select source_file, row_number from {{ source('raw', 'events') }}")? {
            let file = row["source_file"].as_str().unwrap_or_default().to_owned();
            let number = row["row_number"].as_u64().unwrap_or_default();
            if !events.entry(file.clone()).or_default().insert(number) {
                return Err(format!("row {number} of {file} is there twice"));
            }
        }
        Ok(events)
    }

    /// What there is now.
    pub(super) fn state(&self) -> Result<State, String> {
        let sql = "select count(*) as events, count(distinct id) as keys, sum(row_number) as numbers \
                   from {{ source('raw', 'events') }}";
        let rows = self.query(sql)?;
        let number = |key: &str| rows[0][key].as_u64().unwrap_or_default();
        let mut quarantine = BTreeMap::new();
        for entry in fs::read_dir(self.path("quarantine")).map_err(|it| it.to_string())? {
            let path = entry.map_err(|it| it.to_string())?.path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            // What a killed run was writing is hidden.
            if !name.starts_with('.') {
                quarantine.insert(name, fs::read(path).map_err(|it| it.to_string())?);
            }
        }
        let audit = self.audit()?.into_iter().collect();
        Ok(State { events: (number("events"), number("keys"), number("numbers")), audit, quarantine })
    }

    /// As if nothing had been taken.
    pub(super) fn forget(&self) -> io::Result<()> {
        for folder in ["data/warehouse", "quarantine"] {
            match fs::remove_dir_all(self.path(folder)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Commits of a table that grows, its making among them.
    pub(super) fn commits(&self, table: &str) -> io::Result<usize> {
        let log = self.path("data/warehouse").join(table).join("_delta_log");
        match fs::read_dir(log) {
            Ok(files) => Ok(files.filter(|it| it.as_ref().is_ok_and(|it| is_commit(&it.path()))).count()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }
}

fn is_commit(path: &std::path::Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    name.len() == 25 && name.ends_with(".json")
}

/// Good rows as CSV.
pub(super) fn csv(ids: Range<usize>) -> String {
    let mut text = "id,amount,at,data\n".to_owned();
    for id in ids {
        writeln!(text, "{id},{}.25,2026-01-01 00:00:00,\"{{\"\"n\"\": {id}}}\"", id % 50).unwrap();
    }
    text
}

/// The same as JSON.
pub(super) fn ndjson(ids: Range<usize>) -> String {
    let mut text = String::new();
    for id in ids {
        writeln!(
            text,
            "{{\"id\": \"{id}\", \"amount\": {id}.5, \"at\": \"2026-01-01 00:00:00\", \"data\": {{\"n\": 1}}}}"
        )
        .unwrap();
    }
    text
}

/// The rows in a file's quarantine: number and bytes.
pub(super) fn quarantined(inbox: &Inbox, row: &Audited) -> Result<Vec<(u64, Vec<u8>)>, Failed> {
    if row.quarantine.is_empty() {
        return Ok(Vec::new());
    }
    let bytes = fs::read(inbox.path(&row.quarantine))?;
    let mut rest = bytes.strip_prefix(b"row_number,raw,error_reason\n").ok_or("the header is wrong")?;
    let mut rows = Vec::new();
    while !rest.is_empty() {
        let comma = rest.iter().position(|it| *it == b',').ok_or("a line has no comma")?;
        let number: u64 = std::str::from_utf8(&rest[..comma])?.parse()?;
        let (raw, behind) = unquoted(&rest[comma + 1..])?;
        let (_, behind) = unquoted(behind.strip_prefix(b",").ok_or("there is no reason")?)?;
        rest = behind.strip_prefix(b"\n").ok_or("a line does not end")?;
        rows.push((number, raw));
    }
    Ok(rows)
}

/// A text in quotes, and what stands behind it.
fn unquoted(text: &[u8]) -> Result<(Vec<u8>, &[u8]), Failed> {
    let mut value = Vec::new();
    let mut at = 1;
    loop {
        match (text.get(at), text.get(at + 1)) {
            (Some(b'"'), Some(b'"')) => {
                value.push(b'"');
                at += 2;
            }
            (Some(b'"'), _) => return Ok((value, &text[at + 1..])),
            (Some(byte), _) => {
                value.push(*byte);
                at += 1;
            }
            (None, _) => return Err("a quote is not closed".into()),
        }
    }
}
