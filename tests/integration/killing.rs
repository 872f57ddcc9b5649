//! Runs that end badly: killed at random moments, stopped by Ctrl-C, or started while another one is at work.
//! After each, every data file is as it was before or complete, and the next run is right.
//!
//! The project's tables hold the version that a run was given with `--vars`, so that a file shows which run wrote it.
//! `ARROWMILL_TEST_SEED=n` repeats the moments of a failure as far as a scheduler repeats anything.

mod mill;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use libtest_mimic::{Failed, Trial};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use self::mill::{Content, Mill, SORTED_OUT, TABLES};

/// How often a run is killed.
const MOMENTS: usize = 55;

/// How often a run is killed that publishes at its end.
const KILLS: usize = 60;

/// Rows of the project's only source: a run takes a few tenths of a second with the small number.
const FEW: usize = 20_000;
const MANY: usize = 500_000;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("killing::at_random_moments_leaves_old_or_complete_files", kill_at_random_moments),
        Trial::test("killing::what_is_published_as_a_whole_is_never_a_mix", kill_while_publishing),
        Trial::test("killing::a_rollback_is_done_or_not", kill_while_rolling_back),
        Trial::test("killing::a_bad_batch_is_never_seen", poll_while_a_test_fails),
        Trial::test("killing::half_of_a_big_file_is_removed_by_the_next_run", kill_while_writing),
        Trial::test("killing::ctrl_c_stops_a_run_cleanly", stop_with_ctrl_c),
        Trial::test("killing::a_second_run_at_once_is_refused", refuse_a_second_run),
    ]
}

fn kill_at_random_moments() -> Result<(), Failed> {
    let given = std::env::var("ARROWMILL_TEST_SEED").ok().and_then(|it| it.parse().ok());
    let seed: u64 = given.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64);
    let mut moments = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mill = Mill::new(FEW)?;
    let expected = mill.run_cleanly(1)?.content;
    let mut mixed = 0;
    let mut duration = mill.run_cleanly(1)?.duration;
    for moment in 0..MOMENTS {
        // Some runs find nothing to begin with: then 'as before' is 'not there'.
        if moment % 8 == 7 {
            fs::remove_dir_all(mill.path("data/warehouse"))?;
        }
        let (killed, next) = (2 * moment + 2, 2 * moment + 3);
        // From before the first instruction to a little after the end.
        let share = moments.next_u64() as f64 / u64::MAX as f64 * 1.1;
        let wait = duration.mul_f64(share);
        let about = |what: &str| format!("{what}\nseed {seed}, moment {moment}: killed after {wait:?} of {duration:?}");

        let before = mill.files()?;
        let mut run = mill.start(killed, "text")?;
        std::thread::sleep(wait);
        run.kill()?;
        run.wait()?;
        let after = mill.files()?;
        let new = mill.judge(&before, &after, killed).map_err(|it| about(&it))?;
        mixed += usize::from(new > 0 && new < after.len());

        // Rows that were moved are in the one table or in the other.
        mill.look().map_err(|it| about(&it))?;
        let versions = mill.versions().map_err(|it| about(&it))?;
        let [kept, moved] = SORTED_OUT.map(|it| versions.get(it));
        if kept != moved {
            return Err(about(&format!("a table and its quarantine are of these versions: {kept:?}, {moved:?}")).into());
        }
        let again = mill.run_cleanly(next).map_err(|it| about(&it))?;
        same_content(&expected, &again.content, next).map_err(|it| about(&it))?;
        duration = again.duration;
    }
    if mixed == 0 {
        return Err(format!("none of {MOMENTS} kills hit a run between two of its files; seed {seed}").into());
    }
    Ok(())
}

