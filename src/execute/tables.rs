//! The tables that a run has made.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::plan_datafusion_err;
use datafusion::error::Result;
use object_store::path::Path;

use crate::jinja::RelationName;
use crate::plan::{SortOrder, open_file};
use crate::reuse::Identity;
use crate::warehouse::Warehouse;

/// A table as this run has made it, or found it to be.
#[derive(Debug, Clone)]
pub struct Version {
    /// How its file is sorted.
    pub order: SortOrder,
    /// What its rows are, where that can be told.
    pub identity: Option<Identity>,
    /// Where its file is, and how many bytes it has, while it is not in its place.
    pub staged: Option<(Path, u64)>,
}

/// Tables made in this run, for those that read them later.
#[derive(Debug)]
pub struct Tables {
    warehouse: Warehouse,
    versions: RwLock<BTreeMap<RelationName, Version>>,
}

impl Tables {
    /// None made yet.
    pub fn new(warehouse: Warehouse) -> Tables {
        Tables { warehouse, versions: RwLock::default() }
    }

    /// Notes a table that is in place now.
    pub fn made(&self, relation: &RelationName, version: Version) {
        self.versions.write().unwrap_or_else(PoisonError::into_inner).insert(relation.clone(), version);
    }

    /// Notes a table that is gone.
    pub fn removed(&self, relation: &RelationName) {
        self.versions.write().unwrap_or_else(PoisonError::into_inner).remove(relation);
    }

    /// Opens a table that this run has made.
    ///
    /// # Errors
    /// It has not been made: what should have made it was not part of the run.
    pub fn open(&self, relation: &RelationName, schema: SchemaRef) -> Result<Arc<dyn TableProvider>> {
        let version = self.version(relation).ok_or_else(|| {
            plan_datafusion_err!("{relation} is not in the warehouse yet; select it too, or run it first")
        })?;
        let path = version.staged.map_or_else(|| self.warehouse.data_path(relation), |(path, _)| path);
        open_file(&path, schema, &version.order)
    }

    /// Notes that a table has been put in its place.
    pub fn published(&self, relation: &RelationName) {
        let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(version) = versions.get_mut(relation) {
            version.staged = None;
        }
    }

    /// Where the file of a table is that is not in its place yet, and how many bytes it has.
    pub fn staged(&self, relation: &RelationName) -> Option<(Path, u64)> {
        self.version(relation)?.staged
    }

    /// What the rows of a table of this run are.
    pub fn identity(&self, relation: &RelationName) -> Option<Identity> {
        self.version(relation)?.identity
    }

    fn version(&self, relation: &RelationName) -> Option<Version> {
        self.versions.read().unwrap_or_else(PoisonError::into_inner).get(relation).cloned()
    }
}
