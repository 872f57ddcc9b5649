//! Properties files: what users say about models, sources, seeds, snapshots and exposures in YAML.

mod exposures;
mod ingest;
mod monitors;
mod nodes;
mod semantics;
mod sources;
mod tests;
mod unit_tests;
mod versions;

pub use exposures::ExposureProperties;
pub use ingest::{ContractColumn, DriftPolicy, IngestProperties, Lookback, RuleProperties};
pub use monitors::{MonitorEntry, MonitorProperties};
pub use nodes::{ColumnProperties, NodeProperties};
pub use semantics::SemanticProperties;
pub use sources::{SourceProperties, SourceTable};
pub use tests::TestProperties;
pub use unit_tests::{UnitTestProperties, UnitTestRows};
pub use versions::{ColumnsTaken, Version, VersionProperties};

use std::sync::Arc;

use crate::diagnostics::{Diagnostics, SourceText};
use crate::project::RenderText;
use crate::project::yaml::YamlFile;

/// Everything that one properties file says.
#[derive(Debug, Clone, Default)]
pub struct Properties {
    /// Under `models:`.
    pub models: Vec<NodeProperties>,
    /// Under `seeds:`.
    pub seeds: Vec<NodeProperties>,
    /// Under `snapshots:`.
    pub snapshots: Vec<NodeProperties>,
    /// Under `analyses:`.
    pub analyses: Vec<NodeProperties>,
    /// Under `sources:`.
    pub sources: Vec<SourceProperties>,
    /// Under `exposures:`.
    pub exposures: Vec<ExposureProperties>,
    /// Under `data_tests:`: descriptions and configuration of singular tests.
    pub singular_tests: Vec<NodeProperties>,
    /// Under `functions:`.
    pub functions: Vec<NodeProperties>,
    /// Under `macros:`: descriptions.
    pub macros: Vec<NodeProperties>,
    /// Under `unit_tests:`.
    pub unit_tests: Vec<UnitTestProperties>,
    /// Under `groups:`.
    pub groups: Vec<SemanticProperties>,
    /// Under `semantic_models:`.
    pub semantic_models: Vec<SemanticProperties>,
    /// Under `metrics:`.
    pub metrics: Vec<SemanticProperties>,
    /// Under `saved_queries:`.
    pub saved_queries: Vec<SemanticProperties>,
    /// Under `monitors:`, which dbt passes over.
    pub monitors: Vec<MonitorProperties>,
}

const KNOWN: &[&str] = &[
    "analyses",
    "anchors",
    "data_tests",
    "exposures",
    "functions",
    "groups",
    "macros",
    "metrics",
    "models",
    "monitors",
    "saved_queries",
    "seeds",
    "semantic_models",
    "snapshots",
    "sources",
    "tests",
    "unit_tests",
    "version",
];

impl Properties {
    /// Reads a properties file.
    pub fn read(source: &Arc<SourceText>, render: &dyn RenderText, found: &mut Diagnostics) -> Properties {
        let Some(file) = YamlFile::parse(source, found) else { return Properties::default() };
        let root = file.root();
        if !root.is_mapping() {
            found.push(root.wrong_kind(&source.path, "a mapping"));
            return Properties::default();
        }
        root.report_unknown_keys("a properties file", KNOWN, found);
        let mut nodes = |section: &str| -> Vec<NodeProperties> {
            let items = root.mappings(section, found);
            items.into_iter().filter_map(|it| NodeProperties::read(it, section, render, found)).collect()
        };
        let models = nodes("models");
        let seeds = nodes("seeds");
        let snapshots = nodes("snapshots");
        let analyses = nodes("analyses");
        let mut singular_tests = nodes("data_tests");
        singular_tests.extend(nodes("tests"));
        let functions = nodes("functions");
        let macros = nodes("macros");
        let sources = root.mappings("sources", found);
        let sources = sources.into_iter().filter_map(|it| SourceProperties::read(it, render, found)).collect();
        let exposures = root.mappings("exposures", found);
        let exposures = exposures.into_iter().filter_map(|it| ExposureProperties::read(it, render, found)).collect();
        let unit_tests = root.mappings("unit_tests", found);
        let unit_tests = unit_tests.into_iter().filter_map(|it| UnitTestProperties::read(it, render, found)).collect();
        let monitors = root.mappings("monitors", found);
        let monitors = monitors.into_iter().filter_map(|it| MonitorProperties::read(it, render, found)).collect();
        let mut semantic = |section: &str, what: &str, required: &[&str]| -> Vec<SemanticProperties> {
            let items = root.mappings(section, found);
            items.into_iter().filter_map(|it| SemanticProperties::read(it, what, required, render, found)).collect()
        };
        Properties {
            groups: semantic("groups", "a group", &["owner"]),
            semantic_models: semantic("semantic_models", "a semantic model", &["model"]),
            metrics: semantic("metrics", "a metric", &["label", "type"]),
            saved_queries: semantic("saved_queries", "a saved query", &["query_params"]),
            models,
            seeds,
            snapshots,
            analyses,
            sources,
            exposures,
            singular_tests,
            functions,
            macros,
            unit_tests,
            monitors,
        }
    }
}
