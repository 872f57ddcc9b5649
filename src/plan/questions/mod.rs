//! What tests ask of one relation, read off the plans of their queries, and one plan that answers many of them.
//!
//! Nothing here looks at SQL or at the kind of a test: what dbt defines, what packages and what projects define is the
//! same once it is a plan. A query that does not fit is asked as it is.

mod dictionaries;
mod facts;
mod files;
mod flow;
mod proof;
mod question;
mod scan;
mod values;

pub(super) use facts::{QueryFacts, Tables, known_values};
pub use files::Files;
pub(super) use flow::TESTED;
pub(super) use proof::proof;
pub(super) use question::question;
pub use question::{Question, Wanted};
pub use scan::{Asked, groups, shared_scan};
