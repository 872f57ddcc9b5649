//! From the project's plans to the lineage of its columns. What comes out knows no engine: see `crate::lineage`.
//!
//! A plan is read after its analysis, where every name is settled, and before its optimisation, where everything is
//! still where the user wrote it. Of a table that grows it is the plan of the rows that come to it.

mod casts;
mod expressions;
mod trace;
mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use datafusion::common::TableReference;
use datafusion::logical_expr::LogicalPlan;

use crate::graph::{Graph, Node};
use crate::jinja::RelationName;
use crate::lineage::{Column, ColumnRef, Columns, Edge, Kind, NodeColumns, Relation};
use crate::parse::{NodeId, NodeKind};
use crate::plan::fingerprint::meaning;
use crate::plan::lineage::trace::Tracer;
use crate::plan::lineage::value::Flow;
use crate::plan::project::ProjectPlan;
use crate::plan::side_by_side::side_by_side;
use crate::project::Target;

/// The lineage of everything that is planned. An ephemeral model is a node like the others: edges end at it, and its own
/// lead on.
pub fn column_lineage(plan: &ProjectPlan, graph: &Graph, target: &Target) -> Columns {
    let names = Names::of(graph, target);
    let nodes: Vec<&Node> = graph.nodes().collect();
    let traced = side_by_side(&nodes, |node| node_lineage(plan, graph, &names, node));
    let known = traced.into_iter().filter_map(|(node, it)| Some((node.facts.id.clone(), it?)));
    Columns { nodes: known.collect() }
}

fn node_lineage(plan: &ProjectPlan, graph: &Graph, names: &Names<'_>, node: &Node) -> Option<NodeColumns> {
    let id = &node.facts.id;
    match node.facts.kind {
        NodeKind::Source(_) => {
            let schema = plan.sources.get(id)?;
            let mut lineage = NodeColumns::root(schema.fields().iter().map(|it| it.name().as_str()));
            // A source that a seed makes.
            for seed in node.inputs.iter().filter(|it| graph.get(it).is_some()) {
                for column in &mut lineage.columns {
                    let from = ColumnRef { relation: Relation::Node(seed.clone()), column: column.name.clone() };
                    column.edges.insert(Edge { from, kind: Kind::Copy });
                }
            }
            Some(lineage)
        }
        NodeKind::Seed => {
            Some(NodeColumns::root(plan.models.get(id)?.schema.fields().iter().map(|it| it.name().as_str())))
        }
        NodeKind::Model | NodeKind::Snapshot(_) | NodeKind::Analysis => {
            let relation = |table: &TableReference| names.relation(table, node);
            Some(of_plan(&plan.models.get(id)?.arriving, &relation))
        }
        _ => None,
    }
}

/// The lineage of one plan. `relation` says what the names of its tables mean.
fn of_plan(plan: &LogicalPlan, relation: &dyn Fn(&TableReference) -> Relation) -> NodeColumns {
    let mut tracer = Tracer::new(relation);
    let traced = tracer.plan(plan);
    let meaning = meaning(plan, &|table| relation(table).to_string());
    let from = |leaf| {
        let (relation, column) = tracer.tables.name(leaf)?;
        Some(ColumnRef { relation: relation.clone(), column: column.to_owned() })
    };
    let columns = plan.schema().fields().iter().zip(&traced.columns).enumerate().map(|(at, (field, value))| {
        let edge = |(leaf, flow): &(value::Leaf, Flow)| {
            let from = from(*leaf)?;
            let kind = kind(*flow, &from.column, field.name());
            Some(Edge { from, kind })
        };
        Column {
            name: field.name().clone(),
            edges: value.edges.iter().filter(|it| says_more(value, it)).filter_map(edge).collect(),
            is_literal: value.literal,
            is_generated: value.generated,
            digest: meaning.as_ref().and_then(|it| it.columns.get(at)).cloned(),
        }
    });
    let rows =
        traced.rows.iter().filter_map(|(leaf, flow)| Some(Edge { from: from(*leaf)?, kind: kind(*flow, "", "") }));
    NodeColumns {
        columns: columns.collect(),
        rows: rows.collect(),
        rows_digest: meaning.as_ref().map(|it| it.rows.clone()),
    }
}

/// Functions and casts of a dialect are often a `case` or a `filter` over what they compute with. That a column decides
/// about values that come from itself is not worth an edge.
fn says_more(value: &value::Value, (leaf, flow): &(value::Leaf, Flow)) -> bool {
    let decides = matches!(flow, Flow::Condition | Flow::Filter);
    !decides || !value.edges.iter().any(|(it, flow)| it == leaf && flow.is_direct())
}

/// A flow's kind between columns of these names.
fn kind(flow: Flow, from: &str, to: &str) -> Kind {
    match flow {
        Flow::Identity if from.eq_ignore_ascii_case(to) => Kind::Copy,
        Flow::Identity => Kind::Rename,
        Flow::Transform => Kind::Transform,
        Flow::Window => Kind::Window,
        Flow::Aggregate => Kind::Aggregate,
        Flow::Condition => Kind::Condition,
        Flow::Filter => Kind::Filter,
        Flow::Group => Kind::Group,
        Flow::Join => Kind::Join,
        Flow::Over => Kind::Over,
        Flow::Sort => Kind::Sort,
    }
}

/// Which nodes are behind the names of tables.
struct Names<'a> {
    target: &'a Target,
    nodes: BTreeMap<String, Vec<&'a NodeId>>,
}

impl<'a> Names<'a> {
    fn of(graph: &'a Graph, target: &'a Target) -> Names<'a> {
        let mut nodes: BTreeMap<String, Vec<&NodeId>> = BTreeMap::new();
        for node in graph.nodes() {
            let facts = &node.facts;
            let name = match facts.kind {
                NodeKind::Model if facts.is_ephemeral() => facts.expression_name(),
                NodeKind::Model | NodeKind::Seed | NodeKind::Snapshot(_) | NodeKind::Source(_) => key(&facts.relation),
                _ => continue,
            };
            nodes.entry(name.to_lowercase()).or_default().push(&facts.id);
        }
        Names { target, nodes }
    }

    /// As the planner resolves it. A source and the seed that makes it have one name: the one that the reader refers to.
    fn relation(&self, table: &TableReference, reader: &Node) -> Relation {
        let full = RelationName::new(
            table.catalog().unwrap_or(&self.target.database),
            table.schema().unwrap_or(&self.target.schema),
            table.table(),
        );
        let bare = (table.schema().is_none()).then(|| self.nodes.get(&table.table().to_lowercase())).flatten();
        let candidates = bare.or_else(|| self.nodes.get(&key(&full).to_lowercase()));
        let is_input = |it: &&&NodeId| reader.inputs.contains(it);
        let found = candidates.and_then(|it| it.iter().find(is_input).or(it.first()));
        found.map_or_else(|| Relation::Outside(table.to_string()), |it| Relation::Node((*it).clone()))
    }
}

fn key(relation: &RelationName) -> String {
    format!("{}\u{1}{}\u{1}{}", relation.database, relation.schema, relation.identifier)
}
