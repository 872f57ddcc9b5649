//! Cases whose expected texts come from dbt's own Jinja: see `tests/oracle/jinja.py`.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{TimeZone, Utc};

use super::{Invocation, Macros, Phase, Scope, Templates};
use crate::diagnostics::{Diagnostics, SourceText};
use crate::project::{Dialect, Target};

fn invocation() -> Arc<Invocation> {
    let vars = serde_json::json!({"text": "value", "list": [1, "two", null]});
    Arc::new(Invocation {
        project: "shop".to_owned(),
        target: Target {
            profile: "shop".to_owned(),
            name: "dev".to_owned(),
            kind: "duckdb".to_owned(),
            dialect: Dialect::DuckDb,
            warehouse: String::new(),
            database: "warehouse".to_owned(),
            schema: "main".to_owned(),
            threads: 4,
            memory_limit: None,
            raw: serde_json::Map::new(),
        },
        cli_vars: vars.as_object().cloned().unwrap_or_default(),
        project_vars: serde_json::Map::new(),
        environment: BTreeMap::new(),
        dispatch: BTreeMap::new(),
        started_at: Utc.timestamp_micros(1_709_211_907_123_456).unwrap(),
        id: "id".to_owned(),
        full_refresh: false,
        docs: BTreeMap::new(),
    })
}

/// Compares every case of a file.
fn check(cases: &str) {
    let templates = Templates::new(Macros::new(), &mut Diagnostics::new());
    let invocation = invocation();
    let (mut template, mut wrong) = (String::new(), Vec::new());
    for line in cases.lines() {
        if line.starts_with('#') && template.is_empty() || line.is_empty() && template.is_empty() {
            continue;
        }
        let expected = match line.strip_prefix("= ").or_else(|| (line == "=").then_some("")) {
            Some(expected) => expected.replace('⏎', "\n"),
            None if line.starts_with("! ") => "failed".to_owned(),
            None => {
                template.push_str(if template.is_empty() { "" } else { "\n" });
                template.push_str(line);
                continue;
            }
        };
        let source = SourceText::new("models/case.sql", template.as_str());
        let scope = Arc::new(Scope::new(&invocation, Phase::Parse));
        let rendered = templates.render_text(&source, &scope);
        let found = rendered.as_ref().map_or("failed", String::as_str);
        if found != expected {
            let why = rendered.as_ref().err().map(|it| it.message.clone()).unwrap_or_default();
            wrong.push(format!("{template}\n  wanted {expected}\n  found  {found} {why}"));
        }
        template.clear();
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn printing_is_pythons() {
    check(include_str!("cases/printing.txt"));
}

#[test]
fn filters_are_jinjas() {
    check(include_str!("cases/filters.txt"));
}

#[test]
fn methods_are_pythons() {
    check(include_str!("cases/methods.txt"));
}

#[test]
fn times_are_pythons() {
    check(include_str!("cases/datetime.txt"));
}

#[test]
fn patterns_are_pythons() {
    check(include_str!("cases/re.txt"));
}

#[test]
fn iterators_are_pythons() {
    check(include_str!("cases/itertools.txt"));
}
