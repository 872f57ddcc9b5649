//! The graph of a project for people and tools: what feeds what, with descriptions, columns, where these come from, and
//! their tests. Tests are facts about nodes here, not nodes. `lineage.json` is this type; Mermaid and DOT are drawings
//! of it. What is asked of single columns is answered by `trace`.

mod describe;
mod diff;
mod dot;
mod mermaid;
mod trace;

pub use diff::{LineageDiff, lineage_diff};
pub use trace::{Trace, trace};

use std::collections::BTreeMap;

use serde::Serialize;

use crate::artifacts::CatalogEntry;
use crate::graph::{Graph, Node};
use crate::lineage::{ColumnRef, Columns, Edge, Marks, NodeColumns, Relation, inherited_description, marks};
use crate::parse::{NodeFacts, NodeId, NodeKind, ParsedProject, ResourceType, TestForm};

/// The artifact. Nodes are sorted by id, edges by their ends.
#[derive(Debug, Clone, Serialize)]
pub struct Lineage {
    /// Who wrote it: `arrowmill 0.1.0`.
    pub generator: String,
    /// The root project's name.
    pub project: String,
    /// Models, seeds, sources and exposures.
    pub nodes: Vec<LineageNode>,
    /// What feeds what.
    pub edges: Vec<LineageEdge>,
}

/// A node.
#[derive(Debug, Clone, Serialize)]
pub struct LineageNode {
    /// dbt's `unique_id`.
    pub id: String,
    /// Its name; of sources, `source.table`.
    pub name: String,
    /// `model`, `seed`, `source` or `exposure`.
    #[serde(rename = "type")]
    pub resource_type: &'static str,
    /// Its package.
    pub package: String,
    /// The first folder below the folder of its kind: `staging`, `marts`, …
    pub layer: Option<String>,
    /// How it is made; `None` for what the project does not make.
    pub materialized: Option<String>,
    /// The file that defines it.
    pub path: String,
    /// The relation that it is; `None` for ephemeral models and exposures.
    pub relation: Option<String>,
    /// Markdown.
    pub description: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Columns: those that the relation has, else those that are described.
    pub columns: Vec<LineageColumn>,
    /// Columns that decide about its rows, and so about all of its columns.
    pub rows: Vec<LineageOrigin>,
    /// How its rows come about, or, of a seed, what its file holds: another one where they may be others.
    pub rows_digest: Option<String>,
    /// Tests of the node as a whole.
    pub tests: Vec<LineageTest>,
}

/// A column.
#[derive(Debug, Clone, Serialize)]
pub struct LineageColumn {
    /// Its name.
    pub name: String,
    /// Its type, where known.
    #[serde(rename = "type")]
    pub data_type: Option<String>,
    /// Markdown.
    pub description: String,
    /// The column that the description was written for, where it is another one whose values it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description_of: Option<DescribedColumn>,
    /// Tags and true keys of `meta`, its own and those of the columns that its values come from.
    pub carries: Vec<String>,
    /// Columns of other nodes that it comes from.
    pub origins: Vec<LineageOrigin>,
    /// What it holds that comes from no column: `literal`, `generated`.
    pub made: Vec<&'static str>,
    /// How its values are computed: another one where they may be others. `None` for what no query makes.
    pub digest: Option<String>,
    /// Tests of it.
    pub tests: Vec<LineageTest>,
}

/// A column that a description was written for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DescribedColumn {
    /// Id of its node.
    pub node: String,
    /// Its name.
    pub column: String,
}

impl DescribedColumn {
    fn of(column: &ColumnRef) -> Option<DescribedColumn> {
        match &column.relation {
            Relation::Node(id) => Some(DescribedColumn { node: id.to_string(), column: column.column.clone() }),
            Relation::Outside(_) => None,
        }
    }
}

/// A column that another one, or the rows of a relation, come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineageOrigin {
    /// Id of the node that it is of; `None` for a table or file that no node is of.
    pub node: Option<String>,
    /// The name that the query gives to what no node is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
    /// Its name.
    pub column: String,
    /// In what manner: a direct `copy`, `rename`, `transform`, `aggregate` or `window`, or an indirect `condition`,
    /// `filter`, `group`, `join`, `over` or `sort`.
    pub kind: &'static str,
}

