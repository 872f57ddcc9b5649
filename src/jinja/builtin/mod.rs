//! The macros that dbt itself ships as package `dbt`, which projects and packages call, dispatch to and override.
//! Names and arguments are dbt's (its global project, 1.11); the texts are ours. One file per topic.

use crate::diagnostics::{Diagnostics, SourceText};
use crate::jinja::macros::{DBT, Macros};

const FILES: &[(&str, &str)] = &[
    ("<dbt>/columns.sql", include_str!("columns.sql")),
    ("<dbt>/configuration.sql", include_str!("configuration.sql")),
    ("<dbt>/dates.sql", include_str!("dates.sql")),
    ("<dbt>/hooks.sql", include_str!("hooks.sql")),
    ("<dbt>/incremental.sql", include_str!("incremental.sql")),
    ("<dbt>/naming.sql", include_str!("naming.sql")),
    ("<dbt>/relations.sql", include_str!("relations.sql")),
    ("<dbt>/sets.sql", include_str!("sets.sql")),
    ("<dbt>/snapshots.sql", include_str!("snapshots.sql")),
    ("<dbt>/strings.sql", include_str!("strings.sql")),
    ("<dbt>/tests.sql", include_str!("tests.sql")),
    ("<dbt>/types.sql", include_str!("types.sql")),
];

/// Adds them.
pub fn add_macros_of_dbt(macros: &mut Macros, found: &mut Diagnostics) {
    for (path, text) in FILES {
        macros.add_file(DBT, &SourceText::new(*path, *text), found);
    }
}
