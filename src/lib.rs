//! Arrowmill: dbt-style SQL projects, planned as a whole by Apache DataFusion and then run.
//!
//! A project flows one way through the modules below; each may use only those above it.
//! `ARCHITECTURE.md` says why, and `tests/integration/architecture.rs` holds it.

/// What is wrong, where, and what to do about it.
pub mod diagnostics;
/// Numbers with their units, for people.
pub mod quantities;
/// The only user of the file system for project files.
pub mod files;
/// What users write, typed.
pub mod project;
/// How old a source's rows may be, and the verdict.
pub mod freshness;
/// Templates, their functions and macros, and the way back from rendered text to source.
pub mod jinja;
/// What is watched: what to ask of each kind, and what to make of the answers.
pub mod monitors;
/// Runs each template once to learn what it refers to.
pub mod parse;
/// References resolved, circles found, the order decided.
pub mod graph;
/// The selection language: from `--select` text to nodes.
pub mod select;
/// From a node to its final SQL.
pub mod compile;
/// Tests of data: what each kind asks, and its verdict.
pub mod data_tests;
/// What it takes to make a relation: a pure decision.
pub mod materialize;
/// When something need not be made again: identities and the decision.
pub mod reuse;
/// Which column comes from which, and how.
pub mod lineage;
/// What two tables do not have in common, and how it is told.
pub mod differences;
/// The only talk between running and reporting.
pub mod events;
/// What other tools read: manifest, run results, catalog, lineage.
pub mod artifacts;
/// The only module that prints.
pub mod console;
/// The documentation site: one file that needs nothing else.
pub mod pages;
/// What one process notes for those after it.
#[cfg(feature = "engine")]
pub mod notes;
/// Where relations live: data files, records, staging, publishing.
#[cfg(feature = "engine")]
pub mod warehouse;
/// Relations that others write, one file per kind.
#[cfg(feature = "engine")]
pub mod sources;
/// Physical operators of our own, for what the engine's do slowly.
#[cfg(feature = "engine")]
pub mod operators;
/// Whose SQL the user writes, and what it says otherwise than the engine.
#[cfg(feature = "engine")]
pub mod dialect;
/// From SQL to analysed plans, before a row is read.
#[cfg(feature = "engine")]
pub mod plan;
/// From raw files to trusted events, bad rows apart.
#[cfg(feature = "engine")]
pub mod ingest;
/// What runs when, and each step of it.
#[cfg(feature = "engine")]
pub mod execute;
/// HTTP for pages.
#[cfg(feature = "engine")]
pub mod serve;
/// A deterministic clickstream data set.
#[cfg(feature = "engine")]
pub mod generate;
/// The only user of the network.
#[cfg(feature = "engine")]
pub mod http;
/// Arguments, settings, exit codes, one file per command.
#[cfg(feature = "engine")]
pub mod cli;
