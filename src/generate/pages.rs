//! The pages of the shop: their addresses and titles.
//! In: a page. Out: its path and title.
//! Knows the categories of the catalogue; knows nothing of events or clients.

use super::catalogue::CATEGORIES;

/// The shop's address. The domain is reserved (RFC 2606).
pub(super) const SITE: &str = "https://northtrail.example";

/// The feature's name, its share of use, and the lowest plan that has it (0 free, 1 plus, 2 pro).
#[rustfmt::skip]
pub(super) static FEATURES: [(&str, u32, u8); 10] = [
    ("wishlist", 30, 0), ("order_tracking", 22, 0), ("saved_search", 14, 0), ("size_advisor", 10, 0),
    ("product_compare", 8, 0), ("price_alert", 12, 1), ("trip_planner", 9, 1), ("loyalty_points", 8, 1),
    ("early_access", 6, 2), ("bulk_reorder", 4, 2),
];

#[rustfmt::skip]
static GUIDES: [(&str, &str); 6] = [
    ("choose-a-tent", "How to choose a tent"), ("layering", "Layering in cold weather"),
    ("boot-fit", "Do your boots fit?"), ("packing-list", "A packing list for three days"),
    ("water", "Clean water on the trail"), ("repair", "Repair instead of replace"),
];

/// A page of the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Home,
    /// Index into [`CATEGORIES`].
    Category(u8),
    /// Index into the catalogue.
    Product(u16),
    Search,
    /// Index into the guides.
    Guide(u8),
    Plans,
    Signup,
    Cart,
    Checkout,
    Confirmation,
    /// Index into [`FEATURES`].
    Feature(u8),
}

impl Page {
    /// How many guides there are.
    pub(super) const GUIDES: usize = GUIDES.len();

    /// Puts the path after `url`.
    pub(super) fn push_path(self, url: &mut String) {
        match self {
            Self::Home => url.push('/'),
            Self::Category(index) => {
                url.push_str("/c/");
                url.push_str(CATEGORIES[usize::from(index)].path);
            }
            Self::Product(index) => {
                url.push_str("/p/");
                url.push_str(&product_id(index));
            }
            Self::Search => url.push_str("/search"),
            Self::Guide(index) => {
                url.push_str("/guides/");
                url.push_str(GUIDES[usize::from(index)].0);
            }
            Self::Plans => url.push_str("/plans"),
            Self::Signup => url.push_str("/signup"),
            Self::Cart => url.push_str("/cart"),
            Self::Checkout => url.push_str("/checkout"),
            Self::Confirmation => url.push_str("/checkout/done"),
            Self::Feature(index) => {
                url.push_str("/account/");
                url.push_str(FEATURES[usize::from(index)].0);
            }
        }
    }

    /// The title, for the pages that send one when they are viewed.
    pub(super) fn title(self) -> Option<&'static str> {
        match self {
            Self::Home => Some("Northtrail"),
            Self::Category(index) => Some(CATEGORIES[usize::from(index)].name),
            Self::Guide(index) => Some(GUIDES[usize::from(index)].1),
            Self::Plans => Some("Plans"),
            Self::Cart => Some("Your cart"),
            Self::Product(_) | Self::Search | Self::Signup | Self::Checkout | Self::Confirmation | Self::Feature(_) => {
                None
            }
        }
    }
}

/// The id of a product, from its index: `p_001` for index 0.
pub(super) fn product_id(index: u16) -> String {
    format!("p_{:03}", index + 1)
}
