//! What other tools read about a project and its runs: one serialisable type per file that is written.
//! Shapes are those of dbt 1.11 (<https://schemas.getdbt.com>); knows no files, no engine and no terminal.

mod catalog;
mod lineage;
mod manifest;
mod metadata;
mod monitors;
mod openlineage;
mod run_results;
mod sources;

pub use catalog::{Catalog, CatalogEntry, CatalogKind, catalog};
pub use lineage::{
    DescribedColumn, Lineage, LineageColumn, LineageDiff, LineageEdge, LineageNode, LineageOrigin, LineageTest, Trace,
    lineage, lineage_diff, trace,
};
pub use manifest::{
    Checksum, CompiledCode, DependsOn, DocBlock, Manifest, ManifestColumn, ManifestExposure, ManifestMacro,
    ManifestMetadata, ManifestNode, ManifestSource, Particulars, QueryParticulars, RefText, compiled_path, manifest,
};
pub use metadata::{DBT_VERSION, Metadata};
pub use monitors::MonitorReport;
pub use openlineage::{OpenLineage, OpenLineageListener, OpenLineageNames};
pub use run_results::{RunResult, RunResults, RunResultsFile, Timing};
pub use sources::{SourceAge, SourceResult, SourcesFile, seconds_between, sources_file};

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use chrono::DateTime;

    use crate::files::InMemory;
    use crate::graph::Graph;
    use crate::parse::{ParsedProject, Request, load};

    /// A small project: one source, one seed, two models, one exposure, tests of both forms, one model switched off.
    pub(crate) const FILES: &[(&str, &str)] = &[
        ("dbt_project.yml", "name: shop\nvars: {}\nmodels:\n  shop:\n    +tags: [nightly]\n"),
        ("macros/cents.sql", "{% macro cents(x) %}{{ x }} * 100{% endmacro %}\n"),
        ("seeds/countries.csv", "code\nde\n"),
        (
            "models/staging/stg_orders.sql",
            "select id, {{ cents('price') }} as cents from {{ source('raw', 'orders') }}\n",
        ),
        ("models/marts/fct_orders.sql", "{{ config(materialized='table') }}\nselect id from {{ ref('stg_orders') }}\n"),
        ("models/marts/off.sql", "{{ config(enabled=false) }}select 1 as one\n"),
        ("tests/no_orders_below_zero.sql", "select * from {{ ref('fct_orders') }} where id < 0\n"),
        (
            "models/all.yml",
            "\
sources:
  - name: raw
    description: As delivered.
    meta: {external_location: 'raw/{name}.parquet'}
    tables: [{name: orders}]
models:
  - name: fct_orders
    description: One row per *order*.
    columns:
      - name: id
        description: Key.
        data_type: bigint
        data_tests: [not_null, unique]
exposures:
  - name: weekly
    type: dashboard
    owner: {name: Ada, email: ada@example.com}
    depends_on: [\"ref('fct_orders')\"]
",
        ),
    ];

    /// The small project, loaded.
    pub(crate) fn project() -> (ParsedProject, Graph) {
        let files = InMemory::new(FILES.iter().copied());
        let request = Request {
            profiles_dirs: Vec::new(),
            profile: None,
            target: None,
            threads: None,
            vars: serde_json::Map::new(),
            full_refresh: false,
            excerpt: crate::jinja::Excerpt::default(),
            target_path: None,
            environment: BTreeMap::from([("DBT_ENV_CUSTOM_ENV_TEAM".to_owned(), "growth".to_owned())]),
            started_at: DateTime::from_timestamp(1_700_000_000, 250_000_000).unwrap(),
            invocation_id: "00000000-0000-4000-8000-000000000000".to_owned(),
        };
        let (project, found) = load(&files, &request);
        assert!(!found.has_errors(), "{found:?}");
        let project = project.unwrap();
        let (graph, found) = crate::graph::build(&project);
        assert!(!found.has_errors(), "{found:?}");
        (project, graph)
    }
}
