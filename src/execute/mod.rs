//! Carrying plans out: what runs when, and each step of it. Tells what happens through events; prints nothing.

mod audits;
mod clone;
mod compare;
mod content;
mod custom;
mod freshness;
mod hooks;
mod late;
mod live;
mod making;
mod publishing;
mod quarantining;
mod reuse;
mod run;
mod schedule;
mod statements;
mod steps;
mod tables;
mod together;

pub use audits::{Audits, Due};
pub use clone::{Cloned, Cloning, clone_relation};
pub use compare::{Common, Compared, columns, differences};
pub use freshness::loaded_at;
pub use hooks::operation;
pub use late::Late;
pub use publishing::{Publish, Publishing};
pub use quarantining::Quarantining;
pub use reuse::Reuse;
pub use run::{Job, Summary, run};
pub use schedule::{Needs, Schedule, needs};
pub use steps::rows::{Rows, fetch};
pub use tables::Tables;
pub use together::ways;
