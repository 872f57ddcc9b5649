//! Other engines as judges: the reference project's tables and tests against DuckDB and dbt, row for row.
//! `tests/oracle/compare.py` does the comparing; here the same project is run on both sides.
//!
//! The Python is `$ARROWMILL_TEST_PYTHON`, or `python3` where that has what is needed, or else a virtual environment
//! below cargo's target folder, made once from `.ci/python-requirements.txt`. No Python is no pass: the trials fail.

mod macros;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use libtest_mimic::{Failed, Trial};
use tempfile::TempDir;

/// What the reference project is made of.
const PROJECT: [&str; 6] = ["dbt_project.yml", "profiles.yml", "models", "macros", "tests/assertions", "data/raw"];

/// Where the README says that these are.
const DOCUMENTED: [&str; 3] = [
    "data/warehouse/clickstream/dim_users.parquet",
    "data/warehouse/clickstream/fct_daily_engagement.parquet",
    "data/warehouse/clickstream/fct_funnel.parquet",
];

/// The project is promised to have 19 models and 60 tests at least; with fewer, something was not run at all.
const NODES: usize = 79;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("oracle::duckdb_computes_the_same_from_the_same_sql", same_sql_in_duckdb),
        Trial::test("oracle::duckdb_finds_the_same_failures_in_bad_data", same_failures_in_duckdb),
        Trial::test("oracle::dbt_with_duckdb_gives_the_same_tests_and_tables", same_project_in_dbt),
        Trial::test("oracle::what_users_of_duckdb_write_means_the_same", duckdb_sql),
        Trial::test("oracle::tables_that_grow_grow_as_with_dbt_even_after_kills", growing),
        Trial::test("oracle::tests_answered_together_say_what_dbt_says", verdicts),
        Trial::test("oracle::differences_of_tables_are_those_that_duckdb_counts", differences),
        Trial::test("oracle::monitors_measure_what_python_measures", monitors),
        Trial::test("oracle::sources_are_as_old_as_dbt_finds_them", ages_of_sources),
        Trial::test("oracle::tests_move_the_rows_that_duckdb_finds", quarantine),
        macros::trial(),
        Trial::test("oracle::seeds_have_the_types_and_rows_of_dbt_with_duckdb", same_seeds_in_dbt),
        Trial::test("oracle::other_readers_open_the_documented_files", other_readers),
    ]
}

fn same_sql_in_duckdb() -> Result<(), Failed> {
    let project = reference_project()?;
    record_events(project.path(), &["build"], Some(0))?;
    compare(project.path(), &["sql", ".", "events.jsonl"])
}

/// All tests pass on the bundled data, and none = none says little: here every kind of test has something to find.
fn same_failures_in_duckdb() -> Result<(), Failed> {
    let project = reference_project()?;
    compare(project.path(), &["damage", "data/raw"])?;
    record_events(project.path(), &["run"], Some(0))?;
    record_events(project.path(), &["test"], Some(1))?;
    compare(project.path(), &["sql", ".", "events.jsonl"])
}

fn same_project_in_dbt() -> Result<(), Failed> {
    let (ours, theirs) = (reference_project()?, reference_project()?);
    record_events(ours.path(), &["build"], Some(0))?;
    run_dbt(theirs.path(), &["build", "--target", "duckdb"])?;
    compare(ours.path(), &["dbt", ".", "events.jsonl", theirs.path().to_str().unwrap()])
}

/// Each file below `tests/oracle/seeds/seeds` has values of one kind that is easy to get wrong.
fn same_seeds_in_dbt() -> Result<(), Failed> {
    let (ours, theirs) = (TempDir::new()?, TempDir::new()?);
    for folder in [&ours, &theirs] {
        copy(&root().join("tests/oracle/seeds"), folder.path())?;
    }
    fs::create_dir_all(theirs.path().join("data"))?;
    run_dbt(theirs.path(), &["seed"])?;
    let seeded = Command::new(env!("CARGO_BIN_EXE_arrowmill")).arg("seed").current_dir(ours.path()).output()?;
    expect_code(&seeded, Some(0), "arrowmill seed")?;
    compare(ours.path(), &["seeds", ".", theirs.path().to_str().unwrap()])
}

fn run_dbt(project: &Path, arguments: &[&str]) -> Result<(), Failed> {
    let dbt = "import sys; from dbt.cli.main import cli; sys.argv[0] = 'dbt'; cli()";
    let mut command = Command::new(python()?);
    command.args(["-c", dbt]).args(arguments).args(["--profiles-dir", ".", "--no-use-colors"]);
    let output = command.current_dir(project).env("DO_NOT_TRACK", "1").output()?;
    expect_code(&output, Some(0), &format!("dbt {}", arguments.join(" ")))
}

/// One model for each topic of DuckDB's SQL, below `tests/oracle/duckdb`.
fn duckdb_sql() -> Result<(), Failed> {
    let project = tempfile::Builder::new().prefix("arrowmill-oracle-").tempdir()?;
    copy(&root().join("tests/oracle/duckdb"), project.path())?;
    record_events(project.path(), &["run"], Some(0))?;
    compare(project.path(), &["sql", ".", "events.jsonl"])
}

fn other_readers() -> Result<(), Failed> {
    let project = reference_project()?;
    record_events(project.path(), &["build"], Some(0))?;
    compare(project.path(), &[&["read", "."], &DOCUMENTED[..]].concat())
}

/// A copy of the reference project, without anything that was made from it.
pub(crate) fn reference_project() -> io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("arrowmill-oracle-").tempdir()?;
    for path in PROJECT {
        copy(&root().join(path), &folder.path().join(path))?;
    }
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        fs::create_dir_all(to.parent().unwrap())?;
        return fs::copy(from, to).map(drop);
    }
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

