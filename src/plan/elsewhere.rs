//! What the warehouse holds beside the project: tables of hooks, of other projects, of hands.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::TableSource;
use tokio::runtime::Handle;

use crate::jinja::{Invocation, RelationName};
use crate::materialize::Existing;
use crate::plan::Session;
use crate::plan::answers::wait;
use crate::plan::information_schema;
use crate::plan::query::plan_query;
use crate::plan::relation::{Catalog, Elsewhere, planned, view};
use crate::plan::stored::{existing_table, grown_table};
use crate::warehouse::{Warehouse, own_columns};

/// Looks into the warehouse, each time anew.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) session: Session,
    pub(super) invocation: Arc<Invocation>,
    pub(super) warehouse: Warehouse,
    pub(super) runtime: Handle,
}

impl Elsewhere for Stored {
    fn find(&self, relation: &RelationName) -> Option<Arc<dyn TableSource>> {
        // There is one database here, whatever its name.
        if !relation.database.eq_ignore_ascii_case(&self.invocation.target.database) {
            return None;
        }
        if relation.schema.eq_ignore_ascii_case(information_schema::SCHEMA) {
            // What the warehouse holds changes while a run is under way: its rows are asked for when they are read.
            let schema = information_schema::schema(&relation.identifier)?;
            return Some(planned(relation, schema));
        }
        let look = async {
            match self.warehouse.existing(relation).await {
                (Existing::Table, Some(record)) => {
                    let table = existing_table(&self.session, &self.warehouse, relation, &record).await;
                    (table.ok().map(provider_as_source), None)
                }
                (Existing::View, Some(record)) => (None, record.sql),
                _ => {
                    let grown = grown_table(&self.session, &self.warehouse, relation).await.ok().flatten();
                    let empty = || Some(Arc::new(EmptyTable::new(own_columns(relation)?)) as Arc<dyn TableProvider>);
                    (grown.map(|(table, _)| table).or_else(empty).map(provider_as_source), None)
                }
            }
        };
        let (table, sql) = wait(&self.runtime, look)?;
        if let Some(sql) = sql {
            let mut catalog = Catalog::default();
            catalog.look_elsewhere(Arc::new(self.clone()));
            let query = plan_query(&sql, &self.session, &catalog, &self.invocation.target).ok()?;
            return Some(view(query.plan));
        }
        table
    }
}
