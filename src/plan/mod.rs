//! From SQL to analysed logical plans, for the whole project, before a row is read.
//! The same plans are executed later: analysis and execution cannot disagree.

mod accepted;
mod answers;
mod cells;
mod column_types;
mod constraints;
mod context;
mod contracts;
mod delta_types;
mod elsewhere;
mod event_time;
mod failure;
mod faults;
mod file_functions;
mod fingerprint;
mod functions;
mod incremental;
mod information_schema;
mod inputs;
mod lineage;
mod locate;
mod merging;
mod microbatch;
mod models;
mod monitors;
mod opened;
mod planned_before;
mod problem;
mod project;
mod quarantine;
mod query;
mod questions;
mod relation;
mod review;
mod session;
mod side_by_side;
mod snapshot_time;
mod stars;
mod stored;
mod subqueries;
mod tests;
mod unit_tests;
mod volatile;
mod wording;

pub use answers::{Answers, Live};
pub use cells::rows as cells_of;
pub use constraints::Constraints;
pub use failure::explain_execution;
pub use faults::Faults;
pub use file_functions::FileCall;
pub use fingerprint::{AskedPlan, Known, Meaning, Untold, made_of, meaning};
pub use incremental::{Touched, arriving, rewritten, touched};
pub use information_schema::information_schema;
pub use inputs::declared_type;
pub use lineage::column_lineage;
pub use models::{Written, plan_written};
pub use monitors::MonitorPlan;
pub use opened::Opened;
pub use planned_before::PlannedBefore;
pub use problem::explain_expression;
pub use project::{
    CustomPlan, ModelPlan, ProjectPlan, Scope, TestPlan, plan_late_model, plan_late_test, plan_late_unit_test,
    plan_project,
};
pub use quarantine::{OWN_COLUMNS, Quarantine, is_quarantined};
pub use query::{PlannedQuery, plan_query};
pub use questions::{Asked, Files, Question, Wanted, groups, shared_scan};
pub use relation::{Catalog, OpenTable, PlannedTable, bind};
pub use session::{EngineSettings, Session, SessionError};
pub use side_by_side::PLANNING_STACK;
pub use stars::open_stars;
pub use stored::{SortColumn, SortOrder, existing_files, existing_table, grown_table, open_files};
pub use unit_tests::UnitTestPlan;
pub use volatile::volatile_functions;
pub use wording::sql_type;
