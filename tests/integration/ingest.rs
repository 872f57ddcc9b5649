//! Files that are taken in whatever happens: damaged at random, killed at random moments, twice at once.
//! Every row of every file is accounted for, every good one is an event exactly once.
//!
//! Trials with a PostgreSQL server are left out where there is none, but not in CI.
//! `ARROWMILL_TEST_SEED=n` repeats what a failure did, `ARROWMILL_TEST_KILLS=n` kills more often.

mod inbox;
mod postgres;
mod pulls;
mod reference;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use libtest_mimic::{Failed, Trial};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use self::inbox::{Inbox, quarantined};

/// How often an ingest is killed.
const KILLS: usize = 200;

/// Files of each format that are damaged.
const DAMAGED: usize = 60;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        Trial::test("ingest::every_row_of_damaged_files_is_accounted_for", damage_at_random),
        Trial::test("ingest::killed_at_random_moments_takes_everything_once", kill_at_random_moments),
        Trial::test("ingest::two_at_once_take_everything_once", two_at_once),
        Trial::test("ingest::the_reference_project_goes_from_raw_files_to_a_watch", reference::walk),
    ];
    let of_server = [
        Trial::test("ingest::postgres_gives_what_is_new_by_number", pulls::new_by_number),
        Trial::test("ingest::postgres_gives_what_is_new_by_time_or_key", pulls::new_by_time_or_key),
        Trial::test("ingest::postgres_and_its_network_make_mistakes", pulls::mistakes),
        Trial::test("ingest::postgres_and_kills_lose_and_double_nothing", pulls::kills),
    ];
    trials.extend(of_server.map(|it| it.with_ignored_flag(!postgres::is_there())));
    trials
}

fn seed() -> u64 {
    let given = std::env::var("ARROWMILL_TEST_SEED").ok().and_then(|it| it.parse().ok());
    given.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64)
}

/// Good files of which some bytes are changed, left out, put in or doubled: read = valid + invalid + duplicate for each,
/// and each row is an event, or in quarantine with its own bytes, or has a key that came before.
fn damage_at_random() -> Result<(), Failed> {
    let seed = seed();
    let mut chance = Xoshiro256PlusPlus::seed_from_u64(seed);
    let inbox = Inbox::new("max_error_rate: 1.0, max_row_bytes: 400")?;
    let mut lines = BTreeMap::new();
    for number in 0..DAMAGED {
        for format in ["csv", "ndjson"] {
            let mut content = match format {
                "csv" => inbox::csv(number * 30..number * 30 + 40),
                _ => inbox::ndjson(5000 + number * 30..5000 + number * 30 + 40),
            };
            let header = if format == "csv" { content.find('\n').unwrap() + 1 } else { 0 };
            let mut bytes = std::mem::take(&mut content).into_bytes();
            for _ in 0..chance.next_u64() % 12 {
                damage(&mut bytes, header, &mut chance);
            }
            let name = format!("inbox/{number:03}.{format}");
            fs::write(inbox.path(&name), &bytes)?;
            lines.insert(name, rows_of(&bytes[header..]));
        }
    }
    let about = |what: String| Failed::from(format!("{what}\nseed {seed}"));
    inbox.ingest()?;
    let audit = inbox.audit()?;
    if audit.len() != lines.len() {
        return Err(about(format!("{} of {} files are in the audit", audit.len(), lines.len())));
    }
    let events = inbox.events_by_file()?;
    let (mut bad, mut doubled) = (0, 0);
    for (file, rows) in &lines {
        let row = audit.get(file).ok_or_else(|| about(format!("{file} is not in the audit")))?;
        if row.outcome != "taken" {
            return Err(about(format!("{file} is {}: {}", row.outcome, row.message)));
        }
        let sum = row.valid + row.invalid + row.duplicate;
        if row.read != rows.len() as u64 || row.read != sum {
            return Err(about(format!("{file} has {} rows: {row:?}", rows.len())));
        }
        let taken = events.get(file).cloned().unwrap_or_default();
        let apart = quarantined(&inbox, row)?;
        if taken.len() as u64 != row.valid || apart.len() as u64 != row.invalid {
            return Err(about(format!("{file}: {} events, {} in quarantine: {row:?}", taken.len(), apart.len())));
        }
        for (number, text) in &apart {
            if taken.contains(number) || rows.get(*number as usize - 1) != Some(text) {
                return Err(about(format!("{file}: row {number} is not in quarantine as it was")));
            }
        }
        bad += row.invalid;
        doubled += row.duplicate;
    }
    eprintln!("ingest: {} damaged files, {bad} bad rows, {doubled} duplicates", lines.len());
    if bad == 0 || doubled == 0 { Err(about("nothing was bad or double".to_owned())) } else { Ok(()) }
}

