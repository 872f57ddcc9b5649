//! Text cases: one file below `tests/cases` is a small project, the commands to run in it, and all that they say.
//!
//! ```text
//! # What this case shows, in a line or more.
//!
//! -- models/orders.sql --
//! select ammount from {{ ref('raw_orders') }}
//!
//! $ arrowmill check
//! error[unknown-ref]: model `orders` refers to unknown model `raw_orders`
//! …
//! exit: 1
//!
//! files: data out
//! (none)
//! ```
//!
//! A case is played from top to bottom, so a file may change between two commands:
//!
//! | block | what it does |
//! |---|---|
//! | `-- path --` | writes a file, from the lines up to the next block; blank lines at the end don't count |
//! | `-- path (how, …) --` | the same, in another way: `hex`, `empty`, `no newline`, `removed`, `mode 000`, `copy data/raw/x.csv` (from the repository), `first 100 bytes`, `line 2 times 1000`; a path that ends in `/` is a folder |
//! | `$ arrowmill …` | runs the command; what it prints (both streams, in order) and `exit: N` follow |
//! | `$ NAME=value arrowmill …` | the same with an environment variable |
//! | `files: folder …` | what exists below the folders: one path a line, or `(none)` |
//! | `text: path` | a file's text, each line after `\| ` |
//! | `disk: folder 64k` | puts a disk of that size at the folder |
//!
//! A project without a `dbt_project.yml` of its own is given one with a name and nothing else. Commands get a fixed
//! environment: no colour, no profile, an empty home. A case with a `mode` runs as a user without privileges. What
//! differs from run to run has a placeholder: `[project]`, `[home]`, `[time]`, `[size]`, `[uuid]`, `[timestamp]`, `[version]`.
//! `BLESS=1 cargo test --test integration cases` writes what happened into the cases; read the difference before you
//! commit it. What no message may hold, a panic or the engine's own words, fails even then.

mod disk;
mod placeholders;
mod sandbox;
mod script;

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use similar::TextDiff;

use self::sandbox::Sandbox;
use self::script::{Block, Script};

/// Words that mean something only to those who know the engine, or to nobody.
const NOT_FOR_PEOPLE: [&str; 25] = [
    "panicked at",
    "stack backtrace",
    "DataFusion error",
    "Arrow error",
    "ArrowError",
    "Parquet error",
    "ParquetError",
    "Object Store error",
    "Generic LocalFileSystem",
    "External error",
    "Execution error",
    "Internal error",
    "Schema error",
    "SchemaError",
    "Error during planning",
    "This was likely caused by a bug",
    "Optimizer rule",
    "type_coercion",
    "TableScan",
    "Utf8",
    "Int64",
    "Float64",
    "Timestamp(",
    "Decimal128",
    "os error",
];

/// The table of mistakes is promised to be at least this long.
const MISTAKES: usize = 45;

pub(crate) fn trials() -> Vec<Trial> {
    let folder = folder();
    let mut paths = Vec::new();
    find(&folder, &mut paths);
    paths.sort();
    let name = |path: &Path| {
        let below = path.strip_prefix(&folder).unwrap().with_extension("");
        format!("cases::{}", below.to_str().unwrap().replace(['/', '\\'], "::"))
    };
    let mistakes = paths.iter().filter(|it| it.starts_with(folder.join("mistakes"))).count();
    let mut trials = vec![Trial::test("cases::the_table_of_mistakes_is_long_enough", move || {
        if mistakes >= MISTAKES { Ok(()) } else { Err(format!("{mistakes} of {MISTAKES} mistakes").into()) }
    })];
    trials.extend(paths.into_iter().map(|path| {
        let name = name(&path);
        Trial::test(name.clone(), move || play(&path, &name))
    }));
    trials.extend(script::trials());
    trials.extend(placeholders::trials());
    trials
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, paths);
        } else if path.extension().is_some_and(|it| it == "case") {
            paths.push(path);
        }
    }
}

fn play(path: &Path, name: &str) -> Result<(), Failed> {
    let written = fs::read_to_string(path)?;
    let script = Script::parse(&written)?;
    if script.blocks.iter().any(|it| matches!(it, Block::Disk { .. })) && !disk::can_mount() {
        return disk::play_where_mounting_is_allowed(name);
    }
    let happened = perform(&script)?.to_string();
    let for_nobody: Vec<&str> = NOT_FOR_PEOPLE.into_iter().filter(|it| happened.contains(it)).collect();
    if written == happened && for_nobody.is_empty() {
        return Ok(());
    }
    let shown = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path).display();
    let difference = TextDiff::from_lines(&written, &happened);
    let difference = difference.unified_diff().context_radius(4).header("written", "happened").to_string();
    if std::env::var_os("BLESS").is_some_and(|it| it == "1") {
        fs::write(path, &happened)?;
    }
    if !for_nobody.is_empty() {
        return Err(format!("{shown}: words for nobody: {}\n{happened}", for_nobody.join(", ")).into());
    }
    if std::env::var_os("BLESS").is_some_and(|it| it == "1") {
        return Ok(());
    }
    Err(format!("{shown}\n{difference}\n`BLESS=1 cargo test --test integration {name}` accepts this").into())
}

/// The script with what really happened in the place of what was expected.
fn perform(script: &Script) -> Result<Script, Failed> {
    let mut sandbox = Sandbox::new(script.needs_unprivileged_user())?;
    let mut happened = script.clone();
    // Dropped before the sandbox that they lie in.
    let mut disks = Vec::new();
    for block in &mut happened.blocks {
        match block {
            Block::Verbatim(_) => {}
            Block::Disk { folder, size, .. } => disks.push(disk::mount(&sandbox.path(folder), size)?),
            Block::File { path, how, lines } => sandbox.write(path, how, lines)?,
            Block::Command { line, output } => *output = sandbox.run(line)?,
            Block::Files { folders, listed } => *listed = sandbox.list(folders),
            Block::Text { path, lines } => *lines = sandbox.text(path),
        }
    }
    Ok(happened)
}
