//! Pages for people. Each is one file that needs nothing else: no server, no network, no other file.

mod docs;
mod layout;
mod markdown;

pub use docs::{Docs, docs_page};
