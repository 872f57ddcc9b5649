//! The tables that are in the warehouse before a run: those that it reads and does not make, and those that it adds to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::datasource::empty::EmptyTable;

use crate::cli::prepare::{Loaded, Purpose};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::graph::Node;
use crate::ingest::{self, Contracts};
use crate::materialize::Existing;
use crate::parse::{NodeId, NodeKind};
use crate::plan::{self, Opened, Session};
use crate::warehouse::{Warehouse, own_columns};

/// What is there.
#[derive(Default)]
pub(super) struct There {
    /// Tables that wanted nodes read and that nothing in this run makes.
    pub(super) existing: BTreeMap<NodeId, Arc<dyn TableProvider>>,
    /// Tables that this run adds rows to.
    pub(super) growing: BTreeMap<NodeId, Arc<dyn TableProvider>>,
    /// What is known of their rows.
    pub(super) opened: Opened,
    /// What is missing.
    pub(super) problems: Diagnostics,
}

/// Where to look, and for what.
struct Looking<'a> {
    loaded: &'a Loaded,
    session: &'a Session,
    warehouse: &'a Warehouse,
    wanted: &'a BTreeSet<NodeId>,
    contracts: &'a Contracts,
    purpose: Purpose,
}

impl There {
    /// Looks for all that the wanted nodes need.
    pub(super) async fn find(
        loaded: &Loaded,
        session: &Session,
        warehouse: &Warehouse,
        wanted: &BTreeSet<NodeId>,
        purpose: Purpose,
    ) -> There {
        let (contracts, problems) = ingest::contracts(&loaded.graph, session, &loaded.project.invocation.target);
        let looking = Looking { loaded, session, warehouse, wanted, contracts: &contracts, purpose };
        let mut there = There { problems, ..There::default() };
        there.find_sources_of_the_warehouse(&looking).await;
        if purpose == Purpose::Run {
            there.find_existing(&looking).await;
            there.find_growing(&looking).await;
        }
        there
    }

    /// Opens a node's table, if there is one that can be trusted.
    async fn open(&mut self, looking: &Looking<'_>, node: &Node) -> Option<Arc<dyn TableProvider>> {
        let relation = &node.facts.relation;
        let (Existing::Table, Some(record)) = looking.warehouse.existing(relation).await else {
            return self.open_grown(looking, node).await;
        };
        let table = plan::existing_table(looking.session, looking.warehouse, relation, &record).await.ok()?;
        if let Some(identity) = record.identity {
            self.opened.add(&table, node.facts.input_name(), identity);
        }
        Some(table)
    }

    /// Opens the table that a source's files have been taken into, or one that Arrowmill keeps about itself.
    async fn open_grown(&mut self, looking: &Looking<'_>, node: &Node) -> Option<Arc<dyn TableProvider>> {
        if !matches!(node.facts.kind, NodeKind::Source(_)) {
            return None;
        }
        match plan::grown_table(looking.session, looking.warehouse, &node.facts.relation).await {
            Ok(found) => {
                let (table, identity) = found?;
                self.opened.add(&table, node.facts.input_name(), identity);
                Some(table)
            }
            Err(error) => {
                let words = format!("the table of {} can't be read: {error}", node.facts.display());
                self.problems.push(Diagnostic::error(Code::UnreadableSource, words).at(node.facts.span.clone()));
                None
            }
        }
    }

    /// Incremental tables that are there, and that this run adds rows to.
    async fn find_growing(&mut self, looking: &Looking<'_>) {
        let loaded = looking.loaded;
        for node in looking.wanted.iter().filter_map(|id| loaded.graph.get(id)) {
            let facts = &node.facts;
            let anew = facts.config.flag("full_refresh").unwrap_or(loaded.project.invocation.full_refresh);
            let grows = match facts.kind {
                NodeKind::Model => !anew && facts.materialized() == "incremental",
                NodeKind::Snapshot(_) => true,
                _ => false,
            };
            if grows && let Some(table) = self.open(looking, node).await {
                self.growing.insert(facts.id.clone(), table);
            }
        }
    }

    /// Tables that the wanted nodes read and that nothing in this run makes.
    async fn find_existing(&mut self, looking: &Looking<'_>) {
        let Looking { loaded, wanted, .. } = looking;
        let mut edge: Vec<(NodeId, NodeId)> = Vec::new();
        let parents = |id: &NodeId| loaded.graph.parents(id).to_vec();
        // A unit test brings its rows along.
        let reads =
            |id: &&NodeId| !loaded.graph.get(id).is_some_and(|it| matches!(it.facts.kind, NodeKind::UnitTest(_)));
        for id in wanted.iter().filter(reads) {
            edge.extend(parents(id).into_iter().map(|parent| (parent, id.clone())));
        }
        // Where only questions are asked, those that can't be are errors of their own, and the others are asked.
        let is_question = |it: &Node| matches!(it.facts.kind, NodeKind::Monitor(_) | NodeKind::Test(_));
        let only_questions = wanted.iter().all(|id| loaded.graph.get(id).is_some_and(is_question));
        let mut seen = BTreeSet::new();
        while let Some((id, reader)) = edge.pop() {
            let Some(node) = loaded.graph.get(&id) else { continue };
            let is_table = match node.facts.kind {
                NodeKind::Seed | NodeKind::Snapshot(_) => true,
                NodeKind::Model => !matches!(node.facts.materialized(), "view" | "ephemeral"),
                _ => false,
            };
            if wanted.contains(&id) || !seen.insert(id.clone()) {
                continue;
            }
            if !is_table {
                edge.extend(parents(&id).into_iter().map(|parent| (parent, id.clone())));
                continue;
            }
            match self.open(looking, node).await {
                Some(table) => drop(self.existing.insert(id, table)),
                None if only_questions => {}
                None => self.problems.push(not_there(loaded, &id, &reader)),
            }
        }
    }

    /// Sources that have no files of their own and that no seed makes, tables that some other project has put there; and
    /// those whose files are taken in.
    async fn find_sources_of_the_warehouse(&mut self, looking: &Looking<'_>) {
        for node in looking.loaded.graph.nodes() {
            let NodeKind::Source(facts) = &node.facts.kind else { continue };
            let has_files = facts.location.is_some();
            if has_files && facts.ingest.is_none() || !node.inputs.is_empty() {
                continue;
            }
            let mut table = self.open(looking, node).await;
            if table.is_none() && !has_files {
                // What a contract says is enough to plan with; and where nothing has been taken in, its log is empty.
                let contract = looking.contracts.get(&node.facts.id).filter(|_| looking.purpose.is_to_know());
                let schema = contract.map(|it| it.event_schema()).or_else(|| own_columns(&node.facts.relation));
                table = schema.map(|it| Arc::new(EmptyTable::new(it)) as Arc<dyn TableProvider>);
            }
            if let Some(table) = table {
                self.existing.insert(node.facts.id.clone(), table);
            }
        }
    }
}

fn not_there(loaded: &Loaded, id: &NodeId, reader: &NodeId) -> Diagnostic {
    let display = |id: &NodeId| loaded.graph.get(id).map(|it| it.facts.display()).unwrap_or_default();
    let name = loaded.graph.get(id).map(|it| it.facts.name.clone()).unwrap_or_default();
    let place = loaded.graph.get(reader).map(|it| it.facts.span.clone());
    Diagnostic::error(
        Code::UnknownRelation,
        format!("{} reads {}, which is not in the warehouse and not selected", display(reader), display(id)),
    )
    .at_if(place)
    .help(format!("run it first: `arrowmill run --select {name}`, or select it too"))
}
