//! Inputs that say which of their columns their time is, and of which only the rows of some time are read: those of a
//! batch, or of a sample. <https://docs.getdbt.com/reference/resource-configs/event-time>

use chrono::{DateTime, Utc};

use crate::graph::Node;
use crate::jinja::{RelationName, TimeSpan};
use crate::parse::{NodeFacts, NodeKind};
use crate::plan::project::Scope;

/// The conditions that a sample puts on the inputs of a model or snapshot.
pub(super) fn sampled(scope: &Scope<'_>, node: &Node) -> Vec<(RelationName, String)> {
    let samples = matches!(node.facts.kind, NodeKind::Model | NodeKind::Snapshot(_));
    let sample = scope.project.invocation.excerpt.sample.filter(|_| samples);
    sample.map(|span| conditions(scope, node, span)).unwrap_or_default()
}

/// The conditions that keep the rows of a node's inputs to a time.
pub(super) fn conditions(scope: &Scope<'_>, node: &Node, span: TimeSpan) -> Vec<(RelationName, String)> {
    let inputs = node.inputs.iter().filter_map(|it| scope.graph.get(it));
    let condition = |it: &Node| {
        let name = match it.facts.is_ephemeral() {
            true => RelationName::new("", "", it.facts.expression_name()),
            false => it.facts.relation.clone(),
        };
        Some((name, within(&column(&it.facts)?, span)))
    };
    inputs.filter_map(condition).collect()
}

/// The part of a batch that a sample takes of it.
pub(super) fn both(batch: TimeSpan, sample: Option<TimeSpan>) -> TimeSpan {
    sample.map_or(batch, |it| (batch.0.max(it.0), batch.1.min(it.1)))
}

/// A relation's column of time as SQL names it: quoted where its properties say so.
fn column(facts: &NodeFacts) -> Option<String> {
    let name = facts.config.text("event_time")?;
    let described = facts.columns.iter().find(|it| it.name == name).and_then(|it| it.quote);
    let of_all = || facts.config.get("quoting").and_then(|it| it.get("column")).and_then(serde_json::Value::as_bool);
    let is_quoted = described.or_else(of_all).unwrap_or(false);
    Some(if is_quoted { format!("\"{}\"", name.replace('"', "\"\"")) } else { name.to_owned() })
}

/// That a column's time lies in a span.
pub(super) fn within(column: &str, (start, end): TimeSpan) -> String {
    let literal = |it: DateTime<Utc>| format!("cast('{}' as timestamp)", it.format("%Y-%m-%d %H:%M:%S%.f"));
    format!("{column} >= {} and {column} < {}", literal(start), literal(end))
}
