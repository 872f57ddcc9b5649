//! A run as templates see it: tables that it has made, statements that it carries out.

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::error::Result;
use datafusion::sql::sqlparser::ast::Statement;
use futures::future::BoxFuture;
use std::sync::Arc;

use crate::execute::late::Late;
use crate::execute::statements::Statements;
use crate::execute::tables::Tables;
use crate::jinja::RelationName;
use crate::plan::{Catalog, Live};

/// The run under way.
struct Running {
    statements: Statements,
}

/// A run that templates and hooks may take part in.
pub(super) fn start(late: &Late, tables: &Arc<Tables>, run_id: &str) -> Arc<dyn Live> {
    let statements = Statements {
        session: late.session.clone(),
        invocation: Arc::clone(&late.project.invocation),
        warehouse: late.warehouse.clone(),
        tables: Arc::clone(tables),
        run_id: run_id.to_owned(),
        one_at_a_time: tokio::sync::Mutex::default(),
    };
    Arc::new(Running { statements })
}

impl Live for Running {
    fn open(&self, relation: &RelationName, schema: SchemaRef) -> Result<Arc<dyn TableProvider>> {
        self.statements.tables.open(relation, schema)
    }

    fn carry_out<'a>(&'a self, statement: Statement, catalog: &'a Catalog) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.statements.carry_out(statement, catalog))
    }
}
