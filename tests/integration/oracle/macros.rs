//! dbt's own macros against what dbt and DuckDB gave for them: `tests/oracle/macros.json` holds the templates and the
//! answers, so that neither is needed here.
//!
//! A case with `not_yet` is known to differ, for the reason that stands there; once it agrees, the reason must go.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use super::{copy, root};

pub(super) fn trial() -> Trial {
    Trial::test("oracle::macros_of_dbt_give_what_dbt_and_duckdb_gave", macros)
}

fn macros() -> Result<(), Failed> {
    let file: Value = serde_json::from_slice(&fs::read(root().join("tests/oracle/macros.json"))?)?;
    let cases = file["cases"].as_array().ok_or("no cases")?;
    let project = tempfile::Builder::new().prefix("arrowmill-oracle-").tempdir()?;
    for path in ["dbt_project.yml", "profiles.yml"] {
        copy(&root().join("tests/oracle/duckdb").join(path), &project.path().join(path))?;
    }
    fs::create_dir_all(project.path().join("models"))?;
    fs::write(project.path().join("models/one.sql"), "select 1 as a")?;
    fs::create_dir_all(project.path().join("data/warehouse"))?;
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    wrong.lock().unwrap().extend(judge(case, project.path()));
                }
            });
        }
    });
    let wrong = wrong.into_inner()?;
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// What is wrong with a case.
fn judge(case: &Value, project: &Path) -> Option<String> {
    let name = case["name"].as_str()?;
    let rows = rows_of(case["sql"].as_str()?, project);
    let types: Vec<&str> = case["types"].as_array()?.iter().filter_map(Value::as_str).collect();
    let expected = plain(case["rows"].as_array()?.iter().map(|it| it.as_array().cloned().unwrap_or_default()), &types);
    let agrees = rows.as_ref().is_ok_and(|it| plain(it.iter().cloned(), &types) == expected);
    match (agrees, case.get("not_yet")) {
        (true, None) | (false, Some(_)) => None,
        (true, Some(_)) => Some(format!("{name}: agrees now; remove its `not_yet`")),
        (false, None) => Some(format!("{name}: gives {rows:?}, should be {}", case["rows"])),
    }
}

fn rows_of(sql: &str, project: &Path) -> Result<Vec<Vec<Value>>, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arrowmill"));
    command.args(["show", "--inline", sql, "--output", "json", "--limit", "1000"]).current_dir(project);
    let output = command.output().map_err(|it| it.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let rows: Vec<serde_json::Map<String, Value>> =
        serde_json::from_slice(&output.stdout).map_err(|it| it.to_string())?;
    Ok(rows.into_iter().map(|it| it.into_iter().map(|(_, value)| value).collect()).collect())
}

/// Values as they are compared: numbers to nine digits, times without trailing zeros.
fn plain(rows: impl Iterator<Item = Vec<Value>>, types: &[&str]) -> Vec<Vec<String>> {
    let value = |(at, it): (usize, Value)| {
        let data_type = types.get(at).copied().unwrap_or_default();
        match it {
            Value::Number(number) => number.as_f64().map_or_else(String::new, |it| format!("{it:.9}")),
            Value::String(text) if data_type.starts_with("DECIMAL") || data_type == "HUGEINT" => {
                text.parse::<f64>().map_or(text, |it| format!("{it:.9}"))
            }
            Value::String(text) if data_type.starts_with("TIMESTAMP") => {
                let text = text.trim_end_matches('Z').trim_end_matches("+00:00");
                let whole = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
                whole.to_owned()
            }
            other => other.to_string(),
        }
    };
    rows.map(|row| row.into_iter().enumerate().map(value).collect()).collect()
}
