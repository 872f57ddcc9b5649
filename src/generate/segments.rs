//! The four kinds of client, and how often each of them comes back.
//! In: a kind and an age in days. Out: odds per thousand, and the visits to expect.
//! Knows nothing of single clients, of dates or of what happens in a visit.
//!
//! A mixture of geometric lifetimes gives the retention curve its known shape: steep at first,
//! then flat, because those who stay are more and more the loyal ones.

/// How a client uses the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// Comes on one day and never again.
    OneOff,
    /// Comes back now and then.
    Casual,
    /// Comes about once a week.
    Regular,
    /// Comes every other day.
    Loyal,
}

/// The odds that tell one segment from another.
pub(super) struct Habits {
    /// Share of new clients, in permille.
    pub(super) share: u32,
    /// Odds to leave for good, per day, in permille.
    pub(super) churn: u32,
    /// Odds to come on a day, in permille, before age and weekday count.
    pub(super) visit: u32,
    /// Odds to leave after the first page, in permille.
    pub(super) bounce: u32,
    /// Odds to sign up in the first session, in permille; half of it in each later one.
    pub(super) sign_up: u32,
    /// How ready to buy, 100 is average.
    pub(super) intent: u32,
    /// The most steps in a session.
    pub(super) depth: u32,
    /// Events on the first day and on a later one, in tenths, as a test measures them.
    /// Only the forecast of traffic reads them.
    pub(super) events: (u32, u32),
}

static ONE_OFF: Habits =
    Habits { share: 560, churn: 1000, visit: 0, bounce: 420, sign_up: 60, intent: 60, depth: 8, events: (42, 0) };
static CASUAL: Habits =
    Habits { share: 280, churn: 45, visit: 70, bounce: 240, sign_up: 170, intent: 90, depth: 11, events: (67, 65) };
static REGULAR: Habits =
    Habits { share: 115, churn: 25, visit: 170, bounce: 160, sign_up: 380, intent: 120, depth: 13, events: (87, 81) };
static LOYAL: Habits =
    Habits { share: 45, churn: 10, visit: 420, bounce: 110, sign_up: 600, intent: 135, depth: 14, events: (102, 90) };

impl Segment {
    /// Every segment, in the order of [`Habits::share`].
    pub(super) const ALL: [Self; 4] = [Self::OneOff, Self::Casual, Self::Regular, Self::Loyal];

    /// The odds of this segment.
    pub(super) fn habits(self) -> &'static Habits {
        match self {
            Self::OneOff => &ONE_OFF,
            Self::Casual => &CASUAL,
            Self::Regular => &REGULAR,
            Self::Loyal => &LOYAL,
        }
    }
}

impl Habits {
    /// Odds to come on a day, `age` days after the first one (at least 1), in permille.
    /// What is new is visited more.
    pub(super) fn visit_at(&self, age: u32) -> u32 {
        let novelty = match age {
            0 | 1 => 180,
            2 => 150,
            3 => 135,
            4..=7 => 118,
            _ => 100,
        };
        (self.visit * novelty / 100).min(900)
    }
}

/// The events to expect from a new client on each day of its life, from day 0 to `days - 1`.
pub(super) fn expected_events(days: u32) -> Vec<f64> {
    let mut expected = vec![0.0; days as usize];
    for segment in Segment::ALL {
        let habits = segment.habits();
        let mut alive = f64::from(habits.share) / 1000.0;
        for (age, slot) in (0..days).zip(expected.iter_mut()) {
            if age == 0 {
                *slot += alive * f64::from(habits.events.0) / 10.0;
            } else {
                alive *= 1.0 - f64::from(habits.churn) / 1000.0;
                let visits = f64::from(habits.visit_at(age)) / 1000.0;
                *slot += alive * visits * f64::from(habits.events.1) / 10.0;
            }
        }
    }
    expected
}

#[cfg(test)]
mod tests {
    use super::{Segment, expected_events};

    #[test]
    fn shares_add_up_to_everybody() {
        let sum: u32 = Segment::ALL.iter().map(|segment| segment.habits().share).sum();
        assert_eq!(sum, 1000);
    }

    #[test]
    fn interest_only_fades() {
        let expected = expected_events(120);
        assert!(expected.windows(2).all(|pair| pair[1] <= pair[0]), "{expected:?}");
    }
}
