//! The shop's products: what they are, what they cost, and how often each is looked at.
//! In: the seed and the first day. Out: 200 products, and one of them when asked to pick.
//! Knows nothing of clients or events. Money is in integer cents.

use chrono::{NaiveDate, TimeDelta};

use super::chance::{Chance, Purpose};

/// How many products the shop has.
pub(super) const PRODUCTS: u16 = 200;

/// A kind of goods.
pub(super) struct Category {
    pub(super) name: &'static str,
    /// The last part of its address.
    pub(super) path: &'static str,
    /// The lowest and the highest price, in whole units.
    prices: (u32, u32),
    kinds: [&'static str; 5],
}

const fn category(name: &'static str, path: &'static str, prices: (u32, u32), kinds: [&'static str; 5]) -> Category {
    Category { name, path, prices, kinds }
}

/// Every category.
#[rustfmt::skip]
pub(super) static CATEGORIES: [Category; 8] = [
    category("Backpacks", "backpacks", (39, 190), ["Daypack", "Trekking Pack", "Roll-Top Pack", "Hip Pack", "Dry Bag"]),
    category("Tents", "tents", (120, 640), ["Dome Tent", "Tunnel Tent", "Tarp", "Bivy Shelter", "Family Tent"]),
    category("Sleeping", "sleeping", (29, 380), ["Sleeping Bag", "Sleeping Mat", "Quilt", "Camp Pillow", "Hammock"]),
    category("Footwear", "footwear", (59, 240), ["Hiking Boot", "Trail Runner", "Approach Shoe", "Sandal", "Gaiter"]),
    category("Clothing", "clothing", (19, 320), ["Rain Jacket", "Down Jacket", "Fleece", "Merino Shirt", "Trekking Trousers"]),
    category("Kitchen", "kitchen", (9, 140), ["Gas Stove", "Cook Set", "Titanium Mug", "Water Filter", "Food Flask"]),
    category("Lighting", "lighting", (14, 110), ["Headlamp", "Lantern", "Torch", "Solar Panel", "Bike Light"]),
    category("Accessories", "accessories", (6, 85), ["Trekking Poles", "Compass", "Multi-Tool", "Repair Kit", "Bottle"]),
];

/// Four for each of the five rounds through the kinds, so that no product name repeats.
static LINES: [&str; 20] = [
    "Alpine", "Nordic", "Summit", "Ridge", "Aurora", "Glacier", "Cairn", "Fjord", "Canyon", "Tundra", "Meridian",
    "Granite", "Juniper", "Larch", "Heron", "Osprey", "Basalt", "Drift", "Ember", "Sierra",
];

/// The part of a price after the point.
static ENDINGS: [u32; 4] = [99, 95, 50, 0];

/// One product.
pub(super) struct Product {
    pub(super) name: String,
    /// Index into [`CATEGORIES`].
    pub(super) category: usize,
    /// Selling price in cents.
    pub(super) price: u32,
    /// Purchase cost in cents, below the price.
    pub(super) cost: u32,
    /// Before the first day of the run.
    pub(super) launched_on: NaiveDate,
}

/// All products, and their shares of the views.
pub(super) struct Catalogue {
    /// In the order of their numbers; number 1 is at index 0.
    pub(super) products: Vec<Product>,
    /// Running sum of the weights of the products.
    shares: Vec<u32>,
}

/// Puts the catalogue together.
pub(super) fn stock(seed: u64, start: NaiveDate) -> Catalogue {
    let mut chance = Chance::new(seed, Purpose::Catalogue, 0, 0);
    let mut products = Vec::with_capacity(PRODUCTS.into());
    let mut ranks: Vec<u32> = (0..PRODUCTS.into()).collect();
    let mut shares = Vec::with_capacity(PRODUCTS.into());
    let mut sum = 0;
    for index in 0..usize::from(PRODUCTS) {
        let category = index % CATEGORIES.len();
        let Category { prices: (low, high), kinds, .. } = CATEGORIES[category];
        let kind = kinds[index / CATEGORIES.len() % kinds.len()];
        let line = LINES[index / 40 % 5 * 4 + chance.index(4)];
        // The square of a uniform draw: many cheap products, few dear ones.
        let draw = chance.below(1000);
        let price = (low + (high - low) * draw / 1000 * draw / 1000) * 100 + ENDINGS[chance.index(ENDINGS.len())];
        let cost = price * chance.between(34, 66) / 100;
        let launched_on = start.checked_sub_signed(TimeDelta::days(chance.between(20, 900).into())).unwrap_or(start);
        products.push(Product { name: format!("{line} {kind}"), category, price, cost, launched_on });
        // Zipf-like: the product at rank r is viewed in proportion to 1 / (r + 3).
        let rank = ranks.swap_remove(chance.index(ranks.len()));
        sum += 1_000_000 / (rank + 3);
        shares.push(sum);
    }
    Catalogue { products, shares }
}

impl Catalogue {
    /// The index of a product, the popular ones more often.
    pub(super) fn pick(&self, chance: &mut Chance) -> u16 {
        let drawn = chance.below(self.shares.last().copied().unwrap_or(0));
        let index = self.shares.partition_point(|share| *share <= drawn);
        u16::try_from(index).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::NaiveDate;

    use super::stock;
    use crate::generate::chance::{Chance, Purpose};

    #[test]
    fn products_are_distinct_and_sold_at_a_profit() {
        let start = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let catalogue = stock(42, start);
        let names: BTreeSet<&str> = catalogue.products.iter().map(|product| product.name.as_str()).collect();
        assert_eq!(names.len(), 200);
        assert!(catalogue.products.iter().all(|product| product.cost < product.price && product.launched_on < start));
    }

    #[test]
    fn a_few_products_take_most_views() {
        let catalogue = stock(42, NaiveDate::from_ymd_opt(2026, 1, 1).unwrap());
        let mut chance = Chance::new(1, Purpose::Visit, 0, 0);
        let mut views = vec![0; 200];
        for _ in 0..20_000 {
            views[usize::from(catalogue.pick(&mut chance))] += 1;
        }
        views.sort_unstable_by(|one, other| other.cmp(one));
        assert!(views[..40].iter().sum::<u32>() > 11_000);
        assert!(views[199] > 0);
    }
}
