//! One event and one version of a user, as small as can be: numbers instead of texts.
//! What is said of them here is all that the writers get to know of the simulation.
//! Knows no text but the names of events, and no file format.

use super::channels::Entry;
use super::pages::Page;

/// The names of plans, from the cheapest.
pub(super) static PLANS: [&str; 3] = ["free", "plus", "pro"];

/// The ways to sign up.
pub(super) static METHODS: [&str; 3] = ["email", "google", "apple"];

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    PageViewed,
    ProductViewed { product: u16 },
    ProductAddedToCart { product: u16, quantity: u8 },
    CheckoutStarted { product: u16, quantity: u8 },
    CheckoutCompleted { product: u16, quantity: u8, transaction: u32 },
    EmailFilledOnPopup { email: u8 },
    SignedUp { plan: u8, method: u8 },
    FeatureUsed { feature: u8 },
}

impl Action {
    /// The value of `event_name`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PageViewed => "page_viewed",
            Self::ProductViewed { .. } => "product_viewed",
            Self::ProductAddedToCart { .. } => "product_added_to_cart",
            Self::CheckoutStarted { .. } => "checkout_started",
            Self::CheckoutCompleted { .. } => "checkout_completed",
            Self::EmailFilledOnPopup { .. } => "email_filled_on_popup",
            Self::SignedUp { .. } => "signed_up",
            Self::FeatureUsed { .. } => "feature_used",
        }
    }
}

/// One event. A day of them is kept in memory, so its size counts: 48 bytes.
#[derive(Clone)]
pub(super) struct Event {
    /// Milliseconds since 1970, UTC.
    pub(super) at: i64,
    /// The bytes of a version 4 UUID.
    pub(super) id: [u8; 16],
    /// The person, from 0.
    pub(super) client: u32,
    /// The person's account, from 1; 0 when nobody is logged in.
    pub(super) user: u32,
    pub(super) action: Action,
    pub(super) page: Page,
    pub(super) entry: Entry,
    /// Which of the person's two devices: each is a client of its own in the data.
    pub(super) device: u8,
    /// Index into the browsers.
    pub(super) agent: u8,
}

/// What is known of a user from a moment on.
#[derive(Clone)]
pub(super) struct UserVersion {
    /// Milliseconds since 1970, UTC.
    pub(super) at: i64,
    pub(super) user: u32,
    /// The person whose name it is.
    pub(super) client: u32,
    /// Which of the person's mail addresses.
    pub(super) email: u8,
    /// Index into the countries.
    pub(super) country: u8,
    /// Index into [`PLANS`].
    pub(super) plan: u8,
    pub(super) opt_in: bool,
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_event_stays_small() {
        assert_eq!(size_of::<super::Event>(), 48);
    }
}
