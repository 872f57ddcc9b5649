//! The project that is killed: a source, tables that read each other, one that is a view in every third version.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs::{self, File};
use std::hash::Hasher;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow::row::{RowConverter, SortField};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;

/// All that can be a data file, sorted.
pub(super) const TABLES: [&str; 7] =
    ["copies", "ordered", "pairs", "sorted_out", "sorted_out__quarantine", "switching", "totals"];

/// A table, and the one of the rows that were moved out of it.
pub(super) const SORTED_OUT: [&str; 2] = ["sorted_out", "sorted_out__quarantine"];

const PROJECT: &str = "name: mill\nvars: {version: 0}\nmodels: {+keep_versions: 2}\n";

/// Earlier versions of each table that are kept.
const KEPT: usize = 2;

const PROPERTIES: &str = "\
sources:
  - name: raw
    tables:
      - name: numbers
        meta: {external_location: data/numbers.csv}
models:
  - name: ordered
    columns:
      - name: id
        data_tests: [not_null, unique]
  - name: sorted_out
    columns:
      - name: rest
        data_tests: [not_null: {config: {quarantine: true}}]
  - name: totals
    columns:
      - name: bucket
        data_tests: [unique]
";

const MODELS: [(&str, &str); 7] = [
    (
        "numbers",
        "{{ config(materialized='view') }}
        select id, bucket, word, cast({{ var('version') }} as bigint) as version from {{ source('raw', 'numbers') }}",
    ),
    (
        "ordered",
        "{{ config(materialized='table') }}
        select *, lag(id) over (partition by bucket order by id) as previous_id from {{ ref('numbers') }}",
    ),
    (
        "totals",
        "{{ config(materialized='table') }}
        select bucket, version, count(*) as ids, sum(id) as total, min(word) as word from {{ ref('ordered') }}
        group by bucket, version",
    ),
    (
        "switching",
        "{{ config(materialized='view' if var('version') % 3 == 0 else 'table') }}
        select id, word, version from {{ ref('ordered') }} where bucket < 50",
    ),
    (
        "sorted_out",
        "{{ config(materialized='table') }}
        select id, nullif(bucket % 7, 3) as rest, version from {{ ref('ordered') }}",
    ),
    (
        "pairs",
        "{{ config(materialized='table') }}
        select ordered.id, switching.id as other_id, ordered.version from {{ ref('ordered') }} as ordered
        join {{ ref('switching') }} as switching on ordered.previous_id = switching.id",
    ),
    (
        "copies",
        "{{ config(materialized='table') }}
        select pairs.*, totals.total from {{ ref('pairs') }} as pairs
        join {{ ref('totals') }} as totals on totals.bucket = pairs.id % 97",
    ),
];

/// The version whose `totals` fail a test.
pub(super) const BAD: usize = 1_000_000;

const ASSERTION: &str = "select * from {{ ref('totals') }} where version = 1000000";

/// Whether `switching` is a view in this version.
pub(super) fn is_switched_to_view(version: usize) -> bool {
    version.is_multiple_of(3)
}

/// What a table holds: the order of its rows left out, the version counted apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) rows: usize,
    /// The sum of a hash of each row without its version.
    pub(super) digest: u64,
    pub(super) versions: BTreeSet<i64>,
}

/// A run that ended well.
pub(super) struct CleanRun {
    pub(super) content: BTreeMap<String, Content>,
    pub(super) duration: Duration,
}

/// The project in a folder of its own; removed when dropped.
pub(super) struct Mill(TempDir);

