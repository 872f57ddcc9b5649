//! Reuse is sound: after any edit of a project or its data, a build that leaves what it can as it is gives the same
//! tables as one that makes everything anew. And it is worth something: edits that change nothing make nothing anew.
//!
//! Projects, data and edits are random. `ARROWMILL_TEST_SEED=n` repeats a failure, `ARROWMILL_TEST_EDITS=n` makes more of
//! them than the usual number.

mod project;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use arrow::array::Array;
use arrow::util::display::array_value_to_string;
use arrowmill::cli::{self, Surroundings};
use chrono::{DateTime, TimeDelta};
use libtest_mimic::{Failed, Trial};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use self::project::{Edit, Project};

/// Edits where nobody says otherwise, over all projects.
const EDITS: usize = 2_000;
/// Edits of one project before the next one is made up.
const EDITS_OF_A_PROJECT: usize = 40;

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("reuse::gives_what_a_clean_build_gives", random_edits)]
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|it| it.parse().ok())
}

/// The tables of a warehouse: for each, its rows as sorted texts.
type Tables = BTreeMap<String, Vec<String>>;

/// What builds after edits of one kind have made anew.
#[derive(Debug, Default)]
struct Counts {
    edits: usize,
    /// Models there were.
    models: usize,
    /// Models made anew.
    made: usize,
    /// Those of them that came out as they were.
    needless: usize,
}

fn random_edits() -> Result<(), Failed> {
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = variable("ARROWMILL_TEST_SEED").unwrap_or_else(clock);
    let edits = variable("ARROWMILL_TEST_EDITS").map_or(EDITS, |it| it as usize);
    // Two workers, each with projects of its own.
    let counts: Vec<Result<BTreeMap<Edit, Counts>, String>> = std::thread::scope(|scope| {
        let worker = |number: u64| scope.spawn(move || work(seed.wrapping_add(number), edits / 2));
        let workers = [worker(0), worker(1)];
        workers.into_iter().map(|it| it.join().unwrap_or_else(|_| Err("a worker panicked".to_owned()))).collect()
    });
    let mut all: BTreeMap<Edit, Counts> = BTreeMap::new();
    for counts in counts {
        for (edit, counts) in counts.map_err(|error| format!("{error}\n(seed {seed}, {edits} edits)"))? {
            let sum = all.entry(edit).or_default();
            sum.edits += counts.edits;
            sum.models += counts.models;
            sum.made += counts.made;
            sum.needless += counts.needless;
        }
    }
    // What is made anew though its rows stay the same is no mistake, but reuse is there to avoid it.
    for (edit, counts) in all {
        eprintln!("reuse: {edit:?}: {counts:?}");
    }
    Ok(())
}

fn work(seed: u64, edits: usize) -> Result<BTreeMap<Edit, Counts>, String> {
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut counts: BTreeMap<Edit, Counts> = BTreeMap::new();
    let mut done = 0;
    while done < edits {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let of_this = EDITS_OF_A_PROJECT.min(edits - done);
        edit_one_project(&mut dice, folder.path(), of_this, &mut counts)
            .map_err(|error| format!("{error}\nin the worker with seed {seed}, after {done} edits or a few more"))?;
        done += of_this;
    }
    Ok(counts)
}

fn edit_one_project(
    dice: &mut Xoshiro256PlusPlus,
    folder: &Path,
    edits: usize,
    counts: &mut BTreeMap<Edit, Counts>,
) -> Result<(), String> {
    let mut project = Project::random(dice);
    project.write(folder, &BTreeMap::new())?;
    build(folder, "kept", &[])?;
    for _ in 0..edits {
        let before = project.files();
        let edit = project.edit(dice);
        project.write(folder, &before)?;
        if edit == Edit::Warehouse {
            damage(dice, &folder.join("kept"))?;
        }
        let was = tables(&folder.join("kept"))?;
        // Now and then only a part of the project is built before all of it is.
        if dice.next_u64().is_multiple_of(4) {
            let model = format!("m{}", dice.next_u64() % project.models() as u64);
            // It can't where the file of what it reads is gone.
            let _ = build(folder, "kept", &["--select", &format!("{model}+")]);
        }
        build(folder, "kept", &[])?;
        let made = made(folder)?;
        let now = tables(&folder.join("kept"))?;
        let _ = fs::remove_dir_all(folder.join("clean"));
        build(folder, "clean", &["--no-reuse"])?;
        let clean = tables(&folder.join("clean"))?;
        let about = || format!("after the edit {edit:?}\n{}", project.describe());
        for (table, rows) in &clean {
            if now.get(table) != Some(rows) {
                return Err(format!("{table} is {:?}, and made anew {rows:?}, {}", now.get(table), about()));
            }
        }
        let counts = counts.entry(edit).or_default();
        counts.edits += 1;
        counts.models += project.models();
        if edit == Edit::Appearance && !made.is_empty() {
            return Err(format!("made {made:?} anew, where only the looks had changed, {}", about()));
        }
        counts.made += made.len();
        counts.needless += made.iter().filter(|it| was.contains_key(*it) && was.get(*it) == now.get(*it)).count();
    }
    Ok(())
}