impl LineageOrigin {
    fn new(edge: &Edge) -> LineageOrigin {
        let (node, relation) = match &edge.from.relation {
            Relation::Node(id) => (Some(id.to_string()), None),
            Relation::Outside(name) => (None, Some(name.clone())),
        };
        LineageOrigin { node, relation, column: edge.from.column.clone(), kind: edge.kind.as_str() }
    }
}

/// A test.
#[derive(Debug, Clone, Serialize)]
pub struct LineageTest {
    /// dbt's `unique_id`.
    pub id: String,
    /// What it asks, for people: `unique`, `in dim_users.user_id`.
    pub label: String,
}

/// That one node feeds another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LineageEdge {
    /// Id of what feeds.
    pub from: String,
    /// Id of what is fed.
    pub to: String,
}

/// The lineage of a project. Columns and types come from `catalog` where it knows the node, their origins from
/// `columns`; both may be empty.
pub fn lineage(project: &ParsedProject, graph: &Graph, catalog: &[CatalogEntry], columns: &Columns) -> Lineage {
    let known: BTreeMap<&NodeId, &CatalogEntry> = catalog.iter().map(|it| (&it.id, it)).collect();
    let shown: BTreeMap<&NodeId, &Node> =
        graph.nodes().filter(|it| is_shown(&it.facts)).map(|it| (&it.facts.id, it)).collect();
    let mut tests = tests_by_node(graph);
    let marks = marks(graph, columns);
    let nodes = shown.values().map(|node| {
        let id = &node.facts.id;
        let known =
            Known { entry: known.get(id).copied(), columns: columns.nodes.get(id), graph, all: columns, marks: &marks };
        lineage_node(&node.facts, &known, tests.remove(id).unwrap_or_default())
    });
    let nodes = nodes.collect();
    let edge = |from: &NodeId, to: &NodeId| LineageEdge { from: from.to_string(), to: to.to_string() };
    let mut edges: Vec<LineageEdge> = shown
        .values()
        .flat_map(|node| node.inputs.iter().filter(|it| shown.contains_key(it)).map(|it| edge(it, &node.facts.id)))
        .collect();
    edges.sort();
    Lineage {
        generator: concat!("arrowmill ", env!("CARGO_PKG_VERSION")).to_owned(),
        project: project.file.name.value.clone(),
        nodes,
        edges,
    }
}

fn is_shown(facts: &NodeFacts) -> bool {
    match facts.resource_type() {
        ResourceType::Exposure
        | ResourceType::Model
        | ResourceType::Seed
        | ResourceType::Snapshot
        | ResourceType::Source => true,
        ResourceType::Analysis
        | ResourceType::Function
        | ResourceType::Metric
        | ResourceType::Monitor
        | ResourceType::Operation
        | ResourceType::SavedQuery
        | ResourceType::SemanticModel
        | ResourceType::Test
        | ResourceType::UnitTest => false,
    }
}

/// Tests of one node: the column that each is of, and what it says.
type Tests = Vec<(Option<String>, LineageTest)>;

/// A generic test belongs to what it tests, a singular one to everything that it reads.
fn tests_by_node(graph: &Graph) -> BTreeMap<NodeId, Tests> {
    let mut all: BTreeMap<NodeId, Tests> = BTreeMap::new();
    for node in graph.nodes() {
        let NodeKind::Test(test) = &node.facts.kind else { continue };
        let entry = LineageTest { id: node.facts.id.to_string(), label: describe::test(&node.facts, test) };
        match &test.form {
            TestForm::Generic { column, .. } => {
                all.entry(node.tested.clone().unwrap_or_else(|| node.facts.id.clone()))
                    .or_default()
                    .push((column.clone(), entry));
            }
            TestForm::Singular => {
                for input in &node.inputs {
                    all.entry(input.clone()).or_default().push((None, entry.clone()));
                }
            }
        }
    }
    for tests in all.values_mut() {
        tests.sort_by(|(_, a), (_, b)| a.label.cmp(&b.label).then_with(|| a.id.cmp(&b.id)));
    }
    all
}