/// With `--publish run` all tables are of one version, whenever the run was killed and somebody has looked since.
/// `ARROWMILL_TEST_KILLS=n` kills more often.
fn kill_while_publishing() -> Result<(), Failed> {
    let variable = |name: &str| std::env::var(name).ok().and_then(|it| it.parse::<u64>().ok());
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = variable("ARROWMILL_TEST_SEED").unwrap_or_else(clock);
    let kills = variable("ARROWMILL_TEST_KILLS").map_or(KILLS, |it| it as usize);
    let mut moments = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mill = Mill::new(FEW / 10)?;
    let mut duration = mill.run_cleanly(1)?.duration;
    let (mut journals, mut new) = (0, 0);
    for kill in 0..kills {
        // Without the bad version, and the one where a table is a view.
        let version = 100 + 3 * kill + 1;
        let mut run = mill.start_with(version, "text", "run")?;
        if kill % 2 == 0 {
            let share = moments.next_u64() as f64 / u64::MAX as f64 * 1.1;
            std::thread::sleep(duration.mul_f64(share));
        } else {
            // The moments that count are few: those after the journal has come.
            let begun = Instant::now();
            while !mill.has_journal() && run.try_wait()?.is_none() && begun.elapsed() < duration * 10 {}
            std::thread::sleep(Duration::from_micros(moments.next_u64() % 3_000));
        }
        run.kill()?;
        run.wait()?;
        journals += usize::from(mill.has_journal());
        let about = |what: String| format!("{what}\nseed {seed}, kill {kill}");
        mill.look().map_err(about)?;
        let versions = mill.versions().map_err(about)?;
        let all: BTreeSet<i64> = versions.values().flatten().copied().collect();
        if all.len() != 1 || versions.len() != TABLES.len() {
            return Err(about(format!("after a kill the tables are of these versions: {versions:?}")).into());
        }
        new += usize::from(all.contains(&(version as i64)));
        if kill % 20 == 19 {
            duration = mill.run_cleanly(1)?.duration;
        }
    }
    eprintln!("publishing: {kills} kills, {journals} with a journal, {new} with the new version");
    match (journals, new) {
        (0, _) => Err(format!("no kill hit a run that was putting its tables in place; seed {seed}").into()),
        (_, 0) => Err(format!("no run came so far as to publish; seed {seed}").into()),
        _ => Ok(()),
    }
}

/// A table that is rolled back is of the one version or of the other, and can be rolled back again.
fn kill_while_rolling_back() -> Result<(), Failed> {
    let mill = Mill::new(FEW / 10)?;
    for version in [1, 2] {
        mill.run_cleanly(version)?;
    }
    let begun = Instant::now();
    let (code, said, errors) = end(mill.start_rollback("copies")?)?;
    let duration = begun.elapsed();
    if code != Some(0) || mill.versions()?["copies"] != [1].into() {
        return Err(format!("a rollback that nobody killed ended with {code:?} and said: {said}{errors}").into());
    }
    let mut moments = Xoshiro256PlusPlus::seed_from_u64(7);
    let mut done = 0;
    for kill in 0..KILLS {
        let before = mill.versions()?["copies"].clone();
        let mut rollback = mill.start_rollback("copies")?;
        std::thread::sleep(duration.mul_f64(moments.next_u64() as f64 / u64::MAX as f64 * 1.1));
        rollback.kill()?;
        rollback.wait()?;
        let after = mill.versions()?["copies"].clone();
        if after.len() != 1 || !after.is_subset(&[1, 2].into()) {
            return Err(format!("kill {kill}: the table is of these versions: {after:?}").into());
        }
        done += usize::from(after != before);
        let (code, said, errors) = end(mill.start_rollback("copies")?)?;
        let other: BTreeSet<i64> = BTreeSet::from([1, 2]).difference(&after).copied().collect();
        if code != Some(0) || mill.versions()?["copies"] != other {
            return Err(format!("kill {kill}: the next rollback ended with {code:?} and said: {said}{errors}").into());
        }
    }
    if done == 0 {
        return Err("no rollback came so far as to put a table in place".into());
    }
    mill.run_cleanly(4)?;
    Ok(())
}

/// A reader that opens the files all the time sees the version before, in the tables that a test fails on and in those
/// after them.
fn poll_while_a_test_fails() -> Result<(), Failed> {
    let mill = Mill::new(FEW)?;
    mill.run_cleanly(1)?;
    let before = mill.files()?;
    let mut run = mill.start(mill::BAD, "text")?;
    let mut polls = 0;
    while run.try_wait()?.is_none() {
        let now = mill.files()?;
        polls += 1;
        if let Some(table) = ["copies", "totals"].into_iter().find(|it| now[*it] != before[*it]) {
            return Err(format!("poll {polls} has seen another {table}").into());
        }
    }
    let (code, said, _) = end(run)?;
    if code != Some(1) || !said.contains("not published because of totals_are_good") {
        return Err(format!("ended with {code:?} and said: {said}").into());
    }
    if polls < 5 {
        return Err(format!("only {polls} polls").into());
    }
    Ok(())
}