fn build(folder: &Path, target: &str, more: &[&str]) -> Result<(), String> {
    let mut arguments = vec!["arrowmill", "--quiet", "build", "--target", target, "--threads", "2"];
    arguments.extend(more);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let exit = cli::main(Surroundings {
        arguments: arguments.iter().map(Into::into).collect(),
        environment: BTreeMap::new(),
        folder: folder.to_path_buf(),
        now: DateTime::UNIX_EPOCH + TimeDelta::from_std(since).unwrap(),
        begun: Instant::now(),
        invocation_id: format!("{target}-{}", since.as_nanos()),
        is_terminal: false,
    });
    match format!("{exit:?}") == format!("{:?}", ExitCode::SUCCESS) {
        true => Ok(()),
        false => Err(format!("{} failed in {}", arguments.join(" "), folder.display())),
    }
}

/// The models that the last build has made anew.
fn made(folder: &Path) -> Result<BTreeSet<String>, String> {
    let text = fs::read_to_string(folder.join("target/run_results.json")).map_err(|error| error.to_string())?;
    let results: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let results = results["results"].as_array().cloned().unwrap_or_default();
    let is_model = |it: &&serde_json::Value| it["unique_id"].as_str().is_some_and(|it| it.starts_with("model."));
    let is_made =
        |it: &&serde_json::Value| is_model(it) && !it["message"].as_str().unwrap_or_default().starts_with("reused");
    let name = |it: &serde_json::Value| it["unique_id"].as_str()?.rsplit('.').next().map(str::to_owned);
    Ok(results.iter().filter(is_made).filter_map(name).collect())
}

/// Removes a table, or puts another one in its place.
fn damage(dice: &mut Xoshiro256PlusPlus, warehouse: &Path) -> Result<(), String> {
    let mut files: Vec<_> = fs::read_dir(warehouse.join("main")).into_iter().flatten().flatten().collect();
    files.sort_by_key(fs::DirEntry::path);
    let Some(file) = files.get(dice.next_u64() as usize % files.len().max(1)) else { return Ok(()) };
    if file.path().is_dir() {
        let of_table = if dice.next_u64().is_multiple_of(2) { file.path() } else { file.path().join("_delta_log") };
        let mut files: Vec<_> = fs::read_dir(of_table).into_iter().flatten().flatten().collect();
        files.sort_by_key(fs::DirEntry::path);
        files.retain(|it| it.path().is_file());
        let file = files.get(dice.next_u64() as usize % files.len().max(1));
        return file.map_or(Ok(()), |it| fs::remove_file(it.path()).map_err(|error| error.to_string()));
    }
    let done = match files.iter().find(|it| it.path().is_file()) {
        Some(other) if dice.next_u64().is_multiple_of(2) && other.path() != file.path() => {
            fs::copy(other.path(), file.path()).map(drop)
        }
        _ => fs::remove_file(file.path()),
    };
    done.map_err(|error| error.to_string())
}

fn tables(warehouse: &Path) -> Result<Tables, String> {
    let mut tables = Tables::new();
    for file in fs::read_dir(warehouse.join("main")).into_iter().flatten().flatten() {
        let name = file.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let rows = match file.path().is_dir() {
            true => rows_of_log(&file.path()),
            false => rows(&file.path()),
        };
        // What was a Delta table leaves an empty folder beside its file.
        if rows.is_some() || file.path().is_file() {
            tables.insert(name, rows.unwrap_or_default());
        }
    }
    Ok(tables)
}

/// The rows of a Delta table, by its protocol.
fn rows_of_log(folder: &Path) -> Option<Vec<String>> {
    let mut commits: Vec<_> = fs::read_dir(folder.join("_delta_log")).ok()?.flatten().map(|it| it.path()).collect();
    commits.sort();
    commits.first()?;
    let mut files = BTreeSet::new();
    for commit in commits {
        for line in fs::read_to_string(commit).ok()?.lines() {
            let action: serde_json::Value = serde_json::from_str(line).ok()?;
            let path = |what: &str| action[what]["path"].as_str().map(str::to_owned);
            files.extend(path("add"));
            path("remove").map(|it| files.remove(&it));
        }
    }
    let mut all = Vec::new();
    for file in files {
        all.extend(rows(&folder.join(file))?);
    }
    all.sort();
    Some(all)
}

fn rows(file: &Path) -> Option<Vec<String>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file).ok()?).ok()?.build().ok()?;
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.ok()?;
        for row in 0..batch.num_rows() {
            let value = |it: &Arc<dyn Array>| array_value_to_string(it, row).unwrap_or_default();
            // Which run has moved a row, and when, is no other value of it.
            let fields = batch.schema();
            let columns = fields.fields().iter().zip(batch.columns());
            let columns =
                columns.filter(|(it, _)| !["quarantine_run_id", "quarantined_at"].contains(&it.name().as_str()));
            rows.push(columns.map(|(_, it)| value(it)).collect::<Vec<_>>().join("|"));
        }
    }
    rows.sort();
    Some(rows)
}
