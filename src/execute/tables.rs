//! The tables that a run has made.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::plan_datafusion_err;
use datafusion::error::Result;
use object_store::path::Path;

use crate::jinja::RelationName;
use crate::plan::{SortOrder, open_files};
use crate::reuse::Identity;

/// A table as this run has made it, or found it to be.
#[derive(Debug, Clone)]
pub struct Version {
    /// How its file is sorted.
    pub order: SortOrder,
    /// What its rows are, where that can be told.
    pub identity: Option<Identity>,
    /// Where its files are now.
    pub files: Vec<Path>,
    /// Where they will be when they are in their place.
    pub in_place: Vec<Path>,
}

/// Tables made in this run, for those that read them later.
#[derive(Debug, Default)]
pub struct Tables {
    versions: RwLock<BTreeMap<RelationName, Version>>,
}

impl Tables {
    /// None made yet.
    pub fn new() -> Tables {
        Tables::default()
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
        open_files(&version.files, schema, &version.order)
    }

    /// Notes that a table has been put in its place.
    pub fn published(&self, relation: &RelationName) {
        let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(version) = versions.get_mut(relation) {
            version.files.clone_from(&version.in_place);
        }
    }

    /// What the rows of a table of this run are.
    pub fn identity(&self, relation: &RelationName) -> Option<Identity> {
        self.version(relation)?.identity
    }

    fn version(&self, relation: &RelationName) -> Option<Version> {
        self.versions.read().unwrap_or_else(PoisonError::into_inner).get(relation).cloned()
    }
}
