//! Models that may not carry some marks: `meta: {may_not_carry: [pii]}`, of one model or of a folder, as all
//! configuration. A column that such a mark reaches is a mistake of the project.

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::graph::{Graph, Node};
use crate::lineage::marks::find;
use crate::lineage::{Columns, Relation, marks};
use crate::parse::{NodeId, NodeKind};
use crate::project::Json;

/// The key of a node's `meta`.
const KEY: &str = "may_not_carry";

/// Whether any node has a policy: only then is there something to look for.
pub fn has_policies(graph: &Graph) -> bool {
    graph.nodes().any(|it| !forbidden_marks(it).is_empty())
}

/// The columns of these nodes that carry what they may not, each at its place, with the way that it came.
pub fn forbidden(graph: &Graph, columns: &Columns, wanted: &dyn Fn(&NodeId) -> bool) -> Diagnostics {
    let marks = marks(graph, columns);
    let mut found = Diagnostics::new();
    for node in graph.nodes().filter(|it| wanted(&it.facts.id)) {
        let forbidden = forbidden_marks(node);
        let Some(lineage) = columns.nodes.get(&node.facts.id).filter(|_| !forbidden.is_empty()) else { continue };
        for column in &lineage.columns {
            for mark in marks.of(&node.facts.id, &column.name) {
                if forbidden.contains(&mark) {
                    let way = marks.way(&node.facts.id, &column.name, mark);
                    found.push(finding(graph, node, &column.name, mark, &way));
                }
            }
        }
    }
    found
}

/// What a node may not carry.
fn forbidden_marks(node: &Node) -> Vec<&str> {
    if !matches!(node.facts.kind, NodeKind::Model | NodeKind::Seed | NodeKind::Snapshot(_)) {
        return Vec::new();
    }
    match node.facts.config.get("meta").and_then(|it| it.get(KEY)) {
        Some(Json::String(mark)) => vec![mark.as_str()],
        Some(Json::Array(marks)) => marks.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

type Way = [(crate::lineage::ColumnRef, Option<crate::lineage::Kind>)];

fn finding(graph: &Graph, node: &Node, column: &str, mark: &str, way: &Way) -> Diagnostic {
    let who = node.facts.display();
    let words = format!("column `{column}` of {who} carries `{mark}`, which {who} may not");
    let name = |id: &NodeId| graph.get(id).map(|it| it.facts.display()).unwrap_or_default();
    let step = |(place, kind): &(crate::lineage::ColumnRef, Option<crate::lineage::Kind>)| {
        let Relation::Node(id) = &place.relation else { return String::new() };
        let manner = kind.map(|it| format!(", {}", manner(it))).unwrap_or_default();
        format!("`{}` of {}{manner}", place.column, name(id))
    };
    let mut finding = Diagnostic::error(Code::ForbiddenColumn, words).at(place(node, column));
    if let [(first, _), _, ..] = way
        && let Relation::Node(id) = &first.relation
        && let Some(marked) = graph.get(id).and_then(|it| find(&it.facts, &first.column))
    {
        finding = finding.related(marked.span.clone(), format!("`{mark}` begins here"));
        finding = finding.note(format!("the way: {}", way.iter().map(step).collect::<Vec<_>>().join(" → ")));
    }
    if let Some(span) = node.facts.config.place("meta") {
        finding = finding.related(span, format!("`{KEY}` is said here"));
    }
    finding
        .help("leave the column out")
        .help(format!("where its values tell no more than they may, say `meta: {{{mark}: false}}` of the column"))
}

/// How a value goes on from a column.
fn manner(kind: crate::lineage::Kind) -> &'static str {
    use crate::lineage::Kind;
    match kind {
        Kind::Copy => "copied",
        Kind::Rename => "renamed",
        Kind::Aggregate => "aggregated",
        Kind::Window => "read by a window",
        _ => "computed with",
    }
}

/// Where the column is described, else where its name stands last in the model's text, else the model.
fn place(node: &Node, column: &str) -> Span {
    if let Some(described) = find(&node.facts, column) {
        return described.span.clone();
    }
    let text = &node.facts.source.text;
    let is_word = |it: char| it.is_alphanumeric() || it == '_';
    let alone = |start: usize| !text[..start].ends_with(is_word) && !text[start + column.len()..].starts_with(is_word);
    let last = text.rmatch_indices(column).map(|(start, _)| start).find(|start| alone(*start));
    match last.filter(|_| !column.is_empty() && matches!(node.facts.kind, NodeKind::Model)) {
        Some(start) => Span::new(&node.facts.source, start..start + column.len()),
        None => node.facts.span.clone(),
    }
}
