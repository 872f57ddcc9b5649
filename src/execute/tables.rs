//! The tables that a run has made.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::plan_datafusion_err;
use datafusion::error::Result;

use crate::jinja::RelationName;
use crate::plan::{SortOrder, open_file};
use crate::warehouse::Warehouse;

/// Tables made in this run: their sort orders, for those that read them later.
#[derive(Debug)]
pub struct Tables {
    warehouse: Warehouse,
    orders: RwLock<BTreeMap<RelationName, SortOrder>>,
}

impl Tables {
    /// None made yet.
    pub fn new(warehouse: Warehouse) -> Tables {
        Tables { warehouse, orders: RwLock::default() }
    }

    /// Notes a table that is in place now.
    pub fn made(&self, relation: &RelationName, order: SortOrder) {
        self.orders.write().unwrap_or_else(PoisonError::into_inner).insert(relation.clone(), order);
    }

    /// Notes a table that is gone.
    pub fn removed(&self, relation: &RelationName) {
        self.orders.write().unwrap_or_else(PoisonError::into_inner).remove(relation);
    }

    /// Opens a table that this run has made.
    ///
    /// # Errors
    /// It has not been made: what should have made it was not part of the run.
    pub fn open(&self, relation: &RelationName, schema: SchemaRef) -> Result<Arc<dyn TableProvider>> {
        let orders = self.orders.read().unwrap_or_else(PoisonError::into_inner);
        let order = orders.get(relation).cloned();
        let order = order.ok_or_else(|| {
            plan_datafusion_err!("{relation} is not in the warehouse yet; select it too, or run it first")
        })?;
        open_file(&self.warehouse, relation, schema, &order)
    }
}
