//! What the hooks of a node refer to, which the node then depends on. They are rendered again when they are due.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, SourceText, Span};
use crate::jinja::{Captured, Scope, Templates};
use crate::parse::{NodeFacts, NodeKind};
use crate::project::{Config, Json};

/// References of all hooks in a configuration. What is wrong with a hook is said when it runs.
pub(super) fn references(config: &Config, templates: &Templates, scope: impl Fn() -> Scope) -> Captured {
    let scope = Arc::new(scope());
    for key in ["pre_hook", "post_hook"] {
        for hook in config.get(key).and_then(Json::as_array).into_iter().flatten() {
            let text = hook.as_str().or_else(|| hook.get("sql").and_then(Json::as_str)).unwrap_or_default();
            if text.contains("{{") || text.contains("{%") {
                let _ = templates.render_text(&SourceText::new(key, text), &scope);
            }
        }
    }
    scope.captured().clone()
}

/// A seed that depends on something would have to wait for it; dbt refuses that, too.
pub(super) fn of_seed(facts: &NodeFacts, captured: &Captured, place: &Span) -> Option<Diagnostic> {
    let depends = !captured.refs.is_empty() || !captured.sources.is_empty() || !captured.functions.is_empty();
    (matches!(facts.kind, NodeKind::Seed) && depends).then(|| {
        Diagnostic::error(
            Code::Unsupported,
            format!("Seeds cannot depend on other nodes: {} has a hook that does", facts.display()),
        )
        .at(place.clone())
        .help("write the statement as a hook of a model, or in `on-run-end`")
    })
}
