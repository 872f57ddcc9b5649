//! What the generator promises, asked of whole runs.
//! Files are kept in memory; the rules are checked on the events before they become text.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use chrono::NaiveDate;

use super::chance::{Chance, Purpose};
use super::event::{Action, Event, UserVersion};
use super::segments::Segment;
use super::{Destination, Format, GenerateError, Part, Plan, calendar, catalogue, each_day, generate};

const DAY: i64 = 24 * 60 * 60 * 1000;
const INACTIVITY: i64 = 30 * 60 * 1000;

#[derive(Clone, Default)]
struct InMemory(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

struct MemoryFile(InMemory, String);

impl Destination for InMemory {
    fn create(&self, name: &str) -> io::Result<Box<dyn Write + Send>> {
        self.0.lock().unwrap().insert(name.to_owned(), Vec::new());
        Ok(Box::new(MemoryFile(self.clone(), name.to_owned())))
    }
}

impl Write for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.0.lock().unwrap().get_mut(&self.1).unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A disk with room for so many bytes per file.
struct Full(usize);

impl Destination for Full {
    fn create(&self, name: &str) -> io::Result<Box<dyn Write + Send>> {
        match self.0 {
            0 => Err(io::Error::other(format!("no room for {name}"))),
            room => Ok(Box::new(Full(room))),
        }
    }
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or_else(|| io::Error::other("disk full"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn plan(events: u64, days: u32, seed: u64, format: Format) -> Plan {
    let start = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    Plan { events, days, start, seed, format, dirty_per_million: 0, part: Part::Plan }
}

fn files(plan: &Plan) -> BTreeMap<String, Vec<u8>> {
    let memory = InMemory::default();
    let written = generate(plan, &memory).unwrap();
    let files = memory.0.lock().unwrap().clone();
    for file in &written.files {
        assert_eq!(files[&file.name].len() as u64, file.bytes, "{}", file.name);
    }
    assert_eq!(written.files[0].rows, plan.events);
    files
}

/// All events and versions, as they are handed to the writers.
fn run(events: u64, days: u32) -> (Vec<Event>, Vec<UserVersion>) {
    let plan = plan(events, days, 42, Format::Parquet);
    let catalogue = catalogue::stock(plan.seed, plan.start);
    let (mut events, mut versions) = (Vec::new(), Vec::new());
    each_day(plan.seed, &catalogue, &calendar(&plan).unwrap(), |more, changes| {
        events.extend_from_slice(more);
        versions.extend_from_slice(changes);
        Ok(())
    })
    .unwrap();
    (events, versions)
}

/// The events of each client (a person's device), cut at 30 minutes of inactivity.
fn sessions(events: &[Event]) -> Vec<Vec<&Event>> {
    let mut clients: BTreeMap<(u32, u8), Vec<&Event>> = BTreeMap::new();
    for event in events {
        clients.entry((event.client, event.device)).or_default().push(event);
    }
    clients
        .into_values()
        .flat_map(|events| {
            events.chunk_by(|one, next| next.at - one.at <= INACTIVITY).map(<[_]>::to_vec).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn the_same_seed_makes_the_same_bytes_and_another_seed_others() {
    for format in [Format::Parquet, Format::Csv, Format::CsvGz, Format::Ndjson] {
        let first = files(&plan(5_000, 30, 42, format));
        let again = files(&plan(5_000, 30, 42, format));
        let other = files(&plan(5_000, 30, 43, format));
        assert!(first == again, "{format:?}");
        assert!(first.iter().all(|(name, bytes)| other[name] != *bytes), "{format:?}");
    }
}

#[test]
fn every_format_has_exactly_as_many_rows_as_asked_for() {
    for (events, days) in [(0, 1), (1, 1), (1, 30), (17, 40), (3_000, 1), (20_011, 30)] {
        let csv = files(&plan(events, days, 7, Format::Csv));
        let lines = csv["events.csv"].iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(lines, events + 1, "{events} over {days}");
        let json = files(&plan(events, days, 7, Format::Ndjson));
        assert_eq!(json["events.ndjson"].iter().filter(|byte| **byte == b'\n').count() as u64, events);
        let parquet = files(&plan(events, days, 7, Format::Parquet));
        assert!(parquet["events.parquet"].ends_with(b"PAR1"));
    }
}

#[test]
fn every_line_of_ndjson_is_json_and_so_is_its_data() {
    let files = files(&plan(5_000, 10, 42, Format::Ndjson));
    let text = std::str::from_utf8(&files["events.ndjson"]).unwrap();
    for line in text.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(event.as_object().unwrap().len(), 9, "{line}");
        assert_eq!(event["event_id"].as_str().unwrap().as_bytes()[14], b'4', "{line}");
        if let Some(data) = event["event_data"].as_str() {
            let data: serde_json::Value = serde_json::from_str(data).unwrap();
            assert!(!data.as_object().unwrap().is_empty(), "{line}");
            if let (Some(price), Some(revenue)) = (data["price"].as_f64(), data["revenue"].as_f64()) {
                let quantity = data["quantity"].as_f64().unwrap();
                assert_eq!((price * quantity * 100.0).round(), (revenue * 100.0).round(), "{line}");
            }
        }
    }
}

#[test]
fn a_later_day_goes_on_where_the_plan_ends() {
    let whole = plan(5_000, 30, 42, Format::Csv);
    let (whole, longer) = (files(&whole), Plan { part: Part::Later(2), ..whole });
    let memory = InMemory::default();
    let written = generate(&longer, &memory).unwrap();
    let later = memory.0.lock().unwrap().clone();
    assert!(later.keys().eq(["events_2026-02-01.csv", "users_2026-02-01.csv"]));
    let text = std::str::from_utf8(&later["events_2026-02-01.csv"]).unwrap();
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(lines.len() as u64, written.files[0].rows);
    assert!(lines.len() > 50 && lines.iter().all(|it| it.contains(",2026-02-01 ")), "{}", lines.len());
    let before = std::str::from_utf8(&whole["events.csv"]).unwrap();
    let ids = |text: &str| text.lines().skip(1).map(|it| it[..36].to_owned()).collect::<BTreeSet<String>>();
    assert!(ids(before).is_disjoint(&ids(text)));
}

#[test]
fn some_rows_are_broken_and_the_others_as_they_were() {
    for format in [Format::Csv, Format::Ndjson] {
        let clean = plan(10_000, 10, 42, format);
        let dirty = Plan { dirty_per_million: 58_000, ..clean.clone() };
        let [clean, dirty] =
            [clean, dirty].map(|it| files(&it).remove(&format!("events.{}", format.ending())).unwrap());
        let lines = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
        let (clean, dirty) = (lines(&clean), lines(&dirty));
        assert_eq!(clean.len(), dirty.len());
        assert_eq!(clean.iter().zip(&dirty).filter(|(clean, dirty)| clean != dirty).count(), 580, "{format:?}");
    }
}

#[test]
fn events_are_in_the_order_of_their_time_and_all_within_the_days() {
    let (events, versions) = run(50_000, 90);
    assert_eq!(events.len(), 50_000);
    assert!(events.is_sorted_by_key(|event| (event.at, event.id)));
    assert!(versions.is_sorted_by_key(|version| version.at));
    let start = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap().and_time(chrono::NaiveTime::MIN).and_utc();
    let days: BTreeSet<i64> =
        events.iter().map(|event| (event.at - start.timestamp_millis()).div_euclid(DAY)).collect();
    assert!(days.into_iter().eq(0..90));
    let ids: BTreeSet<[u8; 16]> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), events.len());
}

#[test]
fn an_account_shows_from_its_sign_up_on() {
    let (events, versions) = run(300_000, 90);
    let mut users = BTreeSet::new();
    for event in &events {
        if let Action::SignedUp { .. } = event.action {
            assert!(users.insert(event.user), "{} signed up twice", event.user);
        }
        assert!(event.user == 0 || users.contains(&event.user), "{} before its sign-up", event.user);
    }
    assert!(users.len() > 1_800, "{}", users.len());
    assert!(users.iter().copied().eq(1..=users.len() as u32), "accounts are numbered without gaps");
    let known: BTreeSet<u32> = versions.iter().map(|version| version.user).collect();
    assert_eq!(known, users);
    let distinct: BTreeSet<(u32, i64)> = versions.iter().map(|version| (version.user, version.at)).collect();
    assert_eq!(distinct.len(), versions.len());
    assert!(versions.len() > users.len() * 11 / 10, "some users change: {}", versions.len());
}

#[test]
fn every_purchase_goes_through_cart_and_checkout_in_its_session() {
    let (events, _) = run(50_000, 90);
    let (mut purchases, mut transactions) = (0, BTreeSet::new());
    for session in sessions(&events) {
        let (mut cart, mut checkout) = (None, None);
        for event in session {
            match event.action {
                Action::ProductAddedToCart { product, quantity } => cart = Some((product, quantity)),
                Action::CheckoutStarted { product, quantity } => {
                    assert_eq!(cart, Some((product, quantity)));
                    checkout = cart;
                }
                Action::CheckoutCompleted { product, quantity, transaction } => {
                    assert_eq!(checkout, Some((product, quantity)));
                    assert!(transactions.insert(transaction));
                    purchases += 1;
                }
                Action::PageViewed
                | Action::ProductViewed { .. }
                | Action::EmailFilledOnPopup { .. }
                | Action::SignedUp { .. }
                | Action::FeatureUsed { .. } => {}
            }
        }
    }
    assert!(purchases > 200, "{purchases}");
}

#[test]
fn fewer_sessions_reach_each_next_stage_of_the_funnel() {
    let (events, _) = run(50_000, 90);
    let sessions = sessions(&events);
    let reached =
        |name: &str| sessions.iter().filter(|session| session.iter().any(|event| event.action.name() == name)).count();
    let funnel = ["product_viewed", "product_added_to_cart", "checkout_started", "checkout_completed"].map(reached);
    assert!(sessions.len() > funnel[0], "{funnel:?} of {}", sessions.len());
    assert!(funnel.windows(2).all(|pair| pair[1] * 4 < pair[0] * 3), "{funnel:?}");
}

#[test]
fn ninety_days_hold_every_stage_of_churn() {
    let (events, _) = run(50_000, 90);
    let mut last = BTreeMap::new();
    for event in events.iter().filter(|event| event.user != 0) {
        last.insert(event.user, event.at.div_euclid(DAY));
    }
    let end = last.values().copied().max().unwrap();
    let count = |from: i64, to: i64| last.values().filter(|day| (from..=to).contains(&(end - **day))).count();
    let stages = [count(0, 6), count(7, 13), count(14, 29), count(30, 90)];
    assert!(stages.iter().all(|users| *users >= 25), "{stages:?}");
}

#[test]
fn clients_come_back_less_and_less() {
    let (events, _) = run(200_000, 60);
    let mut visits: BTreeMap<u32, BTreeSet<i64>> = BTreeMap::new();
    for event in &events {
        visits.entry(event.client).or_default().insert(event.at.div_euclid(DAY));
    }
    let end = events.last().unwrap().at.div_euclid(DAY);
    let retention = [1, 7, 21].map(|age| {
        let old_enough = visits.values().filter(|days| days.first().unwrap() + age <= end);
        let (mut all, mut back) = (0, 0);
        for days in old_enough {
            all += 1;
            back += usize::from(days.contains(&(days.first().unwrap() + age)));
        }
        back * 1000 / all
    });
    assert!(retention[0] > retention[1] && retention[1] > retention[2] && retention[2] > 5, "{retention:?}");
}

/// The traffic of the calendar rests on these numbers: were they wrong, some days would have to be
/// filled with newcomers.
#[test]
fn visits_are_as_long_as_the_forecast_says() {
    let (events, _) = run(400_000, 30);
    let mut days: BTreeMap<(u32, i64), u32> = BTreeMap::new();
    for event in &events {
        *days.entry((event.client, event.at.div_euclid(DAY))).or_default() += 1;
    }
    let mut sums = [[(0, 0); 2]; 4];
    let mut previous = None;
    for ((client, _), events) in days {
        let shares = Segment::ALL.iter().map(|segment| segment.habits().share);
        let segment = Chance::new(42, Purpose::Person, 0, client).weighted(shares);
        let sum = &mut sums[segment][usize::from(previous == Some(client))];
        *sum = (sum.0 + events, sum.1 + 1);
        previous = Some(client);
    }
    let measured = sums.map(|sums| sums.map(|(events, days)| (events * 10_u32).checked_div(days).unwrap_or(0)));
    for (segment, measured) in Segment::ALL.iter().zip(measured) {
        let (first, later) = segment.habits().events;
        assert!(first.abs_diff(measured[0]) <= 3 && later.abs_diff(measured[1]) <= 3, "{segment:?}: {measured:?}");
    }
}

#[test]
fn only_the_beginning_of_a_session_tells_where_it_came_from() {
    let (events, _) = run(20_000, 30);
    let sessions = sessions(&events);
    assert!(sessions.iter().all(|session| session[0].entry.channel().is_some()));
    // Two visits around midnight may be one session to whoever cuts at inactivity.
    let inside = sessions.iter().filter(|session| session[1..].iter().any(|event| event.entry.channel().is_some()));
    assert!(inside.count() * 100 < sessions.len());
}

#[test]
fn what_cannot_be_done_is_said() {
    let memory = InMemory::default();
    let fails = |plan: &Plan, destination: &dyn Destination| generate(plan, destination).unwrap_err();
    assert!(matches!(fails(&plan(1, 0, 1, Format::Csv), &memory), GenerateError::Days { days: 0 }));
    assert!(matches!(fails(&plan(u64::MAX, 1, 1, Format::Csv), &memory), GenerateError::Events { .. }));
    let late = Plan { start: NaiveDate::MAX, ..plan(1, 2, 1, Format::Csv) };
    assert!(matches!(fails(&late, &memory), GenerateError::Calendar { .. }));
    assert!(matches!(fails(&plan(1, 1, 1, Format::Csv), &Full(0)), GenerateError::Create { .. }));
    // In the middle of the run, while the simulation is ahead.
    for format in [Format::Parquet, Format::Csv, Format::CsvGz, Format::Ndjson] {
        let error = fails(&plan(50_000, 90, 1, format), &Full(20_000));
        assert!(matches!(error, GenerateError::Write(_) | GenerateError::Parquet(_)), "{error:?}");
    }
}
