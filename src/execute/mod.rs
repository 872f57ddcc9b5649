//! Carrying plans out: what runs when, and each step of it. Tells what happens through events; prints nothing.

mod run;
mod schedule;
mod steps;
mod tables;

pub use run::{Job, Summary, run};
pub use schedule::{Needs, Schedule, needs};
pub use steps::rows::{Rows, fetch};
pub use tables::{Tables, existing_table};
