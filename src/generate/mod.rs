//! Makes clickstream data of an invented shop: events, users and products.
//! In: a `Plan` and a `Destination`. Out: three files, and what was written.
//! The same plan makes the same bytes. Knows no file system, no clock and no command line.
//!
//! It flows one way: `calendar` gives each day its number of events, `population` decides who comes,
//! `session` what they do, `wording` turns numbers into texts, and `parquet_events` or `text_events`
//! writes them. One day at a time is in memory, while the day before is being written: about
//! 96 bytes for each event of the busiest day, 24 for each client who may come back, and what the
//! writer holds back.

mod chance;
mod segments;
mod calendar;
mod catalogue;
mod people;
mod channels;
mod pages;
mod event;
mod flaws;
mod session;
mod population;
mod wording;
mod output;
mod parquet_events;
mod text_events;
mod tables;

#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, channel, sync_channel};
use std::thread;

use chrono::NaiveDate;

use calendar::Day;
use catalogue::Catalogue;
use event::{Event, UserVersion};
use flaws::Flaws;
use output::{Counted, EventWriter};
use parquet_events::ParquetEvents;
use population::Population;
use session::Log;
use text_events::TextEvents;
use wording::Wording;

pub use output::Destination;

/// The longest run, in days: ten years.
pub const MOST_DAYS: u32 = 3660;

/// The most events of a run.
pub const MOST_EVENTS: u64 = 2_000_000_000;

/// What to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How many events, exactly. At most [`MOST_EVENTS`].
    pub events: u64,
    /// Over how many days, 1 to [`MOST_DAYS`].
    pub days: u32,
    /// The first day (UTC).
    pub start: NaiveDate,
    /// Another seed makes other data.
    pub seed: u64,
    /// The format of the events; users and products are always CSV.
    pub format: Format,
    /// How many of a million events are broken, in ways that a check of each row finds.
    pub dirty_per_million: u32,
    /// How much of it to write.
    pub part: Part,
}

/// How much of a run to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All days of the plan.
    Plan,
    /// One day after them, counted from 1: what collectors deliver then. The days before are lived through, but not
    /// written.
    Later(u32),
}

/// A format for the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `events.parquet`, zstd.
    Parquet,
    /// `events.csv`, with a header.
    Csv,
    /// `events.csv.gz`.
    CsvGz,
    /// `events.ndjson`: one JSON object per line, `event_data` as a text.
    Ndjson,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 4] = [Format::Csv, Format::CsvGz, Format::Ndjson, Format::Parquet];

    /// How the names of its files end, and how it is called.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::CsvGz => "csv.gz",
            Self::Ndjson => "ndjson",
        }
    }
}

/// What was written: events, users, products.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// In the order in which they were finished.
    pub files: Vec<WrittenFile>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    /// As it was asked of the [`Destination`].
    pub name: String,
    /// Rows, without a header.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
}

