//! The two tables beside the events: `users.csv` and `products.csv`.
//! In: versions of users, and the catalogue. Out: lines of CSV.
//! Knows nothing of the simulation. Both are small beside the events.

use std::io::Write;

use super::GenerateError;
use super::catalogue::{CATEGORIES, Catalogue};
use super::event::{PLANS, UserVersion};
use super::output::Counted;
use super::pages::product_id;
use super::people::{COUNTRIES, name};
use super::text_events::push_csv_field;
use super::wording::{Wording, push_money, push_user_id};

/// The first line of `users.csv`.
pub(super) const USERS_HEADER: &str = "user_id,updated_at,email,full_name,country,plan,is_marketing_opt_in\n";

/// The first line of `products.csv`.
pub(super) const PRODUCTS_HEADER: &str = "product_id,product_name,category,price,cost,launched_on\n";

/// Writes one line for each version.
pub(super) fn write_users(
    seed: u64,
    wording: &mut Wording,
    versions: &[UserVersion],
    file: &mut Counted,
) -> Result<(), GenerateError> {
    let mut lines = String::new();
    for version in versions {
        let person = name(seed, version.client);
        push_user_id(version.user, &mut lines);
        lines.push(',');
        wording.push_timestamp(version.at, &mut lines);
        let country = COUNTRIES[usize::from(version.country)].0;
        let plan = PLANS[usize::from(version.plan)];
        let opt_in = if version.opt_in { "true" } else { "false" };
        for field in [&person.email(version.email), &person.full(), country, plan, opt_in] {
            lines.push(',');
            push_csv_field(field, &mut lines);
        }
        lines.push('\n');
    }
    Ok(file.write_all(lines.as_bytes())?)
}

/// Writes all products, and answers how many.
pub(super) fn write_products(catalogue: &Catalogue, file: &mut Counted) -> Result<u64, GenerateError> {
    let mut lines = String::from(PRODUCTS_HEADER);
    for (index, product) in (0..).zip(&catalogue.products) {
        lines.push_str(&product_id(index));
        for field in [product.name.as_str(), CATEGORIES[product.category].name] {
            lines.push(',');
            push_csv_field(field, &mut lines);
        }
        for cents in [product.price, product.cost] {
            lines.push(',');
            push_money(cents, &mut lines);
        }
        lines.push_str(&format!(",{}\n", product.launched_on.format("%Y-%m-%d")));
    }
    file.write_all(lines.as_bytes())?;
    Ok(catalogue.products.len() as u64)
}
