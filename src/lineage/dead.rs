//! Columns that nothing in the project reads: no model, snapshot or analysis takes their values or decides by them, and
//! no test asks about them. Of models that are read at all: what a last model gives is for others.

use std::collections::BTreeSet;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::graph::{Graph, Node};
use crate::lineage::{ColumnRef, Columns, NodeColumns, Relation};
use crate::parse::{NodeId, NodeKind};
use crate::project::Json;

/// Columns named at most; the rest is counted.
const MOST_NAMED: usize = 8;

/// The dead columns of these models, one finding for each model. `text` is the SQL of a test, where it is known.
pub fn dead_columns(
    graph: &Graph,
    columns: &Columns,
    text: &dyn Fn(&NodeId) -> Option<String>,
    wanted: &dyn Fn(&NodeId) -> bool,
) -> Diagnostics {
    let mut live: BTreeSet<ColumnRef> = BTreeSet::new();
    let mut found = Vec::new();
    let nodes: Vec<&Node> = graph.nodes().collect();
    // Readers come first, so that what only a dead column reads is dead too.
    for node in nodes.into_iter().rev() {
        let Some(own) = columns.nodes.get(&node.facts.id) else { continue };
        let readers = Readers::of(node, graph, columns, text);
        let relation = Relation::Node(node.facts.id.clone());
        let mut dead = Vec::new();
        for column in &own.columns {
            let reference = ColumnRef { relation: relation.clone(), column: column.name.clone() };
            if readers.read(&column.name) || live.contains(&reference.folded()) {
                live.extend(column.edges.iter().map(|it| it.from.folded()));
            } else {
                dead.push(column.name.as_str());
            }
        }
        live.extend(own.rows.iter().map(|it| it.from.folded()));
        if !dead.is_empty() && wanted(&node.facts.id) && matches!(node.facts.kind, NodeKind::Model) {
            found.push(finding(node, own, &dead));
        }
    }
    found.into_iter().rev().collect()
}

/// Who reads a node otherwise than by its lineage.
enum Readers {
    /// Nobody knows what of it they read, or they are not in the project.
    OfAll,
    /// Whoever has these words in a text.
    OfWords(BTreeSet<String>),
}

impl Readers {
    fn of(node: &Node, graph: &Graph, columns: &Columns, text: &dyn Fn(&NodeId) -> Option<String>) -> Readers {
        let config = &node.facts.config;
        let is_promised = config.get("contract").and_then(|it| it.get("enforced")).and_then(Json::as_bool)
            == Some(true)
            || config.text("access") == Some("public");
        let mut is_read = false;
        // Keys, sort orders and hooks name columns.
        let mut words: BTreeSet<String> = config.iter().flat_map(|(_, value)| words(&value.to_string())).collect();
        for child in graph.children(&node.facts.id).iter().filter_map(|it| graph.get(it)) {
            match child.facts.kind {
                NodeKind::Model | NodeKind::Snapshot(_) | NodeKind::Analysis => {
                    is_read = true;
                    if !columns.nodes.contains_key(&child.facts.id) {
                        return Readers::OfAll;
                    }
                }
                NodeKind::Test(_) => match text(&child.facts.id) {
                    Some(sql) => words.extend(self::words(&sql)),
                    None => return Readers::OfAll,
                },
                NodeKind::UnitTest(_) => {}
                NodeKind::Exposure(_)
                | NodeKind::Function(_)
                | NodeKind::Metric(_)
                | NodeKind::Monitor(_)
                | NodeKind::Operation(_)
                | NodeKind::SavedQuery(_)
                | NodeKind::Seed
                | NodeKind::SemanticModel(_)
                | NodeKind::Source(_) => return Readers::OfAll,
            }
        }
        if is_promised || !is_read { Readers::OfAll } else { Readers::OfWords(words) }
    }

    fn read(&self, column: &str) -> bool {
        match self {
            Readers::OfAll => true,
            Readers::OfWords(words) => words.contains(&column.to_lowercase()),
        }
    }
}

/// The words of a text, in small letters.
fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|it: char| !it.is_alphanumeric() && it != '_').filter(|it| !it.is_empty());
    words.map(str::to_lowercase).collect()
}

fn finding(node: &Node, own: &NodeColumns, dead: &[&str]) -> Diagnostic {
    let named = dead.iter().take(MOST_NAMED).map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    let more = dead.len().checked_sub(MOST_NAMED).filter(|it| *it > 0).map(|it| format!(" and {it} more"));
    let more = more.unwrap_or_default();
    let described = |name: &&str| node.facts.columns.iter().find(|it| it.is_called(name));
    let place: Option<Span> = dead.first().and_then(described).map(|it| it.span.clone());
    let words = format!("{}: nothing in the project reads {named}{more}", node.facts.display());
    Diagnostic::warning(Code::DeadColumn, words)
        .at(place.unwrap_or_else(|| node.facts.span.clone()))
        .note(format!("{} of its {} columns are read by nothing", dead.len(), own.columns.len()))
        .help("leave them out; or name in an exposure who reads the model, or make it `access: public`")
}