/// A big file is written in parts, under a name of its own until it is whole.
fn kill_while_writing() -> Result<(), Failed> {
    let mill = Mill::new(MANY)?;
    let mut run = mill.start(1, "text")?;
    while mill.staged().unwrap_or_default().is_empty() {
        if run.try_wait()?.is_some() {
            return Err("the run ended before anything was seen in staging".into());
        }
    }
    run.kill()?;
    run.wait()?;
    if mill.staged()?.is_empty() {
        return Err("nothing was left in staging: the kill came too late".into());
    }
    // This fails where something is left behind.
    mill.run_cleanly(2)?;
    Ok(())
}

fn stop_with_ctrl_c() -> Result<(), Failed> {
    let mill = Mill::new(MANY)?;
    let expected = mill.run_cleanly(1)?.content;
    let before = mill.files()?;
    let mut run = mill.start(2, "json")?;
    wait_for(&mut run, r#"rows of model.mill.ordered","name":"NodeProgress""#)?;
    let asked = Instant::now();
    interrupt(&run)?;
    let (code, errors, _) = end(run)?;
    if code != Some(1) || !errors.contains("stopped; what was finished is in place, the rest is as it was before") {
        return Err(format!("ended with {code:?} and said: {errors}").into());
    }
    if asked.elapsed() > Duration::from_secs(10) {
        return Err(format!("took {:?} to stop", asked.elapsed()).into());
    }
    let after = mill.files()?;
    mill.judge(&before, &after, 2)?;
    if before["ordered"] != after["ordered"] {
        return Err("the table that was being made when the run was stopped has been replaced".into());
    }
    let again = mill.run_cleanly(4)?;
    Ok(same_content(&expected, &again.content, 4)?)
}

fn refuse_a_second_run() -> Result<(), Failed> {
    let mill = Mill::new(MANY)?;
    let mut first = mill.start(1, "json")?;
    wait_for(&mut first, r#""name":"NodeStart""#)?;
    let second = mill.start(2, "text")?;
    let (code, said, errors) = end(second)?;
    if code != Some(2) || !errors.contains("another run is using the warehouse data/warehouse; wait for its end") {
        return Err(format!("the second run ended with {code:?} and said: {said}{errors}").into());
    }
    if first.try_wait()?.is_some() {
        return Err("the first run ended before the second one; it must be made longer".into());
    }
    let (code, _, errors) = end(first)?;
    if code != Some(0) {
        return Err(format!("the first run ended with {code:?} and said: {errors}").into());
    }
    mill.content(1)?;
    Ok(())
}

fn same_content(
    expected: &BTreeMap<String, Content>,
    found: &BTreeMap<String, Content>,
    version: usize,
) -> Result<(), String> {
    for (name, content) in found {
        // What is a view in one version and a table in the next is not in every clean run.
        let differs = expected.get(name).is_some_and(|it| it.rows != content.rows || it.digest != content.digest);
        if differs || content.versions != [version as i64].into() {
            return Err(format!("{name} is wrong after the next run: {content:?}, should be {:?}", expected.get(name)));
        }
    }
    let missing: Vec<&str> = TABLES.into_iter().filter(|it| !found.contains_key(*it)).collect();
    if missing.is_empty() || (missing == ["switching"] && mill::is_switched_to_view(version)) {
        return Ok(());
    }
    Err(format!("not there after the next run: {missing:?}"))
}

/// Reads what a run says until a text comes.
fn wait_for(run: &mut Child, text: &str) -> Result<(), Failed> {
    let output = run.stdout.as_mut().unwrap();
    let mut lines = BufReader::with_capacity(1, output);
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        if line.contains(text) {
            return Ok(());
        }
        line.clear();
    }
    Err(format!("the run ended without saying {text}").into())
}

/// SIGINT, as a terminal sends it.
pub(crate) fn interrupt(run: &Child) -> Result<(), Failed> {
    let sent = Command::new("kill").args(["-INT", &run.id().to_string()]).stdin(Stdio::null()).status()?;
    if sent.success() { Ok(()) } else { Err("the signal could not be sent".into()) }
}

/// Waits for a run's end: its code, its output and its errors.
fn end(mut run: Child) -> Result<(Option<i32>, String, String), Failed> {
    let (mut output, mut errors) = (String::new(), String::new());
    run.stdout.take().unwrap().read_to_string(&mut output)?;
    run.stderr.take().unwrap().read_to_string(&mut errors)?;
    Ok((run.wait()?.code(), output, errors))
}
