//! `result:error`, `result:fail`, …: nodes by what became of them in an earlier run, whose folder `--state` names.

use crate::diagnostics::Diagnostic;
use crate::graph::Node;
use crate::project::Json;
use crate::select::Surroundings;
use crate::select::methods::{Method, Wanted, did_you_mean, state};

#[derive(Debug)]
pub(super) struct Result;

impl Method for Result {
    fn name(&self) -> &'static str {
        "result"
    }

    fn missing(&self, surroundings: &Surroundings<'_>) -> Option<Diagnostic> {
        state::missing(surroundings, "run_results.json", |it| &it.results)
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, surroundings: &Surroundings<'_>) -> bool {
        status(node, surroundings) == Some(wanted.value)
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, surroundings: &Surroundings<'_>) -> Vec<String> {
        status(node, surroundings).map(str::to_owned).into_iter().collect()
    }

    fn advice(&self, wanted: &Wanted<'_>, _: &Surroundings<'_>) -> Option<String> {
        let known = ["error", "fail", "pass", "skipped", "success", "warn"];
        if known.contains(&wanted.value) {
            return None;
        }
        did_you_mean(wanted, known.map(str::to_owned).to_vec())
    }
}

fn status<'a>(node: &Node, surroundings: &Surroundings<'a>) -> Option<&'a str> {
    let mut results = surroundings.state?.results["results"].as_array().into_iter().flatten();
    let of_node = results.find(|it| it["unique_id"].as_str() == Some(node.facts.id.as_str()))?;
    of_node.get("status").and_then(Json::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::select::State;
    use crate::select::tests::{check_state, graph, refused_state};

    #[test]
    fn nodes_by_their_result() {
        let mut state = State::new("old".into(), json!(null), json!({}));
        assert!(refused_state(&graph("a"), Some(&state), "result:error").contains("run_results.json"));
        state.results = json!({"results": [
            {"unique_id": "shop.a", "status": "success"}, {"unique_id": "shop.b", "status": "error"},
        ]});
        check_state(&graph("a -> b -> c"), &state, "result:error+", "b c");
        check_state(&graph("a -> b -> c"), &state, "result:success", "a");
    }
}
