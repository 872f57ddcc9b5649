//! `generate`: a deterministic clickstream data set.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use chrono::NaiveDate;

use crate::cli::arguments::EventFormat;
use crate::cli::{Exit, Settings, Stop};
use crate::files::Disk;
use crate::generate::{self, Destination, Format, Plan};

pub(super) fn plan(events: u64, days: u32, start: NaiveDate, seed: u64, format: EventFormat) -> Plan {
    let format = match format {
        EventFormat::Parquet => Format::Parquet,
        EventFormat::Csv => Format::Csv,
        EventFormat::CsvGz => Format::CsvGz,
        EventFormat::Ndjson => Format::Ndjson,
    };
    Plan { events, days, start, seed, format }
}

/// A folder on disk.
struct Folder(Disk);

impl Destination for Folder {
    fn create(&self, name: &str) -> io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(BufWriter::with_capacity(1 << 20, self.0.create(name)?)))
    }
}

pub(super) fn run(settings: &Settings, plan: &Plan, out: &Path) -> Result<Exit, Stop> {
    let folder = settings.current_folder.join(out);
    let written = generate::generate(plan, &Folder(Disk::new(&folder))).map_err(Stop::outside)?;
    for file in &written.files {
        let path = out.join(&file.name);
        settings.console.say(&format!("{} rows, {} bytes: {}", file.rows, file.bytes, path.display()));
    }
    Ok(Exit::Success)
}
