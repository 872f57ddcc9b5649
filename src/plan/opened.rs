//! Tables that were opened so that queries can be planned over them, and what is known of their rows.

use std::sync::Arc;

use datafusion::catalog::TableProvider;

use crate::reuse::Identity;

/// Opened tables, each with its name for messages and its identity.
#[derive(Clone, Default)]
pub struct Opened {
    tables: Vec<(Arc<dyn TableProvider>, String, Identity)>,
}

impl Opened {
    /// Notes what a table is.
    pub fn add(&mut self, table: &Arc<dyn TableProvider>, name: impl Into<String>, identity: Identity) {
        self.tables.push((Arc::clone(table), name.into(), identity));
    }

    /// What a table is called, and its identity.
    pub fn find(&self, table: &Arc<dyn TableProvider>) -> Option<(String, Identity)> {
        let is_it = |it: &&(Arc<dyn TableProvider>, String, Identity)| {
            std::ptr::addr_eq(Arc::as_ptr(&it.0), Arc::as_ptr(table))
        };
        self.tables.iter().find(is_it).map(|(_, name, identity)| (name.clone(), identity.clone()))
    }
}