/// What is known of a node beside its facts.
struct Known<'a> {
    entry: Option<&'a CatalogEntry>,
    columns: Option<&'a NodeColumns>,
    graph: &'a Graph,
    all: &'a Columns,
    marks: &'a Marks,
}

fn lineage_node(facts: &NodeFacts, known: &Known<'_>, tests: Tests) -> LineageNode {
    let materialized = match &facts.kind {
        NodeKind::Model | NodeKind::Seed | NodeKind::Snapshot(_) => Some(facts.materialized().to_owned()),
        _ => None,
    };
    let has_relation = !facts.is_ephemeral() && !matches!(facts.kind, NodeKind::Exposure(_));
    let name = match &facts.kind {
        NodeKind::Source(source) => format!("{}.{}", source.source, facts.name),
        _ => facts.name.clone(),
    };
    let (of_columns, of_node): (Tests, Tests) = tests.into_iter().partition(|(column, _)| column.is_some());
    let mut columns = columns(facts, known);
    let mut rest = of_node;
    for (column, test) in of_columns {
        let place = columns.iter_mut().find(|it| column.as_deref().is_some_and(|name| same_name(name, &it.name)));
        match place {
            Some(place) => place.tests.push(test),
            None => rest.push((column, test)),
        }
    }
    LineageNode {
        id: facts.id.to_string(),
        name,
        resource_type: facts.resource_type().as_str(),
        package: facts.package.clone(),
        layer: describe::layer(facts),
        materialized,
        path: facts.path.clone(),
        relation: has_relation.then(|| facts.relation.to_string()),
        description: facts.description.clone(),
        tags: facts.config.tags().into_iter().map(str::to_owned).collect(),
        columns,
        rows_digest: match facts.kind {
            NodeKind::Seed => facts.checksum.clone(),
            _ => {
                let digest = known.columns.filter(|_| facts.can_be_read()).and_then(|it| it.rows_digest.as_ref());
                digest.map(ToString::to_string)
            }
        },
        rows: known.columns.into_iter().flat_map(|it| &it.rows).map(LineageOrigin::new).collect(),
        tests: rest.into_iter().map(|(_, test)| test).collect(),
    }
}

/// What the relation has, each with its description; without knowledge of it, what is described.
fn columns(facts: &NodeFacts, known: &Known<'_>) -> Vec<LineageColumn> {
    let described = |name: &str| facts.columns.iter().find(|it| same_name(&it.name, name));
    let is_made = matches!(facts.kind, NodeKind::Model | NodeKind::Snapshot(_));
    let column = |name: &str, data_type: Option<&str>| {
        let traced = known.columns.and_then(|it| it.column(name));
        let own = described(name).map(|it| it.description.as_str()).filter(|it| !it.trim().is_empty());
        let inherited = match own {
            Some(_) => None,
            None => inherited_description(known.graph, known.all, &facts.id, name),
        };
        let made = traced.map(|it| [(it.is_literal, "literal"), (it.is_generated, "generated")]);
        LineageColumn {
            name: name.to_owned(),
            data_type: data_type.map(str::to_owned),
            description: own.or(inherited.as_ref().map(|(it, _)| *it)).unwrap_or_default().to_owned(),
            description_of: inherited.and_then(|(_, from)| DescribedColumn::of(&from)),
            carries: known.marks.of(&facts.id, name).into_iter().map(str::to_owned).collect(),
            origins: traced.into_iter().flat_map(|it| &it.edges).map(LineageOrigin::new).collect(),
            digest: traced.filter(|_| is_made).and_then(|it| it.digest.as_ref()).map(ToString::to_string),
            made: made.into_iter().flatten().filter(|(is, _)| *is).map(|(_, it)| it).collect(),
            tests: Vec::new(),
        }
    };
    match (known.entry.filter(|it| !it.columns.is_empty()), known.columns) {
        (Some(entry), _) => entry.columns.iter().map(|(name, it)| column(name, Some(it))).collect(),
        // An ephemeral model has columns and no relation.
        (None, Some(traced)) => traced.columns.iter().map(|it| column(&it.name, None)).collect(),
        (None, None) => {
            let declared =
                |it: &crate::parse::Column| column(&it.name, it.data_type.as_ref().map(|(it, _)| it.as_str()));
            facts.columns.iter().map(declared).collect()
        }
    }
}

