//! The node that a name on the command line means.

use crate::cli::prepare::Loaded;
use crate::cli::{Settings, Stop, prepare};
use crate::diagnostics::closest;
use crate::graph::Node;
use crate::parse::NodeKind;

/// Nodes whose relation has columns.
pub(super) fn has_columns(node: &Node) -> bool {
    node.facts.can_be_read() || matches!(node.facts.kind, NodeKind::Source(_))
}

/// The node of this name, among some: its own name, `orders.v2`, `source.table` or its id.
pub(super) fn find<'a>(loaded: &'a Loaded, name: &str, among: fn(&Node) -> bool) -> Option<&'a Node> {
    loaded.graph.nodes().filter(|it| among(it)).find(|it| is_called(it, name))
}

/// The name that was meant instead, as the end of a sentence; nothing where none is near.
pub(super) fn meant(loaded: &Loaded, names: &[&str], among: fn(&Node) -> bool) -> String {
    let known: Vec<String> = loaded.graph.nodes().filter(|it| among(it)).map(known_as).collect();
    let near = names.iter().find_map(|name| closest(name, known.iter().map(String::as_str)));
    near.map(|it| format!("; did you mean `{it}`?")).unwrap_or_default()
}

/// A model, seed or snapshot. What is wrong elsewhere in the project is no matter, unless it may be why there is none.
pub(super) fn relation<'a>(settings: &Settings, loaded: &'a mut Loaded, name: &str) -> Result<&'a Node, Stop> {
    let can_be_read = |it: &Node| it.facts.can_be_read();
    if find(loaded, name, can_be_read).is_none() {
        prepare::report(settings, std::mem::take(&mut loaded.found))?;
    }
    let loaded: &'a Loaded = loaded;
    find(loaded, name, can_be_read).ok_or_else(|| {
        Stop::Outside(format!("there is no model, seed or snapshot `{name}`{}", meant(loaded, &[name], can_be_read)))
    })
}

/// Its name, with its version or its source's name.
fn known_as(node: &Node) -> String {
    match &node.facts.kind {
        NodeKind::Source(source) => format!("{}.{}", source.source, node.facts.name),
        _ => node.facts.full_name(),
    }
}

fn is_called(node: &Node, name: &str) -> bool {
    let is_plain =
        node.facts.name == name && node.facts.model.version.as_ref().is_none_or(|_| node.facts.model.is_latest());
    let is_source = matches!(node.facts.kind, NodeKind::Source(_));
    node.facts.id.as_str() == name || known_as(node) == name || (is_plain && !is_source)
}
