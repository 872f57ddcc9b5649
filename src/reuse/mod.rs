//! When something need not be made again: identities of what is there, and the decision. Knows neither plans, which
//! give the identities (`plan::fingerprint`), nor storage, which keeps them (`warehouse`).

mod decision;
mod digest;
mod identity;

pub use decision::{Because, compare};
pub use digest::Digest;
pub use identity::{Identity, MadeOf};