fn same_name(a: &str, b: &str) -> bool {
    a.trim_matches('"').eq_ignore_ascii_case(b.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::artifacts::CatalogKind;
    use crate::jinja::RelationName;
    use crate::lineage::Kind;

    #[test]
    fn nodes_edges_and_tests() {
        let (project, graph) = crate::artifacts::tests::project();
        let lineage = lineage(&project, &graph, &[], &Columns::default());
        let names: Vec<&str> = lineage.nodes.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["weekly", "fct_orders", "stg_orders", "countries", "raw.orders"]);
        let edges: Vec<String> = lineage.edges.iter().map(|it| format!("{} > {}", it.from, it.to)).collect();
        assert_eq!(
            edges,
            [
                "model.shop.fct_orders > exposure.shop.weekly",
                "model.shop.stg_orders > model.shop.fct_orders",
                "source.shop.raw.orders > model.shop.stg_orders",
            ]
        );
        let fact = &lineage.nodes[1];
        assert_eq!((fact.layer.as_deref(), fact.materialized.as_deref()), (Some("marts"), Some("table")));
        let labels: Vec<&str> = fact.columns[0].tests.iter().map(|it| it.label.as_str()).collect();
        assert_eq!(labels, ["not null", "unique"]);
        assert_eq!(fact.tests[0].label, "no_orders_below_zero");
    }

    #[test]
    fn the_catalog_knows_columns_better() {
        let (project, graph) = crate::artifacts::tests::project();
        let entry = CatalogEntry {
            id: NodeId::new("model.shop.fct_orders"),
            kind: CatalogKind::Table,
            relation: RelationName::new("warehouse", "main", "fct_orders"),
            columns: vec![("ID".into(), "Int64".into()), ("extra".into(), "Utf8".into())],
            comment: None,
            column_comments: BTreeMap::new(),
            rows: None,
            bytes: None,
            is_source: false,
        };
        let lineage = lineage(&project, &graph, &[entry], &Columns::default());
        let columns = &lineage.nodes[1].columns;
        assert_eq!((columns[0].description.as_str(), columns[0].tests.len()), ("Key.", 2));
        assert_eq!(columns[1].data_type.as_deref(), Some("Utf8"));
    }
    #[test]
    fn a_copied_column_is_described_as_its_origin() {
        let (project, graph) = crate::artifacts::tests::project();
        let copy = |of: &str| {
            let from =
                ColumnRef { relation: Relation::Node(NodeId::new("model.shop.fct_orders")), column: of.to_owned() };
            BTreeSet::from([Edge { from, kind: Kind::Rename }])
        };
        let column = |name: &str, edges| crate::lineage::Column { edges, ..crate::lineage::Column::root(name) };
        let copies = NodeColumns {
            columns: vec![column("order_id", copy("id")), column("other", copy("nothing"))],
            ..NodeColumns::default()
        };
        let columns = Columns { nodes: BTreeMap::from([(NodeId::new("model.shop.stg_orders"), copies)]) };
        let lineage = lineage(&project, &graph, &[], &columns);
        let columns = &lineage.nodes[2].columns;
        let described = columns[0].description_of.as_ref().map(|it| (it.node.as_str(), it.column.as_str()));
        assert_eq!((columns[0].description.as_str(), described), ("Key.", Some(("model.shop.fct_orders", "id"))));
        assert_eq!((columns[1].description.as_str(), columns[1].description_of.as_ref()), ("", None));
    }
}
