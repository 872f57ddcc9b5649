//! Reads a whole project: every file once, every template rendered once, to learn what refers to what.
//! Gives nodes whose references are still names; knows no graph and no SQL.

mod docs;
mod facts;
mod generic_tests;
mod models;
mod naming;
mod project;
mod read;
mod sources;
mod test_names;

pub use facts::{
    Column, ExposureFacts, NodeFacts, NodeId, NodeKind, ParsedNode, ResourceType, SourceFacts, TestFacts, TestForm,
    UseOf,
};
pub use project::{Package, ParsedProject, Request, RunHook, load};
pub use read::read_text;
