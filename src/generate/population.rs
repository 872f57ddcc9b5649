//! The living: who comes on a day, how often and when.
//! In: a day with its quota. Out: exactly that many events, in the order of their time, and the new
//! versions of users.
//! Knows nothing of what happens in a session, nor of files. Keeps only the clients who may come
//! back; what each does on a day is drawn from a stream of its own.

use super::calendar::Day;
use super::catalogue::Catalogue;
use super::chance::{Chance, Purpose};
use super::people::{self, COUNTRIES};
use super::segments::Segment;
use super::session::{self, Client, LONGEST, Log};

/// The traffic of each hour of local time.
const HOURS: [u32; 24] = [18, 10, 7, 5, 5, 9, 18, 32, 45, 52, 56, 58, 60, 57, 55, 55, 57, 62, 70, 78, 82, 74, 55, 34];

const DAY: i64 = 24 * 60 * 60 * 1000;
const MINUTE: u32 = 60 * 1000;

/// All clients who may come back, and how many have ever come.
#[derive(Default)]
pub(super) struct Population {
    living: Vec<Client>,
    clients: u32,
}

impl Population {
    /// Fills `log` with one day. The log's events and versions must be empty; its counters go on
    /// from the day before.
    pub(super) fn live(&mut self, seed: u64, catalogue: &Catalogue, day: Day, log: &mut Log) {
        log.limit = usize::try_from(day.quota).unwrap_or(usize::MAX);
        log.events.reserve(log.limit);
        self.living.retain_mut(|client| {
            let mut chance = Chance::new(seed, Purpose::Visit, day.number, client.number);
            let habits = client.segment.habits();
            if chance.permille(habits.churn) {
                return false;
            }
            let odds = habits.visit_at(day.number - client.arrived) * day.weekday / 1000;
            if chance.permille(odds) && log.events.len() < log.limit {
                visit(catalogue, client, day, &mut chance, log);
            }
            true
        });
        while log.events.len() < log.limit {
            let mut client = newcomer(seed, self.clients, day);
            self.clients += 1;
            let mut chance = Chance::new(seed, Purpose::Visit, day.number, client.number);
            visit(catalogue, &mut client, day, &mut chance, log);
            if client.segment != Segment::OneOff {
                self.living.push(client);
            }
        }
        log.events.sort_unstable_by_key(|event| (event.at, event.id));
        log.versions.sort_unstable_by_key(|version| (version.at, version.user));
    }
}

fn newcomer(seed: u64, number: u32, day: Day) -> Client {
    let mut chance = Chance::new(seed, Purpose::Person, 0, number);
    let segment = Segment::ALL[chance.weighted(Segment::ALL.iter().map(|it| it.habits().share))];
    Client {
        number,
        user: 0,
        arrived: day.number,
        segment,
        country: people::country(&mut chance),
        agents: [people::agent(&mut chance), people::agent(&mut chance)],
        has_second_device: chance.permille(300),
        plan: 0,
        email: 0,
        opt_in: false,
        gave_email: false,
    }
}

/// One day of a client who comes: one session, sometimes two or three.
fn visit(catalogue: &Catalogue, client: &mut Client, day: Day, chance: &mut Chance, log: &mut Log) {
    let mut first = client.arrived == day.number;
    let sessions = 1 + chance.weighted([840, 130, 30].into_iter());
    let mut start = day.midnight + time_of_day(client.country, chance);
    for _ in 0..sessions {
        let (events, versions) = (log.events.len(), log.versions.len());
        let mut end = session::play(catalogue, client, first, start, chance, log);
        // A session belongs to one day: one that would reach over midnight began a little earlier.
        let mut late = end - (day.midnight + DAY - 1);
        if late > 0 {
            // Not all of them in the very last moment.
            late += i64::from(chance.below(20 * MINUTE));
            log.events[events..].iter_mut().for_each(|event| event.at -= late);
            log.versions[versions..].iter_mut().for_each(|version| version.at -= late);
            end -= late;
        }
        first = false;
        start = end + i64::from(chance.between(35 * MINUTE, 8 * 60 * MINUTE));
        // The next one has to fit in whole, or it would be moved into this one.
        if log.events.len() >= log.limit || start + LONGEST >= day.midnight + DAY {
            return;
        }
    }
}

/// Milliseconds since midnight UTC, by the hours of the client's own country.
fn time_of_day(country: u8, chance: &mut Chance) -> i64 {
    let hour = chance.weighted(HOURS.into_iter()) as i32;
    let hour = (hour - COUNTRIES[usize::from(country)].2).rem_euclid(24);
    i64::from(hour) * 60 * i64::from(MINUTE) + i64::from(chance.below(60 * MINUTE))
}
