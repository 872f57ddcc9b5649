//! `generate`: a deterministic clickstream data set, and further days of one that is there.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::cli::arguments::EventFormat;
use crate::cli::{Exit, Settings, Stop};
use crate::files::{Disk, ProjectFiles};
use crate::generate::{self, Destination, Format, Part, Plan};

/// The file that says what a set is, so that days can be added to it.
const NOTE: &str = "generated.json";

/// What is to be made.
pub(super) enum Wanted {
    /// A set.
    Set { events: u64, days: u32, start: NaiveDate, seed: u64 },
    /// One more day of the set that is there.
    Day,
}

/// What a set is.
#[derive(Serialize, Deserialize)]
struct Note {
    events: u64,
    days: u32,
    start: NaiveDate,
    seed: u64,
    dirty: f64,
    format: String,
    /// Days that were added.
    days_added: u32,
}

/// A folder on disk.
struct Folder(Disk);

impl Destination for Folder {
    fn create(&self, name: &str) -> io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(BufWriter::with_capacity(1 << 20, self.0.create(name)?)))
    }
}

pub(super) fn run(
    settings: &Settings,
    wanted: &Wanted,
    dirty: Option<f64>,
    format: Option<EventFormat>,
    out: &Path,
) -> Result<Exit, Stop> {
    if let Some(dirty) = dirty.filter(|it| !(0.0..=1.0).contains(it)) {
        return Err(Stop::Outside(format!("`--dirty {dirty}` is no share: 5 % is `--dirty 0.05`")));
    }
    let folder = Disk::new(settings.current_folder.join(out));
    let mut note = match *wanted {
        Wanted::Set { events, days, start, seed } => {
            let format = EventFormat::Parquet.of_generator().ending().to_owned();
            Note { events, days, start, seed, dirty: 0.0, format, days_added: 0 }
        }
        Wanted::Day => {
            let note = read_note(&folder, out)?;
            Note { days_added: note.days_added + 1, ..note }
        }
    };
    let named = |ending: &str| Format::ALL.into_iter().find(|it| it.ending() == ending);
    let format = format.map(EventFormat::of_generator).or_else(|| named(&note.format)).ok_or_else(|| no_note(out))?;
    let share = dirty.unwrap_or(note.dirty);
    let plan = Plan {
        events: note.events,
        days: note.days,
        start: note.start,
        seed: note.seed,
        format,
        dirty_per_million: (share * 1e6).round() as u32,
        part: if note.days_added == 0 { Part::Plan } else { Part::Later(note.days_added) },
    };
    let written = generate::generate(&plan, &Folder(folder.clone())).map_err(Stop::outside)?;
    if note.days_added == 0 {
        (note.dirty, note.format) = (share, format.ending().to_owned());
    }
    // The files come first: what is said to be there is there.
    let said = serde_json::to_string_pretty(&note).map_err(Stop::outside)? + "\n";
    folder
        .write(NOTE, said.as_bytes())
        .map_err(|error| Stop::Outside(format!("cannot write {}: {error}", out.join(NOTE).display())))?;
    for file in &written.files {
        let path = out.join(&file.name);
        settings.console.say(&format!("{} rows, {} bytes: {}", file.rows, file.bytes, path.display()));
    }
    Ok(Exit::Success)
}

fn read_note(folder: &Disk, out: &Path) -> Result<Note, Stop> {
    if !folder.exists(NOTE) {
        return Err(Stop::Outside(format!(
            "there is no set to add a day to in {}: `{NOTE}` is missing; make one without `--append-day`",
            out.display()
        )));
    }
    let text = folder.read(NOTE).map_err(Stop::outside)?;
    serde_json::from_slice(&text).map_err(|_| no_note(out))
}

fn no_note(out: &Path) -> Stop {
    Stop::Outside(format!("{} does not say what the set is; make it anew", out.join(NOTE).display()))
}

impl EventFormat {
    fn of_generator(self) -> Format {
        match self {
            EventFormat::Parquet => Format::Parquet,
            EventFormat::Csv => Format::Csv,
            EventFormat::CsvGz => Format::CsvGz,
            EventFormat::Ndjson => Format::Ndjson,
        }
    }
}
