//! A run as templates see it: tables that it has made, statements that it carries out.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::not_impl_datafusion_err;
use datafusion::error::Result;
use datafusion::sql::sqlparser::ast::Statement;
use futures::future::BoxFuture;

use crate::execute::tables::Tables;
use crate::jinja::RelationName;
use crate::plan::{Catalog, Live};

/// The run under way.
pub(super) struct Running {
    pub(super) tables: Arc<Tables>,
}

impl Live for Running {
    fn open(&self, relation: &RelationName, schema: SchemaRef) -> Result<Arc<dyn TableProvider>> {
        self.tables.open(relation, schema)
    }

    fn carry_out<'a>(&'a self, statement: Statement, _: &'a Catalog) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { Err(not_impl_datafusion_err!("`{statement}` can't be carried out")) })
    }
}
