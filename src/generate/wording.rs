//! From numbers to texts: the values of the event columns.
//! In: an event. Out: its texts, put after what a buffer already holds.
//! Knows the columns; knows no file format, and does no quoting. Whatever is the same for many
//! events is put together once.

use chrono::DateTime;

use super::catalogue::Catalogue;
use super::chance::scramble;
use super::event::{Action, Event, METHODS, PLANS};
use super::pages::{FEATURES, Page, SITE, product_id};
use super::people;

/// The columns of `events`, in their order.
pub(super) static COLUMNS: [&str; 9] = [
    "event_id",
    "client_id",
    "user_id",
    "event_name",
    "event_timestamp",
    "page_url",
    "referrer",
    "user_agent",
    "event_data",
];

const DAY: i64 = 24 * 60 * 60 * 1000;

/// The texts that belong to one run.
pub(super) struct Wording {
    seed: u64,
    /// By product: `"product_id":"p_001","price":12.50`.
    products: Vec<String>,
    /// By product, in cents.
    prices: Vec<u32>,
    /// By product: the path of its page.
    paths: Vec<String>,
    /// A day in milliseconds since 1970, and its date: events come in the order of time.
    date: (i64, String),
}

impl Wording {
    /// Prepares the texts of the products.
    pub(super) fn new(seed: u64, catalogue: &Catalogue) -> Self {
        let prices: Vec<u32> = catalogue.products.iter().map(|product| product.price).collect();
        let mut products = Vec::with_capacity(prices.len());
        let mut paths = Vec::with_capacity(prices.len());
        for (index, price) in (0..).zip(&prices) {
            let mut json = format!("\"product_id\":\"{}\",\"price\":", product_id(index));
            push_money(*price, &mut json);
            products.push(json);
            let mut path = String::new();
            Page::Product(index).push_path(&mut path);
            paths.push(path);
        }
        Self { seed, products, prices, paths, date: (i64::MIN, String::new()) }
    }

    /// `c_` and 12 hexadecimal digits, one for each device of a person.
    pub(super) fn push_client_id(&self, event: &Event, out: &mut String) {
        out.push_str("c_");
        push_hex(scramble(u64::from(event.client) * 2 + u64::from(event.device), self.seed), out);
    }

    /// `2026-01-01 00:00:00.000`, UTC.
    pub(super) fn push_timestamp(&mut self, at: i64, out: &mut String) {
        let day = at.div_euclid(DAY);
        if self.date.0 != day {
            self.date = (day, date_text(at));
        }
        out.push_str(&self.date.1);
        let time = at.rem_euclid(DAY) as u32;
        for (mark, value) in [(' ', time / 3_600_000), (':', time / 60_000 % 60), (':', time / 1000 % 60)] {
            out.push(mark);
            push_digit(value / 10, out);
            push_digit(value, out);
        }
        out.push('.');
        for unit in [100, 10, 1] {
            push_digit(time / unit, out);
        }
    }

    /// The full address of the page, with its campaign where a session begins.
    pub(super) fn push_page_url(&self, event: &Event, out: &mut String) {
        out.push_str(SITE);
        match event.page {
            Page::Product(index) => out.push_str(&self.paths[usize::from(index)]),
            page => page.push_path(out),
        }
        event.entry.push_query(out);
    }

