//! `--explain`: of each node of a run, why it was made anew or asked, or that it was left as it was.

use serde_json::json;

use crate::cli::Settings;
use crate::cli::prepare::Loaded;
use crate::console::Format;
use crate::execute::Summary;

/// Prints it: as lines for people, as one JSON array where the log is JSON.
pub(super) fn print(settings: &Settings, loaded: &Loaded, summary: &Summary) {
    let mut rows = Vec::new();
    for (id, outcome) in &summary.outcomes {
        let name = loaded.graph.get(id).map(|it| it.facts.display()).unwrap_or_default();
        let because = summary.reasons.get(id).map(ToString::to_string);
        let (what, why) = match because {
            _ if outcome.is_reused() => ("reused", "nothing has changed".to_owned()),
            Some(because) if outcome.is_good() => ("made", because),
            because => (outcome.status(), because.unwrap_or_default()),
        };
        rows.push((id, name, what, why));
    }
    if settings.console.format == Format::Json {
        let row =
            |(id, _, what, why): &(_, _, _, _)| json!({"unique_id": format!("{id}"), "did": what, "because": why});
        let rows: Vec<serde_json::Value> = rows.iter().map(row).collect();
        settings.console.print(&serde_json::Value::Array(rows).to_string());
        return;
    }
    let width = rows.iter().map(|it| it.1.chars().count()).max().unwrap_or_default();
    settings.console.say("");
    for (_, name, what, why) in &rows {
        settings.console.print(format!("{what:<7} {name:<width$}  {why}").trim_end());
    }
}
