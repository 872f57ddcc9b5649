//! The checksum that tells whether a unit test has changed: dbt's own, so that states can be compared.

use sha2::{Digest, Sha256};

use crate::parse::fixtures::{FixtureRows, RowFormat, Rows};
use crate::parse::test_names::python_repr;
use crate::parse::unit_tests::{Given, UnitTestOverrides};
use crate::project::Json;

type Map = serde_json::Map<String, Json>;

/// SHA-256 of how Python prints dbt's objects.
pub(super) fn checksum(
    model: &str,
    versions: Option<&Json>,
    given: &[Given],
    expect: &FixtureRows,
    overrides: Option<&UnitTestOverrides>,
) -> String {
    let repr = |value: Option<&Json>| value.map_or_else(|| "None".to_owned(), python_repr);
    let text = |text: Option<&str>| repr(text.map(Json::from).as_ref());
    let of_rows = |it: &FixtureRows| {
        let (enumeration, word) = match it.format {
            RowFormat::Csv => ("CSV", "csv"),
            RowFormat::Dict => ("Dict", "dict"),
            RowFormat::Sql => ("SQL", "sql"),
        };
        let rows = python_repr(&it.rows.json());
        format!("rows={rows}, format=<UnitTestFormat.{enumeration}: '{word}'>, fixture={}", text(it.fixture.as_deref()))
    };
    let input =
        |it: &Given| format!("UnitTestInputFixture(input={}, {})", text(Some(&it.written.value)), of_rows(&it.rows));
    let versions = versions.map_or_else(
        || "None".to_owned(),
        |it| format!("UnitTestNodeVersions(include={}, exclude={})", repr(it.get("include")), repr(it.get("exclude"))),
    );
    let overrides = overrides.map_or_else(
        || "None".to_owned(),
        |it| {
            let map = |it: &Map| python_repr(&Json::Object(it.clone()));
            let (macros, vars, env_vars) = (map(&it.macros), map(&it.vars), map(&it.env_vars));
            format!("UnitTestOverrides(macros={macros}, vars={vars}, env_vars={env_vars})")
        },
    );
    let inputs: Vec<String> = given.iter().map(input).collect();
    let mut data =
        format!("{model}-{versions}-[{}]-UnitTestOutputFixture({})-{overrides}", inputs.join(", "), of_rows(expect));
    for it in given.iter().filter(|it| it.rows.fixture.is_some()) {
        data.push('-');
        match &it.rows.rows {
            Rows::Query(sql) => data.push_str(sql),
            rows @ Rows::Values(_) => data.push_str(&python_repr(&rows.json())),
        }
    }
    Sha256::digest(data.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