    /// The page that led here from another site.
    pub(super) fn referrer(event: &Event) -> Option<&'static str> {
        event.entry.channel()?.referrer
    }

    /// The browser.
    pub(super) fn user_agent(event: &Event) -> &'static str {
        people::AGENTS[usize::from(event.agent)].0
    }

    /// What belongs to the event, as a JSON object. Answers false, and puts nothing, when there is
    /// nothing to say. No text in it needs escaping.
    pub(super) fn push_data(&self, event: &Event, out: &mut String) -> bool {
        match event.action {
            Action::PageViewed => {
                let Some(title) = event.page.title() else { return false };
                push_all(out, &["{\"title\":\"", title, "\"}"]);
            }
            Action::ProductViewed { product } => {
                push_all(out, &["{", &self.products[usize::from(product)], "}"]);
            }
            Action::ProductAddedToCart { product, quantity } => {
                push_all(out, &["{", &self.products[usize::from(product)], ",\"quantity\":"]);
                push_number(quantity.into(), 1, out);
                out.push('}');
            }
            Action::CheckoutStarted { product, quantity } => {
                out.push_str("{\"cart_value\":");
                push_money(self.value(product, quantity), out);
                out.push_str(",\"quantity\":");
                push_number(quantity.into(), 1, out);
                out.push('}');
            }
            Action::CheckoutCompleted { product, quantity, transaction } => {
                out.push_str("{\"transaction_id\":\"t_");
                push_hex(scramble(transaction.into(), !self.seed), out);
                push_all(out, &["\",", &self.products[usize::from(product)], ",\"quantity\":"]);
                push_number(quantity.into(), 1, out);
                out.push_str(",\"revenue\":");
                push_money(self.value(product, quantity), out);
                out.push('}');
            }
            Action::EmailFilledOnPopup { email } => {
                let address = people::name(self.seed, event.client).email(email);
                push_all(out, &["{\"email\":\"", &address, "\"}"]);
            }
            Action::SignedUp { plan, method } => {
                let (plan, method) = (PLANS[usize::from(plan)], METHODS[usize::from(method)]);
                push_all(out, &["{\"plan\":\"", plan, "\",\"method\":\"", method, "\"}"]);
            }
            Action::FeatureUsed { feature } => {
                push_all(out, &["{\"feature\":\"", FEATURES[usize::from(feature)].0, "\"}"]);
            }
        }
        true
    }

    /// In cents.
    fn value(&self, product: u16, quantity: u8) -> u32 {
        self.prices[usize::from(product)] * u32::from(quantity)
    }
}

/// The 36 characters of a UUID.
pub(super) fn push_event_id(event: &Event, out: &mut String) {
    let mut text = [0; 36];
    out.push_str(uuid::Uuid::from_bytes(event.id).hyphenated().encode_lower(&mut text));
}

/// `u_000123`; beyond a million users the number grows longer.
pub(super) fn push_user_id(user: u32, out: &mut String) {
    out.push_str("u_");
    push_number(user, 6, out);
}

/// Cents as a decimal number with two places.
pub(super) fn push_money(cents: u32, out: &mut String) {
    push_number(cents / 100, 1, out);
    out.push('.');
    push_number(cents % 100, 2, out);
}

fn date_text(at: i64) -> String {
    DateTime::from_timestamp_millis(at).map_or_else(String::new, |moment| moment.format("%Y-%m-%d").to_string())
}

fn push_all(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}

/// With at least `width` digits.
fn push_number(number: u32, width: u32, out: &mut String) {
    let digits = number.checked_ilog10().map_or(1, |digits| digits + 1).max(width);
    for place in (0..digits).rev() {
        push_digit(number / 10_u32.saturating_pow(place), out);
    }
}

/// The last digit of `number`.
fn push_digit(number: u32, out: &mut String) {
    out.push(char::from(b'0' + (number % 10) as u8));
}

/// 48 bits as 12 hexadecimal digits.
fn push_hex(number: u64, out: &mut String) {
    for place in (0..12).rev() {
        out.push(char::from(b"0123456789abcdef"[(number >> (place * 4)) as usize & 15]));
    }
}

#[cfg(test)]
mod tests {
    use super::{push_hex, push_money, push_user_id};

    fn text(push: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        push(&mut out);
        out
    }

    #[test]
    fn numbers_are_padded() {
        assert_eq!(text(|out| push_money(5, out)), "0.05");
        assert_eq!(text(|out| push_money(123_450, out)), "1234.50");
        assert_eq!(text(|out| push_user_id(123, out)), "u_000123");
        assert_eq!(text(|out| push_user_id(u32::MAX, out)), "u_4294967295");
        assert_eq!(text(|out| push_hex(0xab, out)), "0000000000ab");
    }
}
