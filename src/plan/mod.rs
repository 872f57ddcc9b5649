//! From SQL to analysed logical plans, for the whole project, before a row is read.
//! The same plans are executed later: analysis and execution cannot disagree.

mod check;
mod column_types;
mod comparisons;
mod context;
mod failure;
mod file_functions;
mod incremental;
mod locate;
mod problem;
mod query;
mod relation;
mod session;
mod wording;

pub use check::{ModelPlan, PLANNING_STACK, ProjectPlan, Scope, TestPlan, plan_project};
pub use failure::explain_execution;
pub use query::{PlannedQuery, plan_query};
pub use relation::{Catalog, OpenTable, PlannedTable, bind};
pub use session::{EngineSettings, Session, SessionError};
pub use wording::sql_type;
