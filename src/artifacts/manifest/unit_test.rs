//! A unit test as the manifest lists it.

use serde_json::json;

use crate::artifacts::manifest::{Context, config, place};
use crate::parse::{FixtureRows, ParsedNode, UnitTestFacts};
use crate::project::Json;

pub(super) fn unit_test(context: &Context<'_>, parsed: &ParsedNode, test: &UnitTestFacts) -> Json {
    let facts = &parsed.facts;
    let rows = |it: &FixtureRows| json!({"rows": it.rows.json(), "format": it.format.as_str(), "fixture": it.fixture});
    let given = test.given.iter().map(|it| {
        let mut given = json!({"input": it.written.value});
        if let (Json::Object(given), Json::Object(rows)) = (&mut given, rows(&it.rows)) {
            given.extend(rows);
        }
        given
    });
    let overrides =
        test.overrides.as_ref().map(|it| json!({"macros": it.macros, "vars": it.vars, "env_vars": it.env_vars}));
    let versions = test.versions.as_ref().map(|it| json!({"include": it.get("include"), "exclude": it.get("exclude")}));
    let original = place::original(&context.project.file, &facts.package, &facts.path);
    json!({
        "model": test.model,
        "given": given.collect::<Vec<_>>(),
        "expect": rows(&test.expect),
        "name": facts.name,
        "resource_type": "unit_test",
        "package_name": facts.package,
        "path": place::below_first_folder(original),
        "original_file_path": original,
        "unique_id": facts.id.as_str(),
        "fqn": facts.fqn,
        "description": facts.description,
        "overrides": overrides,
        "depends_on": context.depends_on(parsed),
        "config": config::full(facts),
        "checksum": test.checksum,
        "schema": test.schema,
        "created_at": context.created_at(),
        "versions": versions,
        "version": test.version.as_ref().map(|it| it.json().clone()),
    })
}
