//! `state:modified`, `state:new`, `state:modified.body`, …: nodes by what has changed since an earlier state, which
//! `--state` names.

use crate::diagnostics::{Code, Diagnostic, closest};
use crate::graph::Node;
use crate::project::Json;
use crate::select::Surroundings;
use crate::select::methods::{Method, Wanted};

const KNOWN: &[&str] = &[
    "modified",
    "modified.body",
    "modified.configs",
    "modified.contract",
    "modified.macros",
    "modified.persisted_descriptions",
    "modified.relation",
    "new",
    "old",
    "unmodified",
];

#[derive(Debug)]
pub(super) struct State;

impl Method for State {
    fn name(&self) -> &'static str {
        "state"
    }

    fn check(&self, wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
        if KNOWN.contains(&wanted.value) {
            return Ok(());
        }
        Err(Diagnostic::error(Code::BadSelector, format!("there is no state `{}`", wanted.value))
            .help_if(closest(wanted.value, KNOWN.iter().copied()), |it| format!("did you mean `{it}`?"))
            .note(format!("there are {}", KNOWN.join(", "))))
    }

    fn missing(&self, surroundings: &Surroundings<'_>) -> Option<Diagnostic> {
        missing(surroundings, "manifest.json", |it| &it.before)
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, surroundings: &Surroundings<'_>) -> bool {
        surroundings.state.is_some_and(|state| state.is(wanted.value, node.facts.id.as_str()))
    }

    fn values(&self, _: &Wanted<'_>, _: &Node, _: &Surroundings<'_>) -> Vec<String> {
        Vec::new()
    }
}

/// That there is no state to compare with, or that it lacks a file.
pub(super) fn missing(
    surroundings: &Surroundings<'_>,
    file: &str,
    part: impl Fn(&crate::select::State) -> &Json,
) -> Option<Diagnostic> {
    match surroundings.state {
        None => Some(
            Diagnostic::error(Code::BadSelector, "there is no earlier state to compare with")
                .help("name the folder of an earlier run's artifacts with `--state`"),
        ),
        Some(state) if part(state).is_null() => {
            Some(Diagnostic::error(Code::BadSelector, format!("there is no `{file}` in the state `{}`", state.folder)))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::select::State;
    use crate::select::tests::{check_refused, check_state, graph, refused_state};

    #[test]
    fn nodes_by_their_state() {
        let entry = |body: &str| json!({"resource_type": "model", "raw_code": body});
        let before = json!({"nodes": {"shop.a": entry("1"), "shop.b": entry("2")}});
        let now = json!({"nodes": {"shop.a": entry("1"), "shop.b": entry("3"), "shop.c": entry("4")}});
        let state = State::new("old".into(), before, now);
        let graph = graph("a -> b -> c");
        check_state(&graph, &state, "state:new", "c");
        check_state(&graph, &state, "state:modified", "b c");
        check_state(&graph, &state, "1+state:modified,state:old", "a b");
    }

    #[test]
    fn mistakes() {
        check_refused("state:modifed", "state:modifed", "did you mean `modified`?");
        assert!(refused_state(&graph("a"), None, "state:new").contains("--state"));
        let empty = State::new("old".into(), json!(null), json!({}));
        assert!(
            refused_state(&graph("a"), Some(&empty), "state:new").contains("no `manifest.json` in the state `old`")
        );
    }
}
