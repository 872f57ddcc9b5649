//! What a run need not do: whether a relation is what it would be, and whether a test would say what it said.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::catalog::TableProvider;
use datafusion::logical_expr::LogicalPlan;

use crate::execute::tables::Tables;
use crate::graph::Node;
use crate::jinja::RelationName;
use crate::materialize::Existing;
use crate::parse::NodeId;
use crate::plan::{AskedPlan, Known, Opened, made_of};
use crate::project::Dialect;
use crate::reuse::{Because, Identity, MadeOf, compare};
use crate::warehouse::{Passed, Record, Warehouse};

/// What is known of the results of earlier runs, and what this run has decided.
pub struct Reuse {
    refused: Option<Because>,
    dialect: Dialect,
    before: Passed,
    passed: Mutex<Passed>,
    reasons: Mutex<BTreeMap<NodeId, Because>>,
}

/// Tables of this run and of those before it.
struct Around<'a> {
    tables: &'a Tables,
    opened: &'a Opened,
}

impl Known for Around<'_> {
    fn planned(&self, relation: &RelationName) -> Option<Identity> {
        self.tables.identity(relation)
    }

    fn opened(&self, table: &Arc<dyn TableProvider>) -> Option<(String, Identity)> {
        self.opened.find(table)
    }
}

/// What a node's result is made of and is, or why that can't be told.
pub(super) type Made = Result<(MadeOf, Identity), Because>;

impl Reuse {
    /// What is known before a run: the tests that have passed, and if nothing is to be reused, why.
    pub fn new(dialect: Dialect, passed: Passed, refused: Option<Because>) -> Reuse {
        Reuse { refused, dialect, before: passed.clone(), passed: Mutex::new(passed), reasons: Mutex::default() }
    }

    /// The tests that have passed, for the next run; nothing where they are those of the last one.
    pub(super) fn new_passed(&self) -> Option<Passed> {
        let passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        (*passed != self.before).then(|| passed.clone())
    }

    /// Why nodes were made anew or asked.
    pub(super) fn reasons(&self) -> BTreeMap<NodeId, Because> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a query's result would be.
    pub(super) fn made_of(&self, plan: &LogicalPlan, config: &str, tables: &Tables, opened: &Opened) -> Made {
        let asked = AskedPlan { plan, config, dialect: self.dialect };
        made_of(&asked, &Around { tables, opened }).map_err(|it| Because::Untold(it.0))
    }

    /// Whether what is there under a node's name is what would be made; notes the reason if it isn't.
    pub(super) async fn is_fresh(
        &self,
        node: &Node,
        warehouse: &Warehouse,
        there: (Existing, Option<&Record>),
        made: &Made,
    ) -> bool {
        match self.look(node, warehouse, there, made).await {
            Ok(()) => true,
            Err(because) => {
                self.note(&node.facts.id, because);
                false
            }
        }
    }

    async fn look(
        &self,
        node: &Node,
        warehouse: &Warehouse,
        there: (Existing, Option<&Record>),
        made: &Made,
    ) -> Result<(), Because> {
        let is_view = node.facts.materialized() == "view";
        let record = match there {
            (Existing::Absent, _) => return Err(Because::Absent),
            (Existing::Unknown, _) => return Err(Because::Touched),
            (Existing::Table, _) if is_view => return Err(Because::OtherKind),
            (Existing::View, _) if !is_view => return Err(Because::OtherKind),
            (Existing::Table | Existing::View, record) => record.ok_or(Because::Touched)?,
        };
        self.refused.clone().map_or(Ok(()), Err)?;
        let (made_of, _) = made.as_ref().map_err(Clone::clone)?;
        compare(record.made_of.as_ref(), made_of)?;
        match warehouse.is_untouched(&node.facts.relation, record).await {
            true => Ok(()),
            false => Err(Because::Touched),
        }
    }

    /// Whether a test would say what it said the last time; notes the reason if it wouldn't.
    pub(super) fn has_passed(&self, id: &NodeId, made: &Made) -> bool {
        let passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        let before = passed.get(id.as_str()).ok_or(Because::NotPassed);
        let asked = self.refused.clone().map_or(Ok(()), Err);
        let same = asked.and_then(|()| compare(Some(before?), &made.as_ref().map_err(Clone::clone)?.0));
        drop(passed);
        match same {
            Ok(()) => true,
            Err(because) => {
                self.note(id, because);
                false
            }
        }
    }

    /// Notes what a test has said.
    pub(super) fn asked(&self, id: &NodeId, passed: bool, made: &Made) {
        let mut all = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        match made {
            Ok((made_of, _)) if passed => drop(all.insert(id.to_string(), made_of.clone())),
            _ => drop(all.remove(id.as_str())),
        }
    }

    fn note(&self, id: &NodeId, because: Because) {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), because);
    }
}
