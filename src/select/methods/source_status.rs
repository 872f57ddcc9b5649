//! `source_status:fresher`: sources that have newer rows than in an earlier state, whose folder `--state` names.

use crate::diagnostics::{Code, Diagnostic};
use crate::graph::Node;
use crate::project::Json;
use crate::select::Surroundings;
use crate::select::methods::{Method, Wanted, state};

#[derive(Debug)]
pub(super) struct SourceStatus;

impl Method for SourceStatus {
    fn name(&self) -> &'static str {
        "source_status"
    }

    fn check(&self, wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
        if wanted.value == "fresher" {
            return Ok(());
        }
        Err(Diagnostic::error(Code::BadSelector, format!("there is no source status `{}`", wanted.value))
            .help("write `source_status:fresher`"))
    }

    fn missing(&self, surroundings: &Surroundings<'_>) -> Option<Diagnostic> {
        let now = || state::missing(surroundings, "sources.json", |it| &it.sources_now);
        state::missing(surroundings, "sources.json", |it| &it.sources).or_else(now)
    }

    fn fits(&self, _: &Wanted<'_>, node: &Node, surroundings: &Surroundings<'_>) -> bool {
        let Some(state) = surroundings.state else { return false };
        match (loaded_at(&state.sources, node), loaded_at(&state.sources_now, node)) {
            // Times of one form compare as text.
            (Some(before), Some(now)) => now > before,
            (None, Some(_)) => true,
            (_, None) => false,
        }
    }

    fn values(&self, _: &Wanted<'_>, _: &Node, _: &Surroundings<'_>) -> Vec<String> {
        Vec::new()
    }
}

fn loaded_at<'j>(sources: &'j Json, node: &Node) -> Option<&'j str> {
    let mut results = sources["results"].as_array().into_iter().flatten();
    let of_node = results.find(|it| it["unique_id"].as_str() == Some(node.facts.id.as_str()))?;
    of_node.get("max_loaded_at").and_then(Json::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::select::State;
    use crate::select::tests::{check_refused, check_state, graph};

    #[test]
    fn sources_with_newer_rows() {
        let mut state = State::new("old".into(), json!(null), json!({}));
        let at = |id: &str, time: &str| json!({"unique_id": id, "max_loaded_at": time});
        state.sources = json!({"results": [at("shop.raw.a", "2026-01-01T00:00:00"), at("shop.raw.b", "2026-01-01")]});
        state.sources_now =
            json!({"results": [at("shop.raw.a", "2026-01-02T00:00:00"), at("shop.raw.b", "2026-01-01")]});
        let graph = graph("raw.a -> x; raw.b -> y");
        check_state(&graph, &state, "source_status:fresher+", "raw.a x");
        check_refused("source_status:newer", "source_status:newer", "write `source_status:fresher`");
    }
}
