//! `versions`: the versions of a table that there are.

use crate::cli::arguments::VersionsOutput;
use crate::cli::{Exit, Settings, Stop, named, prepare};
use crate::materialize::Existing;
use crate::parse::NodeFacts;
use crate::project::Json;
use crate::quantities::{bytes, thousands};
use crate::warehouse::{Record, RecordKind, Warehouse};

pub(super) fn run(settings: &Settings, name: &str, output: VersionsOutput) -> Result<Exit, Stop> {
    let mut loaded = prepare::load(settings)?;
    let node = named::relation(settings, &mut loaded, name)?.clone();
    let warehouse = prepare::warehouse(settings, &loaded.project)?;
    let (current, kept) = prepare::runtime()?.block_on(async {
        prepare::recover(settings, &loaded, &warehouse).await?;
        let current = in_place(&warehouse, &node.facts).await;
        Ok::<_, Stop>((current, warehouse.versions(&node.facts.relation).await))
    })?;
    if output == VersionsOutput::Table && current.is_none() && kept.is_empty() {
        settings.console.say(&format!("{} has no version: there is no table of it", node.facts.display()));
        return Ok(Exit::Success);
    }
    let text = match output {
        VersionsOutput::Table => drawn(current.as_ref(), &kept),
        VersionsOutput::Json => {
            let kept = kept.iter().map(|it| described(it, false));
            let all: Vec<Json> = current.iter().map(|it| described(it, true)).chain(kept).collect();
            Json::Array(all).to_string()
        }
    };
    settings.console.print(&text);
    Ok(Exit::Success)
}

/// The table in place, as far as it can be trusted.
pub(super) async fn in_place(warehouse: &Warehouse, facts: &NodeFacts) -> Option<Record> {
    match warehouse.existing(&facts.relation).await {
        (Existing::Table, record) => record.filter(|it| it.kind == RecordKind::Table),
        (Existing::Absent | Existing::View | Existing::Unknown, _) => None,
    }
}

/// A version that is kept, by its number; without one, the newest.
pub(super) async fn find(warehouse: &Warehouse, facts: &NodeFacts, number: Option<u64>) -> Result<Record, Stop> {
    let kept = warehouse.versions(&facts.relation).await;
    let wanted = kept.iter().find(|it| number.is_none_or(|number| it.number == number));
    if let Some(found) = wanted {
        return Ok(found.clone());
    }
    let numbers: Vec<String> = kept.iter().map(|it| it.number.to_string()).collect();
    let who = facts.display();
    let current = warehouse.existing(&facts.relation).await.1;
    Err(Stop::Outside(match (number, numbers.as_slice()) {
        (Some(number), _) if current.is_some_and(|it| it.number == number) => {
            format!("version {number} of {who} is in place already")
        }
        (Some(number), [_, ..]) => format!("{who} has no version {number}; it has: {}", numbers.join(", ")),
        (_, _) => format!(
            "{who} has no version but the one in place; with `keep_versions: 1` in its configuration, the next run \
             that makes it keeps one"
        ),
    }))
}

fn drawn(current: Option<&Record>, kept: &[Record]) -> String {
    let mut lines = vec![["VERSION", "MADE AT", "ROWS", "SIZE", "RUN", ""].map(str::to_owned)];
    for (at, record) in current.into_iter().chain(kept).enumerate() {
        let is_current = at == 0 && current.is_some();
        let was = record.restored_from.map(|it| format!(", was {it}")).unwrap_or_default();
        lines.push([
            record.number.to_string(),
            record.made_at.clone().unwrap_or_else(|| "unknown".to_owned()),
            thousands(record.rows.unwrap_or_default()),
            bytes(record.bytes.unwrap_or_default()),
            record.run_id.clone(),
            if is_current { format!("in place{was}") } else { String::new() },
        ]);
    }
    let width = |at: usize| lines.iter().map(|it| it[at].chars().count()).max().unwrap_or_default();
    let widths = [0, 1, 2, 3, 4, 5].map(width);
    let padded = |line: &[String; 6]| {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(padded).collect::<Vec<_>>().join("\n")
}

fn described(record: &Record, is_current: bool) -> Json {
    serde_json::json!({
        "version": record.number,
        "in_place": is_current,
        "restored_from": record.restored_from,
        "made_at": record.made_at,
        "rows": record.rows,
        "bytes": record.bytes,
        "run_id": record.run_id,
        "fingerprint": record.made_of.as_ref().map(|it| it.result.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_for_people_and_for_programs() {
        let record = |number: u64, restored_from| Record {
            kind: RecordKind::Table,
            columns: Vec::new(),
            rows: Some(1200),
            bytes: Some(2048),
            sorted_by: Vec::new(),
            sql: None,
            run_id: format!("run-{number}"),
            made_at: Some("2026-01-01T00:00:00.000000Z".to_owned()),
            number,
            restored_from,
            delta: None,
            keep_versions: 1,
            node: "model.shop.orders".to_owned(),
            version: None,
            made_of: None,
            identity: None,
        };
        let (current, kept) = (record(12, Some(9)), [record(11, None)]);
        let expected = "\
VERSION  MADE AT                      ROWS   SIZE     RUN
12       2026-01-01T00:00:00.000000Z  1,200  2.0 KiB  run-12  in place, was 9
11       2026-01-01T00:00:00.000000Z  1,200  2.0 KiB  run-11";
        assert_eq!(drawn(Some(&current), &kept), expected);
        let json = described(&current, true);
        assert_eq!((&json["version"], &json["in_place"]), (&Json::from(12), &Json::from(true)));
        assert_eq!((&json["restored_from"], &json["fingerprint"]), (&Json::from(9), &Json::Null));
    }
}
