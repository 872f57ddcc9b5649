//! Properties files: what users say about models, sources, seeds, snapshots and exposures in YAML.

mod exposures;
mod nodes;
mod sources;
mod tests;

pub use exposures::ExposureProperties;
pub use nodes::{ColumnProperties, NodeProperties};
pub use sources::{SourceProperties, SourceTable};
pub use tests::TestProperties;

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText};
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
    "saved_queries",
    "seeds",
    "semantic_models",
    "snapshots",
    "sources",
    "tests",
    "unit_tests",
    "version",
];

/// What dbt does with an entry of a properties file and Arrowmill can't yet.
const LATER: &[&str] = &["functions", "metrics", "saved_queries", "semantic_models", "snapshots", "unit_tests"];

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
        for (key, value) in root.entries().into_iter().filter(|(key, _)| LATER.contains(&key.value.as_str())) {
            if !value.items().is_empty() {
                let message = format!("`{}` are not available yet, and left out", key.value);
                found.push(Diagnostic::warning(Code::Unsupported, message).at(key.span));
            }
        }
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
        let sources = root.mappings("sources", found);
        let sources = sources.into_iter().filter_map(|it| SourceProperties::read(it, render, found)).collect();
        let exposures = root.mappings("exposures", found);
        let exposures = exposures.into_iter().filter_map(|it| ExposureProperties::read(it, found)).collect();
        Properties { models, seeds, snapshots, analyses, sources, exposures, singular_tests }
    }
}