/// Runs a command in a project; the events go to the end of `events.jsonl`.
fn record_events(project: &Path, arguments: &[&str], code: Option<i32>) -> Result<(), Failed> {
    let binary = env!("CARGO_BIN_EXE_arrowmill");
    let mut command = Command::new(binary);
    command
        .args(["--log-format", "json", "--log-level", "debug"])
        .args(arguments)
        .current_dir(project)
        .env_remove("CLICKSTREAM_RAW");
    let output = command.output()?;
    expect_code(&output, code, &format!("arrowmill {}", arguments.join(" ")))?;
    let path = project.join("events.jsonl");
    let mut events = fs::read(&path).unwrap_or_default();
    events.extend(output.stdout);
    let finished = String::from_utf8_lossy(&events).matches(r#""name":"NodeFinished""#).count();
    let everything = arguments != ["run"];
    if everything && finished < NODES {
        return Err(format!("only {finished} nodes have finished").into());
    }
    Ok(fs::write(path, events)?)
}

/// Incremental models and snapshots over five loads, below `tests/oracle/growing`; the script runs both.
fn growing() -> Result<(), Failed> {
    let folder = tempfile::Builder::new().prefix("arrowmill-oracle-").tempdir()?;
    let mut command = Command::new(python()?);
    command.arg(root().join("tests/oracle/growing.py")).arg(env!("CARGO_BIN_EXE_arrowmill"));
    command.arg(root().join("tests/oracle/growing")).arg(folder.path()).env("DO_NOT_TRACK", "1");
    expect_code(&command.output()?, Some(0), "growing.py")
}

/// Tests at random on data that are damaged at random, below `tests/oracle/verdicts`; the script runs both.
fn verdicts() -> Result<(), Failed> {
    let folder = tempfile::Builder::new().prefix("arrowmill-oracle-").tempdir()?;
    let mut command = Command::new(python()?);
    command.arg(root().join("tests/oracle/verdicts.py")).arg(env!("CARGO_BIN_EXE_arrowmill"));
    command.arg(root().join("tests/oracle/verdicts")).arg(folder.path()).env("DO_NOT_TRACK", "1");
    expect_code(&command.output()?, Some(0), "verdicts.py")
}

/// Two tables that differ at random; the script compares both ways.
fn differences() -> Result<(), Failed> {
    run_script("differences.py")
}

/// Statistics of monitors over random rows, computed a second time; the script makes the rows.
fn monitors() -> Result<(), Failed> {
    run_script("monitor.py")
}

/// `source freshness` on one project, by both; the script makes it.
fn ages_of_sources() -> Result<(), Failed> {
    run_script("freshness.py")
}

/// A script that needs the binary and a folder to work in.
fn run_script(name: &str) -> Result<(), Failed> {
    let folder = tempfile::Builder::new().prefix("arrowmill-oracle-").tempdir()?;
    let mut command = Command::new(python()?);
    command.arg(root().join("tests/oracle").join(name)).arg(env!("CARGO_BIN_EXE_arrowmill")).arg(folder.path());
    expect_code(&command.output()?, Some(0), name)
}

/// Tests that move rows, at random; the script asks DuckDB which.
fn quarantine() -> Result<(), Failed> {
    run_script("quarantine.py")
}

fn compare(project: &Path, arguments: &[&str]) -> Result<(), Failed> {
    let script = root().join("tests/oracle/compare.py");
    let mut command = Command::new(python()?);
    command.arg(script).args(arguments).current_dir(project).env_remove("CLICKSTREAM_RAW");
    expect_code(&command.output()?, Some(0), "compare.py")
}

fn expect_code(output: &Output, code: Option<i32>, what: &str) -> Result<(), Failed> {
    if output.status.code() == code {
        return Ok(());
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Err(format!("{what} ended with {}:\n{}{}", output.status, text(&output.stdout), text(&output.stderr)).into())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

// ---- the Python that has the other engines ----

fn python() -> Result<PathBuf, Failed> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    Ok(FOUND.get_or_init(find_python).clone()?)
}

fn find_python() -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os("ARROWMILL_TEST_PYTHON") {
        let named = PathBuf::from(named);
        return if has_engines(&named) { Ok(named) } else { Err(how_to_get(&named.to_string_lossy(), "")) };
    }
    let system = PathBuf::from("python3");
    if has_engines(&system) {
        return Ok(system);
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle-python");
    let own = folder.join("bin/python");
    if !has_engines(&own) {
        make_environment(&folder, &own).map_err(|why| how_to_get("python3", &why))?;
    }
    Ok(own)
}

fn has_engines(python: &Path) -> bool {
    let output = Command::new(python).args(["-c", "import duckdb, dbt.cli.main, dbt.adapters.duckdb"]).output();
    output.is_ok_and(|it| it.status.success())
}

fn make_environment(folder: &Path, python: &Path) -> Result<(), String> {
    let run = |command: &mut Command| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()),
        Err(error) => Err(error.to_string()),
    };
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    let requirements = root().join(".ci/python-requirements.txt");
    run(Command::new(python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements))
}

fn how_to_get(python: &str, why: &str) -> String {
    format!(
        "{python} has no duckdb, dbt-core and dbt-duckdb to compare with, and making an environment for them failed or \
         was not wanted. Make one: `python3 -m venv oracle && oracle/bin/pip install --requirement \
         .ci/python-requirements.txt`, and test with ARROWMILL_TEST_PYTHON=oracle/bin/python\n{why}"
    )
}
