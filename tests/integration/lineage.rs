//! The lineage of the whole reference project, column for column: `tests/integration/lineage/reference_project.txt`.
//! It was judged by hand against the models' SQL. `BLESS=1 cargo test --test integration lineage` writes it anew; read
//! the difference as one reads a model.

use std::fs;
use std::path::Path;
use std::process::Command;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use similar::TextDiff;

use crate::oracle::reference_project;

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("lineage::of_the_reference_project", of_the_reference_project)]
}

fn of_the_reference_project() -> Result<(), Failed> {
    let project = reference_project()?;
    let generate = Command::new(env!("CARGO_BIN_EXE_arrowmill"))
        .args(["docs", "generate"])
        .current_dir(project.path())
        .env_remove("DBT_PROFILES_DIR")
        .output()?;
    if !generate.status.success() {
        return Err(String::from_utf8_lossy(&generate.stderr).into_owned().into());
    }
    let lineage: Value = serde_json::from_slice(&fs::read(project.path().join("out/target/lineage.json"))?)?;
    let found = written(&lineage);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/lineage/reference_project.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &found)?;
        return Ok(());
    }
    let expected = fs::read_to_string(&path)?;
    match expected == found {
        true => Ok(()),
        false => {
            Err(format!("{}", TextDiff::from_lines(&expected, &found).unified_diff().header("kept", "found")).into())
        }
    }
}

/// A paragraph for each node that has origins, a line for each column.
fn written(lineage: &Value) -> String {
    let nodes = lineage["nodes"].as_array().unwrap();
    let name = |id: &str| nodes.iter().find(|it| it["id"] == id).unwrap()["name"].as_str().unwrap().to_owned();
    let origin = |it: &Value| {
        let of = it["node"].as_str().map_or_else(|| it["relation"].as_str().unwrap().to_owned(), name);
        format!("{} {of}.{}", it["kind"].as_str().unwrap(), it["column"].as_str().unwrap())
    };
    let origins = |list: &Value| list.as_array().unwrap().iter().map(origin).collect::<Vec<_>>();
    let mut out = String::new();
    for node in nodes.iter().filter(|it| it["type"] != "source" && it["type"] != "exposure") {
        out += &format!("{}\n", node["name"].as_str().unwrap());
        for column in node["columns"].as_array().unwrap() {
            let mut parts = origins(&column["origins"]);
            parts.extend(column["made"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()));
            out += &format!("  {}: {}\n", column["name"].as_str().unwrap(), parts.join(", "));
        }
        let rows = origins(&node["rows"]);
        if !rows.is_empty() {
            out += &format!("  (rows): {}\n", rows.join(", "));
        }
        out.push('\n');
    }
    out.trim_end().to_owned() + "\n"
}
