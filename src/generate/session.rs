//! One session: a client lands on a page, looks around, and perhaps buys, signs up or uses a feature.
//! In: the client, the moment, its random stream, and the day's log. Out: events and user versions in
//! the log, and the client's new state.
//! Knows nothing of days, quotas or other clients, except that the log may be full: then the session
//! ends at once, and what has been logged is a valid beginning of it.

use std::ops::ControlFlow;

use super::catalogue::{CATEGORIES, Catalogue};
use super::chance::Chance;
use super::channels::Entry;
use super::event::{Action, Event, PLANS, UserVersion};
use super::pages::{FEATURES, Page};
use super::people;
use super::segments::Segment;

/// The longest session, in milliseconds. Within it, gaps stay under 30 minutes.
pub(super) const LONGEST: i64 = 3 * 60 * 60 * 1000;

/// A person, with up to two devices.
pub(super) struct Client {
    /// From 0, in the order of arrival.
    pub(super) number: u32,
    /// The account, from 1; 0 before signing up.
    pub(super) user: u32,
    /// The day of arrival.
    pub(super) arrived: u32,
    pub(super) segment: Segment,
    pub(super) country: u8,
    pub(super) agents: [u8; 2],
    pub(super) has_second_device: bool,
    pub(super) plan: u8,
    pub(super) email: u8,
    pub(super) opt_in: bool,
    pub(super) gave_email: bool,
}

/// What has happened on a day so far.
#[derive(Default)]
pub(super) struct Log {
    pub(super) events: Vec<Event>,
    pub(super) versions: Vec<UserVersion>,
    /// How many events the day may hold.
    pub(super) limit: usize,
    /// Users since the start of the run.
    pub(super) users: u32,
    /// Purchases since the start of the run.
    pub(super) transactions: u32,
}

/// How long people take, in seconds: the share of the cases in permille, the shortest, the longest.
type Pace = [(u32, u32, u32); 4];
static READING: Pace = [(560, 3, 30), (300, 30, 120), (110, 120, 420), (30, 420, 1500)];
static ACTING: Pace = [(700, 2, 20), (240, 20, 90), (50, 90, 300), (10, 300, 900)];
static TYPING: Pace = [(300, 20, 45), (500, 45, 120), (170, 120, 360), (30, 360, 1200)];

struct Session<'a> {
    catalogue: &'a Catalogue,
    client: &'a mut Client,
    chance: &'a mut Chance,
    log: &'a mut Log,
    started: i64,
    at: i64,
    /// The moment of the last event.
    last: i64,
    entry: Entry,
    device: u8,
    /// How ready to buy, 100 is average.
    intent: u32,
    recorded: u32,
    /// A known user may first be logged out: from which event on the account shows.
    known_from: u32,
    last_product: Option<u16>,
}

/// Plays one session that starts at `at`, and answers when its last event was.
pub(super) fn play(
    catalogue: &Catalogue,
    client: &mut Client,
    first: bool,
    at: i64,
    chance: &mut Chance,
    log: &mut Log,
) -> i64 {
    let entry = Entry::draw(chance, first);
    let device = u8::from(client.user != 0 && client.has_second_device && chance.permille(350));
    let known_from = if chance.permille(120) { chance.between(1, 3) } else { 0 };
    let intent = client.segment.habits().intent * entry.channel().map_or(100, |channel| channel.intent) / 100;
    let mut session = Session {
        catalogue,
        client,
        chance,
        log,
        started: at,
        at,
        last: at,
        entry,
        device,
        intent,
        recorded: 0,
        known_from,
        last_product: None,
    };
    // Breaking off is how a session ends, not a failure.
    let (ControlFlow::Continue(()) | ControlFlow::Break(())) = session.walk(first);
    session.last
}

