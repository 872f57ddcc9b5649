//! The head of every artifact: which schema it follows, and which run wrote it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::jinja::Invocation;

/// The dbt whose artifacts these are. Readers refuse unknown keys, so there is no place for our own version.
pub const DBT_VERSION: &str = "1.11.0";

/// Variables with this prefix are copied into artifacts, as dbt does.
const CUSTOM_VARIABLES: &str = "DBT_ENV_CUSTOM_ENV_";

/// What all artifacts of dbt say about themselves.
#[derive(Debug, Clone, Serialize)]
pub struct Metadata {
    /// URL of the schema.
    pub dbt_schema_version: String,
    /// [`DBT_VERSION`].
    pub dbt_version: &'static str,
    /// When it was written: the run's clock, and what has passed since where that counts.
    pub generated_at: String,
    /// The run's identity.
    pub invocation_id: String,
    /// When the run began.
    pub invocation_started_at: String,
    /// The environment's `DBT_ENV_CUSTOM_ENV_…` variables, without the prefix.
    pub env: BTreeMap<String, String>,
}

impl Metadata {
    /// For an artifact of this schema (`manifest/v12`), written at this time.
    pub(super) fn new(schema: &str, invocation: &Invocation, generated_at: DateTime<Utc>) -> Metadata {
        let custom = |(key, value): (&String, &String)| {
            key.strip_prefix(CUSTOM_VARIABLES).map(|name| (name.to_owned(), value.clone()))
        };
        Metadata {
            dbt_schema_version: format!("https://schemas.getdbt.com/dbt/{schema}.json"),
            dbt_version: DBT_VERSION,
            generated_at: timestamp(generated_at),
            invocation_id: invocation.id.clone(),
            invocation_started_at: timestamp(invocation.started_at),
            env: invocation.environment.iter().filter_map(custom).collect(),
        }
    }
}

/// `2026-11-21T02:30:17.387249Z`.
pub(super) fn timestamp(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_dbt_writes_them() {
        let time = DateTime::from_timestamp(1_700_000_000, 250_000_000).unwrap();
        assert_eq!(timestamp(time), "2023-11-14T22:13:20.250000Z");
    }

    #[test]
    fn only_custom_variables_are_copied() {
        let (project, _) = crate::artifacts::tests::project();
        let metadata = Metadata::new("catalog/v1", &project.invocation, project.invocation.started_at);
        assert_eq!(metadata.env, BTreeMap::from([("TEAM".to_owned(), "growth".to_owned())]));
        assert_eq!(metadata.dbt_schema_version, "https://schemas.getdbt.com/dbt/catalog/v1.json");
    }
}
