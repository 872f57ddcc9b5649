//! What users write, typed: `dbt_project.yml`, `profiles.yml` and properties files.
//! Reads text and reports every mistake at its place; renders no templates itself and knows no graph.

mod config;
mod profile;
mod project_file;
mod properties;
mod yaml;

pub use config::{Config, ConfigTree, Entry};
pub use profile::{Dialect, Profiles, Target};
pub use project_file::{ProjectFile, ResourcePaths, missing as project_file_missing};
pub use properties::{
    ColumnProperties, ColumnsTaken, ContractColumn, DriftPolicy, ExposureProperties, IngestProperties, Lookback,
    MonitorEntry, MonitorProperties, NodeProperties, Properties, RuleProperties, SemanticProperties, SourceProperties,
    SourceTable, TestProperties, UnitTestProperties, UnitTestRows, Version, VersionProperties,
};
pub use yaml::{Located, RenderText, Yaml, YamlFile, to_json};

/// A value as configuration, variables and test arguments hold it.
pub type Json = serde_json::Value;