impl Mill {
    pub(super) fn new(rows: usize) -> io::Result<Mill> {
        let mill = Mill(tempfile::Builder::new().prefix("arrowmill-mill-").tempdir()?);
        let mut numbers = String::from("id,bucket,word\n");
        for id in 0..rows {
            // Words that don't compress: a big table must be big on disk too.
            let word = [0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb_u64];
            let [a, b, c] = word.map(|it| it.wrapping_mul(id as u64 + 1));
            writeln!(numbers, "{id},{},{a:x}{b:x}{c:x}", id % 97).unwrap();
        }
        fs::create_dir(mill.path("data"))?;
        fs::create_dir(mill.path("models"))?;
        fs::create_dir(mill.path("tests"))?;
        fs::write(mill.path("tests/totals_are_good.sql"), ASSERTION)?;
        fs::write(mill.path("data/numbers.csv"), numbers)?;
        fs::write(mill.path("dbt_project.yml"), PROJECT)?;
        fs::write(mill.path("models/properties.yml"), PROPERTIES)?;
        for (name, sql) in MODELS {
            fs::write(mill.path(&format!("models/{name}.sql")), sql)?;
        }
        Ok(mill)
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Starts `build` with a version.
    pub(super) fn start(&self, version: usize, log_format: &str) -> io::Result<Child> {
        self.start_with(version, log_format, "audited")
    }

    /// The same, with a word for when tables are put in place.
    pub(super) fn start_with(&self, version: usize, log_format: &str, publish: &str) -> io::Result<Child> {
        Command::new(env!("CARGO_BIN_EXE_arrowmill"))
            .args(["build", "--vars", &format!("{{version: {version}}}"), "--log-format", log_format])
            .args(["--log-level", if log_format == "json" { "debug" } else { "info" }, "--publish", publish])
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }

    /// Runs to the end: it must end well, and leave nothing behind.
    pub(super) fn run_cleanly(&self, version: usize) -> Result<CleanRun, String> {
        let started = Instant::now();
        let output = self.start(version, "text").and_then(Child::wait_with_output).map_err(|it| it.to_string())?;
        let duration = started.elapsed();
        if !output.status.success() {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            return Err(format!(
                "a run ended with {}\n{}{}",
                output.status,
                text(&output.stdout),
                text(&output.stderr)
            ));
        }
        let left = self.left_behind().map_err(|it| it.to_string())?;
        if !left.is_empty() {
            return Err(format!("left behind after a run that ended well: {left:?}"));
        }
        Ok(CleanRun { content: self.content(version)?, duration })
    }

    /// Whether a run was killed while it put its tables in place together.
    pub(super) fn has_journal(&self) -> bool {
        self.path("data/warehouse/_arrowmill/journal.json").exists()
    }

    /// Looks at the warehouse without making anything.
    pub(super) fn look(&self) -> Result<(), String> {
        let mut look = Command::new(env!("CARGO_BIN_EXE_arrowmill"));
        look.args(["show", "--inline", "select 1 as one", "--quiet"]).current_dir(self.0.path());
        let output = look.output().map_err(|it| it.to_string())?;
        let text = || String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(text()) }
    }

    /// The versions that the tables are of, those that are there.
    pub(super) fn versions(&self) -> Result<BTreeMap<String, BTreeSet<i64>>, String> {
        let there = TABLES.into_iter().filter(|it| self.data_file(it).exists());
        let version = |it: &str| Ok((it.to_owned(), read(&self.data_file(it))?.versions));
        there.map(version).collect()
    }

    /// Files in staging, and everything that was spilled.
    fn left_behind(&self) -> io::Result<Vec<String>> {
        let mut left = self.staged()?;
        left.extend(self.broken_versions()?);
        let spill = self.path("data/warehouse/_arrowmill/spill");
        for entry in fs::read_dir(spill)? {
            left.push(entry?.path().to_string_lossy().into_owned());
        }
        Ok(left)
    }

    /// Files among the versions that are kept that are none, or too many, or half a file.
    pub(super) fn broken_versions(&self) -> io::Result<Vec<String>> {
        let mut broken = Vec::new();
        for table in TABLES {
            let mut files = Vec::new();
            let folder = self.path(&format!("data/warehouse/_arrowmill/versions/main/{table}"));
            find(&folder, &mut files)?;
            let named = |ending: &str| -> BTreeSet<String> {
                files.iter().filter_map(|it| it.strip_suffix(ending)).map(str::to_owned).collect()
            };
            let (tables, records) = (named(".parquet"), named(".json"));
            let is_whole = |it: &&String| {
                let content = read(Path::new(&format!("{it}.parquet")));
                records.contains(*it) && content.is_ok_and(|it| it.versions.len() == 1)
            };
            broken.extend(tables.iter().filter(|it| !is_whole(it)).cloned());
            if tables.len() > KEPT || files.len() != tables.len() + records.len() {
                broken.extend(files);
            }
        }
        Ok(broken)
    }