/// Why nothing usable was made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The plan asks for no day, or for too many.
    #[error("cannot spread events over {days} days; use 1 to {MOST_DAYS}")]
    Days {
        /// What was asked for.
        days: u32,
    },
    /// The plan asks for too many events.
    #[error("cannot make {events} events; use at most {MOST_EVENTS}")]
    Events {
        /// What was asked for.
        events: u64,
    },
    /// The last day is one that no calendar has.
    #[error("cannot count {days} days from {start}; use an earlier start")]
    Calendar {
        /// The first day.
        start: NaiveDate,
        /// How many were asked for.
        days: u32,
    },
    /// A file could not be begun.
    #[error("cannot create `{file}`")]
    Create {
        /// Its name.
        file: String,
        /// What the destination said.
        source: io::Error,
    },
    /// Bytes could not be written.
    #[error("cannot write the generated data")]
    Write(#[from] io::Error),
    /// The Parquet writer failed, most often because bytes could not be written.
    #[error("cannot write the generated events as Parquet")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Columns did not fit together.
    #[error("cannot put the generated events into columns")]
    Columns(#[from] arrow::error::ArrowError),
}

/// Makes the data of `plan` and writes `events`, `users.csv` and `products.csv` to `destination`; of a later day,
/// `events_<date>` and `users_<date>.csv`.
///
/// # Errors
/// When the plan cannot be carried out, or a file cannot be created or written. What has been
/// written until then is incomplete.
pub fn generate(plan: &Plan, destination: &dyn Destination) -> Result<Written, GenerateError> {
    let days = calendar(plan)?;
    let catalogue = catalogue::stock(plan.seed, plan.start);
    let wording = || Wording::new(plan.seed, &catalogue);
    let (of_date, first) = match plan.part {
        Part::Plan => (String::new(), 0),
        Part::Later(_) => (days.last().map(|it| format!("_{}", it.date)).unwrap_or_default(), days.len() - 1),
    };
    let (events_name, users_name) =
        (format!("events{of_date}.{}", plan.format.ending()), format!("users{of_date}.csv"));
    let mut events = open_events(plan, first as u64, &events_name, destination, wording())?;
    let mut users = Counted::create(destination, &users_name)?;
    users.write_all(tables::USERS_HEADER.as_bytes())?;
    let (mut user_wording, mut rows, mut user_rows) = (wording(), 0, 0);
    let mut number = 0;
    each_day(plan.seed, &catalogue, &days, |day_events, versions| {
        number += 1;
        if number <= first {
            return Ok(());
        }
        events.write(day_events)?;
        tables::write_users(plan.seed, &mut user_wording, versions, &mut users)?;
        rows += day_events.len() as u64;
        user_rows += versions.len() as u64;
        Ok(())
    })?;
    let mut files = vec![close(&events_name, rows, events.finish()?)?, close(&users_name, user_rows, users)?];
    if plan.part == Part::Plan {
        let mut products = Counted::create(destination, "products.csv")?;
        let product_rows = tables::write_products(&catalogue, &mut products)?;
        files.push(close("products.csv", product_rows, products)?);
    }
    Ok(Written { files })
}

fn calendar(plan: &Plan) -> Result<Vec<Day>, GenerateError> {
    if !(1..=MOST_DAYS).contains(&plan.days) {
        return Err(GenerateError::Days { days: plan.days });
    }
    if plan.events > MOST_EVENTS {
        return Err(GenerateError::Events { events: plan.events });
    }
    let horizon = match plan.part {
        Part::Plan => plan.days,
        Part::Later(day) => plan.days.saturating_add(day),
    };
    if horizon > MOST_DAYS {
        return Err(GenerateError::Days { days: horizon });
    }
    let days = calendar::days(plan.seed, plan.start, plan.events, plan.days, horizon);
    if days.len() < horizon as usize {
        return Err(GenerateError::Calendar { start: plan.start, days: horizon });
    }
    Ok(days)
}

fn open_events(
    plan: &Plan,
    first_day: u64,
    name: &str,
    destination: &dyn Destination,
    wording: Wording,
) -> Result<Box<dyn EventWriter>, GenerateError> {
    let file = Counted::create(destination, name)?;
    // Each delivery has mistakes of its own.
    let flaws = |kinds| Flaws::new(plan.seed ^ first_day, plan.dirty_per_million, kinds);
    Ok(match plan.format {
        Format::Parquet => Box::new(ParquetEvents::new(file, wording, flaws(flaws::OF_COLUMNS))?),
        Format::Csv | Format::CsvGz | Format::Ndjson => {
            Box::new(TextEvents::new(plan.format, file, wording, flaws(flaws::OF_TEXT)))
        }
    })
}

fn close(name: &str, rows: u64, mut file: Counted) -> Result<WrittenFile, GenerateError> {
    file.flush()?;
    Ok(WrittenFile { name: name.to_owned(), rows, bytes: file.bytes })
}

/// Lives through `days` on a thread of its own, one day ahead of `take`, which gets the events and
/// the user versions of each day in order.
fn each_day(
    seed: u64,
    catalogue: &Catalogue,
    days: &[Day],
    mut take: impl FnMut(&[Event], &[UserVersion]) -> Result<(), GenerateError>,
) -> Result<(), GenerateError> {
    thread::scope(|scope| {
        // No room in the channel: a finished day waits in the hands of the simulation.
        let (done, finished) = sync_channel(0);
        let (give_back, used): (_, Receiver<Vec<Event>>) = channel();
        scope.spawn(move || {
            let (mut population, mut log) = (Population::default(), Log::default());
            for day in days {
                population.live(seed, catalogue, *day, &mut log);
                let finished = (std::mem::take(&mut log.events), std::mem::take(&mut log.versions));
                // Nobody listens any more when writing has failed.
                if done.send(finished).is_err() {
                    return;
                }
                log.events = used.try_recv().unwrap_or_default();
            }
        });
        for (mut events, versions) in finished {
            take(&events, &versions)?;
            events.clear();
            // At the end the simulation is over before the last buffer comes back.
            let _ = give_back.send(events);
        }
        Ok(())
    })
}
