//! Reads a whole project: every file once, every template rendered once, to learn what refers to what.
//! Gives nodes whose references are still names; knows no graph and no SQL.

mod calls;
mod candidates;
mod context;
mod csv_rows;
mod docs;
mod facts;
mod fixtures;
mod generic_tests;
mod groups;
mod hooks;
mod kinds;
mod models;
mod monitors;
mod naming;
mod operations;
mod project;
mod read;
mod semantics;
mod snapshots;
mod sources;
mod test_names;
mod unit_test_checksum;
mod unit_tests;
mod unused;
mod versions;

pub use docs::DocBlock;
pub use facts::{Column, ModelFacts, NodeFacts, NodeId, ParsedNode, ResourceType};
pub use fixtures::{FixtureRows, RowFormat, Rows};
pub use groups::Group;
pub use kinds::{
    ExposureFacts, FunctionFacts, HookTime, Language, MonitorFacts, NodeKind, OperationFacts, SemanticFacts,
    SourceFacts, TestFacts, TestForm, UseOf, Watched,
};
pub use project::{Package, ParsedProject, Request, find_target, load, project_file};
pub use read::read_text;
pub use snapshots::{HardDeletes, SnapshotColumns, SnapshotFacts, Strategy};
pub use unit_tests::{Given, UnitTestFacts, UnitTestInput, UnitTestOverrides};
