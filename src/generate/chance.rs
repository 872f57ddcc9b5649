//! Random streams: the only place where the generator rolls dice.
//! In: the seed of a run and what the stream is for. Out: integers, choices and yes or no.
//! Knows nothing of clients, days or shops. Works in integers only, so that every machine
//! draws the same numbers: no `exp`, no `ln`, no `powf`.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// What a stream of random numbers is for. Two purposes never share a stream.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// The traffic of one day, over or under its trend.
    Traffic = 1,
    /// The list of products.
    Catalogue = 2,
    /// Who a client is: habits, country, devices.
    Person = 3,
    /// What a client does on one day.
    Visit = 4,
    /// The name that a client gives when signing up.
    Name = 5,
    /// What is wrong with a row.
    Flaw = 6,
}

/// One stream of random numbers: xoshiro256++ (Blackman and Vigna, 2018).
pub(super) struct Chance(Xoshiro256PlusPlus);

impl Chance {
    /// The stream of `(seed, purpose, day, client)`. Pass 0 for a part that does not apply.
    pub(super) fn new(seed: u64, purpose: Purpose, day: u32, client: u32) -> Self {
        let key = (purpose as u64) << 60 | u64::from(day) << 32 | u64::from(client);
        Self(Xoshiro256PlusPlus::seed_from_u64(mix(mix(seed) ^ key)))
    }

    /// 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in `0..limit`, or 0 when `limit` is 0. The bias is below `limit / 2^32`
    /// (Lemire, 2019, without the rejection step).
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        let high = self.bits() >> 32;
        (high.wrapping_mul(u64::from(limit)) >> 32) as u32
    }

    /// A number in `low..=high`.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True in `permille` of 1000 cases.
    pub(super) fn permille(&mut self, permille: u32) -> bool {
        self.below(1000) < permille
    }

    /// The index of one of `weights`, each as likely as its share of their sum.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        for (index, weight) in weights.enumerate() {
            if left < weight {
                return index;
            }
            left -= weight;
        }
        0
    }

    /// An index into a list of `length`.
    pub(super) fn index(&mut self, length: usize) -> usize {
        self.below(u32::try_from(length).unwrap_or(u32::MAX)) as usize
    }
}

/// The finaliser of splitmix64 (Steele, Lea and Flood, 2014).
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A random-looking name for `number` in 48 bits. Each step can be undone, so two numbers below
/// 2^48 never get the same name: an identifier without a list of those already given.
pub(super) fn scramble(number: u64, salt: u64) -> u64 {
    const MASK: u64 = (1 << 48) - 1;
    let mut value = (number ^ mix(salt)) & MASK;
    for (factor, shift) in [(0x9e37_79b9_7f4b, 23), (0xbf58_476d_1ce5, 25), (0x94d0_49bb_1331, 22)] {
        value = value.wrapping_mul(factor) & MASK;
        value ^= value >> shift;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::{Chance, Purpose, scramble};

    #[test]
    fn numbers_stay_in_range_and_reach_both_ends() {
        let mut chance = Chance::new(1, Purpose::Visit, 2, 3);
        let drawn: Vec<u32> = (0..1000).map(|_| chance.between(3, 5)).collect();
        assert_eq!(drawn.iter().min(), Some(&3));
        assert_eq!(drawn.iter().max(), Some(&5));
    }

    #[test]
    fn weights_are_shares() {
        let mut chance = Chance::new(1, Purpose::Visit, 2, 3);
        let hits = (0..10_000).filter(|_| chance.weighted([1, 0, 3].into_iter()) == 2).count();
        assert!((7_300..7_700).contains(&hits), "{hits}");
    }

    #[test]
    fn scrambled_numbers_are_distinct() {
        let mut names: Vec<u64> = (0..200_000).map(|number| scramble(number, 42)).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 200_000);
    }
}
