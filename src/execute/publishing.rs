//! When what a run has made is put in place: at once, when its audits have passed, or all of it at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::execute::audits::Audits;
use crate::graph::Graph;
use crate::jinja::RelationName;
use crate::parse::NodeId;
use crate::warehouse::{Change, Record, Staged, StorageError, Warehouse};

/// When relations are put in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Publish {
    /// Each as soon as it is made, as in dbt.
    Always,
    /// Each when the tests that audit it have passed.
    #[default]
    Audited,
    /// All together at the end, and none of them when something has failed.
    Run,
}

/// What a run has made and not yet put in place.
pub struct Publishing {
    when: Publish,
    audited: BTreeSet<NodeId>,
    held: Mutex<BTreeMap<NodeId, Vec<Change>>>,
    /// There is one journal, and nodes may be put in place side by side.
    one_journal: tokio::sync::Mutex<()>,
}

impl Publishing {
    /// For a run of the chosen nodes.
    pub fn new(when: Publish, graph: &Graph, chosen: &[NodeId]) -> Publishing {
        let audits = Publishing::audits_of(when, graph, chosen);
        let audited = chosen.iter().filter(|it| audits.holds(it)).cloned().collect();
        Publishing { when, audited, held: Mutex::default(), one_journal: tokio::sync::Mutex::default() }
    }

    /// What waits for which tests. Where relations are put in place at once or at the end, tests run as in dbt.
    pub(super) fn audits(&self, graph: &Graph, chosen: &[NodeId]) -> Audits {
        Publishing::audits_of(self.when, graph, chosen)
    }

    fn audits_of(when: Publish, graph: &Graph, chosen: &[NodeId]) -> Audits {
        match when {
            Publish::Audited => Audits::of(graph, &chosen.iter().cloned().collect()),
            Publish::Always | Publish::Run => Audits::default(),
        }
    }

    /// Whether a relation that is made is not published at once.
    pub(super) fn holds(&self, id: &NodeId) -> bool {
        match self.when {
            Publish::Always => false,
            Publish::Audited => self.audited.contains(id),
            Publish::Run => true,
        }
    }

    /// Keeps changes until they are due together, the node's own one first.
    pub(super) fn hold(&self, id: &NodeId, changes: Vec<Change>) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), changes);
    }

    fn take(&self, id: &NodeId) -> Option<Vec<Change>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(id)
    }

    /// The nodes that wait.
    pub(super) fn waiting(&self) -> Vec<NodeId> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Puts changes in place that belong together.
    pub(super) async fn put_in_place(&self, warehouse: &Warehouse, changes: &[Change]) -> Result<(), StorageError> {
        match changes {
            [one] => warehouse.put_in_place(one).await,
            several => {
                let _only = self.one_journal.lock().await;
                warehouse.put_all_in_place(several).await
            }
        }
    }

    /// Puts those of one node in place. Gives the relations.
    pub(super) async fn publish(&self, warehouse: &Warehouse, id: &NodeId) -> Result<Vec<RelationName>, StorageError> {
        let changes = self.take(id).unwrap_or_default();
        self.put_in_place(warehouse, &changes).await?;
        Ok(changes.iter().map(|it| it.relation().clone()).collect())
    }

    /// Puts all in place, so that a process that is killed meanwhile leaves what the next one completes.
    pub(super) async fn publish_all(&self, warehouse: &Warehouse) -> Result<Vec<RelationName>, StorageError> {
        let all = std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner));
        let changes: Vec<Change> = all.into_values().flatten().collect();
        self.put_in_place(warehouse, &changes).await?;
        Ok(changes.iter().map(|it| it.relation().clone()).collect())
    }

    /// Lays one aside, where it can be looked at. Gives whether there was one.
    pub(super) async fn refuse(&self, warehouse: &Warehouse, id: &NodeId) -> bool {
        let Some(changes) = self.take(id) else { return false };
        if let Some(change) = changes.first() {
            // Who can't look at it has still been told.
            let _ = warehouse.lay_aside(change).await;
        }
        true
    }
}

/// A table that is written and not in place.
pub(super) fn table(staged: Staged, record: Record) -> Change {
    Change::Table { staged: staged.path.to_string(), relation: staged.relation, record }
}