    /// Starts putting a table's version before back in place.
    pub(super) fn start_rollback(&self, table: &str) -> io::Result<Child> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arrowmill"));
        command.args(["rollback", table]).current_dir(self.0.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    }

    /// Files that are being written, or that a killed run was writing.
    pub(super) fn staged(&self) -> io::Result<Vec<String>> {
        let mut files = Vec::new();
        find(&self.path("data/warehouse/_arrowmill/staged"), &mut files)?;
        Ok(files)
    }

    /// The bytes of each table's file, none where there is no file.
    pub(super) fn files(&self) -> Result<BTreeMap<String, Option<Vec<u8>>>, String> {
        let mut found = Vec::new();
        find(&self.path("data/warehouse/main"), &mut found).map_err(|it| it.to_string())?;
        let known = |path: &String| TABLES.iter().any(|it| path.ends_with(&format!("/main/{it}.parquet")));
        if let Some(other) = found.iter().find(|it| !known(it)) {
            return Err(format!("among the tables there is {other}"));
        }
        Ok(TABLES.into_iter().map(|it| (it.to_owned(), fs::read(self.data_file(it)).ok())).collect())
    }

    /// Each file must be as before, or complete and wholly of the new version. Gives how many are new.
    pub(super) fn judge(
        &self,
        before: &BTreeMap<String, Option<Vec<u8>>>,
        after: &BTreeMap<String, Option<Vec<u8>>>,
        version: usize,
    ) -> Result<usize, String> {
        let mut new = 0;
        for (name, bytes) in after {
            if *bytes == before[name] {
                continue;
            }
            new += 1;
            if bytes.is_none() {
                if name == "switching" && is_switched_to_view(version) {
                    continue;
                }
                return Err(format!("{name} has been removed"));
            }
            let content = read(&self.data_file(name)).map_err(|it| format!("{name} is half a file: {it}"))?;
            if content.versions != [version as i64].into() {
                return Err(format!("{name} is of version {version} and {content:?}"));
            }
        }
        Ok(new)
    }

    /// What the tables hold after a run that ended well.
    pub(super) fn content(&self, version: usize) -> Result<BTreeMap<String, Content>, String> {
        let mut contents = BTreeMap::new();
        for name in TABLES.into_iter().filter(|it| self.data_file(it).exists()) {
            if name == "switching" && is_switched_to_view(version) {
                return Err(format!("{name} is a view in version {version}, and its file is still there"));
            }
            let content = read(&self.data_file(name)).map_err(|it| format!("{name} can't be read: {it}"))?;
            contents.insert(name.to_owned(), content);
        }
        Ok(contents)
    }

    fn data_file(&self, name: &str) -> PathBuf {
        self.path(&format!("data/warehouse/main/{name}.parquet"))
    }
}

/// All files below a folder, none where there is no folder.
fn find(folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

/// Reads a Parquet file from its footer to its last page.
fn read(path: &Path) -> Result<Content, String> {
    let file = File::open(path).map_err(|it| it.to_string())?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|it| it.to_string())?;
    let promised = builder.metadata().file_metadata().num_rows() as usize;
    let mut content = Content { rows: 0, digest: 0, versions: BTreeSet::new() };
    for batch in builder.with_batch_size(8192).build().map_err(|it| it.to_string())? {
        add(&mut content, batch.map_err(|it| it.to_string())?);
    }
    if content.rows == promised { Ok(content) } else { Err(format!("{} of {promised} rows", content.rows)) }
}

fn add(content: &mut Content, mut batch: RecordBatch) {
    for of_each_run in ["quarantine_run_id", "quarantined_at"] {
        if let Ok(at) = batch.schema().index_of(of_each_run) {
            batch.remove_column(at);
        }
    }
    if let Ok(at) = batch.schema().index_of("version") {
        let version = batch.remove_column(at);
        content.versions.extend(version.as_primitive::<Int64Type>().values());
    }
    let fields = batch.schema().fields().iter().map(|it| SortField::new(it.data_type().clone())).collect();
    let rows = RowConverter::new(fields).unwrap().convert_columns(batch.columns()).unwrap();
    content.rows += rows.num_rows();
    for row in rows.iter() {
        let mut hasher = DefaultHasher::new();
        hasher.write(row.as_ref());
        content.digest = content.digest.wrapping_add(hasher.finish());
    }
}