/// Rows are lines that are not blank.
fn rows_of(bytes: &[u8]) -> Vec<Vec<u8>> {
    let lines = bytes.split(|it| *it == b'\n').map(|it| it.strip_suffix(b"\r").unwrap_or(it).to_vec());
    lines.filter(|it| !it.is_empty()).collect()
}

fn damage(bytes: &mut Vec<u8>, header: usize, chance: &mut Xoshiro256PlusPlus) {
    let mut below = |limit: usize| (chance.next_u64() % limit.max(1) as u64) as usize;
    let telling = b"\",\n\r{}[]:\\ \t\0\xff\xc3x1-.";
    let at = header + below(bytes.len() - header);
    let end = (at + below(20)).min(bytes.len());
    match below(5) {
        0 => bytes[at.min(end.max(header + 1) - 1)] = telling[below(telling.len())],
        1 => bytes.insert(at, telling[below(telling.len())]),
        2 => drop(bytes.drain(at..end)),
        3 => {
            let copy = bytes[at..end].to_vec();
            bytes.splice(at..at, copy);
        }
        _ => bytes.truncate(end.max(header + 1)),
    }
    // A file must keep a row to be damaged further.
    if bytes.len() <= header {
        bytes.extend_from_slice(b"x\n");
    }
}

/// Whenever a run is killed, the next one completes it: each good event exactly once, each file once in the audit, and
/// each bad row in quarantine.
fn kill_at_random_moments() -> Result<(), Failed> {
    let seed = seed();
    let kills = std::env::var("ARROWMILL_TEST_KILLS").ok().and_then(|it| it.parse().ok()).unwrap_or(KILLS);
    let mut moments = Xoshiro256PlusPlus::seed_from_u64(seed);
    let inbox = Inbox::new("max_error_rate: 0.5, format: csv")?;
    for file in 0..4 {
        inbox.write_dirty(file, 3_000)?;
    }
    let begun = Instant::now();
    inbox.ingest()?;
    let duration = begun.elapsed();
    let expected = inbox.state()?;
    let (mut half, mut repaired) = (0, 0);
    for kill in 0..kills {
        inbox.forget()?;
        // Some are killed twice in a row.
        for _ in 0..=usize::from(kill % 5 == 4) {
            let mut run = inbox.start()?;
            let share = moments.next_u64() as f64 / u64::MAX as f64 * 1.05;
            std::thread::sleep(duration.mul_f64(share));
            run.kill()?;
            run.wait()?;
        }
        let commits = inbox.commits("raw/events")?;
        half += usize::from(commits > 1 && commits < 5);
        repaired += usize::from(commits > inbox.commits("arrowmill/pipeline_logs")?);
        inbox.ingest().map_err(|it| format!("{it}\nseed {seed}, kill {kill}"))?;
        let found = inbox.state()?;
        if found != expected {
            let words = format!("after kill {kill}: {found:?}, should be {expected:?}\nseed {seed}");
            return Err(words.into());
        }
    }
    eprintln!("ingest: {kills} kills, {half} with some files taken, {repaired} with an audit to be written");
    if half == 0 { Err(format!("none of {kills} kills hit between two files; seed {seed}").into()) } else { Ok(()) }
}

/// One of the two says that another one is at work; nothing is doubled, and nothing lost.
fn two_at_once() -> Result<(), Failed> {
    let inbox = Inbox::new("max_error_rate: 0.5, format: csv")?;
    for file in 0..4 {
        inbox.write_dirty(file, 3_000)?;
    }
    inbox.ingest()?;
    let expected = inbox.state()?;
    let mut refusals = 0;
    for _ in 0..5 {
        inbox.forget()?;
        let runs = [inbox.start()?, inbox.start()?];
        let mut codes = BTreeSet::new();
        for run in runs {
            let output = run.wait_with_output()?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let code = output.status.code().unwrap_or(-1);
            if code == 2 && said.contains("another run is using the warehouse") {
                refusals += 1;
            } else if code != 0 {
                return Err(format!("a run ended with {code}: {said}").into());
            }
            codes.insert(code);
        }
        if !codes.contains(&0) {
            return Err("neither of two runs was let in".into());
        }
        std::thread::sleep(Duration::from_millis(10));
        inbox.ingest()?;
        if inbox.state()? != expected {
            return Err(format!("{:?}, should be {expected:?}", inbox.state()?).into());
        }
    }
    if refusals == 0 { Err("no run was refused: they did not meet".into()) } else { Ok(()) }
}
