//! What tests ask of one relation, read off the plans of their queries, and one plan that answers many of them.
//!
//! Nothing here looks at SQL or at the kind of a test: what dbt defines, what packages and what projects define is the
//! same once it is a plan. A query that does not fit is asked as it is.

mod flow;
mod question;
mod scan;

pub(super) use question::question;
pub use question::{Question, Wanted};
pub use scan::{Asked, groups, shared_scan};