impl Session<'_> {
    fn walk(&mut self, first: bool) -> ControlFlow<()> {
        let habits = self.client.segment.habits();
        // Whoever signs up in this session has nothing to change yet.
        let was_user = self.client.user != 0;
        self.land()?;
        if self.chance.permille(habits.bounce) {
            return ControlFlow::Break(());
        }
        if was_user && self.is_known() && self.chance.permille(80) {
            self.change_profile();
        }
        let steps = self.chance.between(1, habits.depth);
        let odds = if first { habits.sign_up } else { habits.sign_up / 2 };
        let sign_up = (self.client.user == 0 && self.chance.permille(odds)).then(|| self.chance.below(steps));
        for step in 0..steps {
            if sign_up == Some(step) {
                self.sign_up()?;
            }
            self.step()?;
        }
        ControlFlow::Break(())
    }

    fn land(&mut self) -> ControlFlow<()> {
        match self.chance.weighted([38, 27, 24, 11].into_iter()) {
            0 => self.record(Page::Home, Action::PageViewed),
            1 => self.view_product(),
            2 => {
                let category = self.chance.index(CATEGORIES.len());
                self.record(Page::Category(category as u8), Action::PageViewed)
            }
            _ => {
                let guide = self.chance.index(Page::GUIDES);
                self.record(Page::Guide(guide as u8), Action::PageViewed)
            }
        }
    }

    fn step(&mut self) -> ControlFlow<()> {
        let features = if self.client.user == 0 { 0 } else { 22 };
        match self.chance.weighted([46, 36, features].into_iter()) {
            0 => self.browse(),
            1 => {
                self.pause(&READING);
                self.view_product()
            }
            _ => self.use_feature(),
        }
    }

    fn browse(&mut self) -> ControlFlow<()> {
        self.pause(&READING);
        let page = match self.chance.weighted([18, 40, 22, 14, 6].into_iter()) {
            0 => Page::Home,
            1 => Page::Category(self.chance.index(CATEGORIES.len()) as u8),
            2 => Page::Search,
            3 => Page::Guide(self.chance.index(Page::GUIDES) as u8),
            _ => Page::Plans,
        };
        self.record(page, Action::PageViewed)?;
        if self.client.user == 0 && !self.client.gave_email && self.chance.permille(30) {
            self.pause(&ACTING);
            self.record(page, Action::EmailFilledOnPopup { email: self.client.email })?;
            self.client.gave_email = true;
        }
        ControlFlow::Continue(())
    }

    fn view_product(&mut self) -> ControlFlow<()> {
        let product = match self.last_product {
            Some(product) if self.chance.permille(200) => product,
            Some(_) | None => self.catalogue.pick(self.chance),
        };
        self.last_product = Some(product);
        self.record(Page::Product(product), Action::ProductViewed { product })?;
        if self.wants(60) { self.buy(product) } else { ControlFlow::Continue(()) }
    }

    /// From the cart on, at each stage some walk away.
    fn buy(&mut self, product: u16) -> ControlFlow<()> {
        let quantity = 1 + self.chance.weighted([820, 130, 35, 15].into_iter()) as u8;
        self.pause(&ACTING);
        self.record(Page::Product(product), Action::ProductAddedToCart { product, quantity })?;
        if !self.chance.permille(640) {
            return ControlFlow::Continue(());
        }
        self.pause(&ACTING);
        self.record(Page::Cart, Action::PageViewed)?;
        if self.client.user == 0 && self.chance.permille(150) {
            self.sign_up()?;
        }
        if !self.chance.permille(760) {
            return ControlFlow::Continue(());
        }
        self.pause(&ACTING);
        self.record(Page::Checkout, Action::CheckoutStarted { product, quantity })?;
        if !self.chance.permille(640) {
            return ControlFlow::Continue(());
        }
        self.pause(&TYPING);
        let transaction = self.log.transactions + 1;
        self.record(Page::Confirmation, Action::CheckoutCompleted { product, quantity, transaction })?;
        self.log.transactions = transaction;
        if self.chance.permille(600) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn sign_up(&mut self) -> ControlFlow<()> {
        if self.client.user != 0 {
            return ControlFlow::Continue(());
        }
        self.pause(&READING);
        self.record(Page::Signup, Action::PageViewed)?;
        self.pause(&TYPING);
        let plan = self.chance.weighted([78, 17, 5].into_iter()) as u8;
        let method = self.chance.weighted([60, 30, 10].into_iter()) as u8;
        let user = self.log.users + 1;
        // The event itself carries the new account, so it is set before, and taken back if it failed.
        self.client.user = user;
        self.known_from = 0;
        if self.record(Page::Signup, Action::SignedUp { plan, method }).is_break() {
            self.client.user = 0;
            return ControlFlow::Break(());
        }
        self.log.users = user;
        self.client.plan = plan;
        self.client.opt_in = self.client.gave_email || self.chance.permille(420);
        self.note_version();
        ControlFlow::Continue(())
    }

    fn use_feature(&mut self) -> ControlFlow<()> {
        let plan = self.client.plan;
        let feature = self.chance.weighted(FEATURES.iter().map(|it| if it.2 <= plan { it.1 } else { 0 })) as u8;
        self.known_from = 0;
        self.pause(&READING);
        self.record(Page::Feature(feature), Action::FeatureUsed { feature })
    }

    /// One property of the user changes. It shows in the table of users, not among the events.
    fn change_profile(&mut self) {
        match self.chance.weighted([45, 30, 15, 10].into_iter()) {
            0 => self.client.plan = (self.client.plan + 1 + self.chance.index(2) as u8) % PLANS.len() as u8,
            1 => self.client.opt_in = !self.client.opt_in,
            2 => self.client.email = (self.client.email + 1) % people::ADDRESSES,
            _ => {
                let country = people::country(self.chance);
                if country == self.client.country {
                    return;
                }
                self.client.country = country;
            }
        }
        self.note_version();
    }

    fn note_version(&mut self) {
        self.log.versions.push(UserVersion {
            at: self.at,
            user: self.client.user,
            client: self.client.number,
            email: self.client.email,
            country: self.client.country,
            plan: self.client.plan,
            opt_in: self.client.opt_in,
        });
    }

    fn is_known(&self) -> bool {
        self.client.user != 0 && self.recorded >= self.known_from
    }

    fn wants(&mut self, permille: u32) -> bool {
        self.chance.permille(permille * self.intent / 100)
    }

    fn pause(&mut self, pace: &Pace) {
        let (_, shortest, longest) = pace[self.chance.weighted(pace.iter().map(|it| it.0))];
        self.at += i64::from(self.chance.between(shortest * 1000, longest * 1000));
    }

    /// Logs an event at the present moment, or ends the session when there is no more room or time.
    fn record(&mut self, page: Page, action: Action) -> ControlFlow<()> {
        if self.log.events.len() >= self.log.limit || self.at - self.started >= LONGEST {
            return ControlFlow::Break(());
        }
        let (high, low) = (self.chance.bits(), self.chance.bits());
        let bits = u128::from(high) << 64 | u128::from(low);
        self.log.events.push(Event {
            at: self.at,
            id: uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().into_bytes(),
            client: self.client.number,
            user: if self.is_known() { self.client.user } else { 0 },
            action,
            page,
            entry: if self.recorded == 0 { self.entry } else { Entry::NONE },
            device: self.device,
            agent: self.client.agents[usize::from(self.device)],
        });
        self.recorded += 1;
        self.last = self.at;
        ControlFlow::Continue(())
    }
}
