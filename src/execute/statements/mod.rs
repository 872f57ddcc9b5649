//! Statements of hooks, operations and templates that change the warehouse: one file per kind.
//! Each gives a table a new version, written whole and put in place as models are; there is nothing to roll back.

mod alter;
mod create;
mod remove;
mod rows;

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::{not_impl_datafusion_err, plan_datafusion_err};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{ObjectName, Statement};
use tokio::sync::Mutex;

use crate::execute::steps::{table, view};
use crate::execute::tables::{Tables, Version};
use crate::jinja::{Invocation, RelationName};
use crate::materialize::Existing;
use crate::parse::NodeId;
use crate::plan::{Catalog, PlannedQuery, Session, SortColumn, bind, existing_table, plan_query};
use crate::warehouse::{Record, Warehouse};

/// What statements need to be carried out.
pub(super) struct Statements {
    pub(super) session: Session,
    pub(super) invocation: Arc<Invocation>,
    pub(super) warehouse: Warehouse,
    pub(super) tables: Arc<Tables>,
    pub(super) run_id: String,
    /// A statement reads a table and writes it anew: nobody may come between.
    pub(super) one_at_a_time: Mutex<()>,
}

/// One statement among the names that it may use.
struct Work<'a> {
    around: &'a Statements,
    catalog: &'a Catalog,
}

impl Statements {
    /// Carries one statement out.
    pub(super) async fn carry_out(&self, statement: Statement, catalog: &Catalog) -> Result<()> {
        let _only = self.one_at_a_time.lock().await;
        let work = Work { around: self, catalog };
        match statement {
            Statement::Query(query) => work.plan(&query.to_string()).map(drop),
            Statement::CreateTable(create) => create::table(&work, &create).await,
            Statement::CreateView(create) => create::view(&work, &create).await,
            Statement::Insert(insert) => rows::insert(&work, &insert).await,
            Statement::Delete(delete) => rows::delete(&work, &delete).await,
            Statement::Update(update) => rows::update(&work, &update).await,
            Statement::Truncate(truncate) => rows::truncate(&work, &truncate).await,
            Statement::AlterTable(alter) => alter::table(&work, &alter).await,
            Statement::Drop { object_type, if_exists, names, .. } => {
                remove::relations(&work, object_type, if_exists, &names).await
            }
            statement if is_without_effect(&statement) => Ok(()),
            statement => {
                let text = statement.to_string();
                let first: Vec<&str> = text.split_whitespace().take(2).collect();
                Err(not_impl_datafusion_err!("`{} …` can't be carried out", first.join(" ").to_lowercase()))
            }
        }
    }
}

/// Statements for things that are not here: schemas are folders that come with their first table, every statement is
/// a transaction, and the storage has the rights.
fn is_without_effect(statement: &Statement) -> bool {
    matches!(
        statement,
        Statement::CreateSchema { .. }
            | Statement::StartTransaction { .. }
            | Statement::Commit { .. }
            | Statement::Rollback { .. }
            | Statement::Set(_)
            | Statement::Use(_)
            | Statement::Pragma { .. }
            | Statement::Grant(_)
            | Statement::Revoke(_)
            | Statement::Analyze(_)
            | Statement::Vacuum(_)
            | Statement::Comment { .. }
            | Statement::CreateIndex(_)
            | Statement::Install { .. }
            | Statement::Load { .. }
    )
}

/// A table as it is.
struct Current {
    plan: LogicalPlan,
    record: Record,
    table: Arc<dyn TableProvider>,
}

impl Work<'_> {
    /// The relation that a name means.
    fn relation(&self, name: &ObjectName) -> Result<RelationName> {
        let target = &self.around.invocation.target;
        let mut parts: Vec<String> = Vec::new();
        for part in &name.0 {
            let ident = part.as_ident().ok_or_else(|| plan_datafusion_err!("`{name}` is no name of a relation"))?;
            parts.push(ident.value.clone());
        }
        match parts.as_slice() {
            [name] => Ok(RelationName::new(&target.database, &target.schema, name)),
            [schema, name] => Ok(RelationName::new(&target.database, schema, name)),
            [database, schema, name] => Ok(RelationName::new(database, schema, name)),
            _ => Err(plan_datafusion_err!("`{name}` is no name of a relation")),
        }
    }

    fn plan(&self, sql: &str) -> Result<PlannedQuery> {
        plan_query(sql, &self.around.session, self.catalog, &self.around.invocation.target)
    }

    /// The same where a relation is what it is now: a statement before may have changed its columns.
    fn plan_over(&self, relation: &RelationName, current: &Current, sql: &str) -> Result<PlannedQuery> {
        let mut catalog = self.catalog.clone();
        catalog.add_existing(relation, Arc::clone(&current.table));
        plan_query(sql, &self.around.session, &catalog, &self.around.invocation.target)
    }

    async fn kind(&self, relation: &RelationName) -> Existing {
        self.around.warehouse.existing(relation).await.0
    }

    /// A table that is there.
    async fn current(&self, relation: &RelationName) -> Result<Current> {
        match self.around.warehouse.existing(relation).await {
            (Existing::Table, Some(record)) if record.delta.is_some() => Err(plan_datafusion_err!(
                "{relation} is a Delta table, whose rows only its model changes; leave `table_format: delta` away to change \
                 them by statements"
            )),
            (Existing::Table, Some(record)) => {
                let Statements { session, warehouse, .. } = self.around;
                let table = existing_table(session, warehouse, relation, &record).await?;
                let source = provider_as_source(Arc::clone(&table));
                let plan = LogicalPlanBuilder::scan("current", source, None)?.build()?;
                Ok(Current { plan, record, table })
            }
            (Existing::View, _) => Err(plan_datafusion_err!("{relation} is a view, whose rows can't be changed")),
            _ => Err(plan_datafusion_err!("there is no table {relation}")),
        }
    }

    /// Gives a relation a new version.
    async fn write(&self, relation: &RelationName, plan: LogicalPlan, node: &str) -> Result<()> {
        let Statements { session, warehouse, tables, run_id, .. } = self.around;
        let catalog = self.catalog;
        let open = |relation: &RelationName, schema| {
            let made = tables.open(relation, schema);
            made.or_else(|error| match catalog.elsewhere(relation) {
                Some(source) => source_as_provider(&source),
                None => Err(error),
            })
        };
        let plan = bind(plan, &open)?;
        let staged = warehouse.stage(relation);
        let metadata = vec![("arrowmill.run_id".to_owned(), run_id.clone())];
        let writing = table::Writing { session, staged: &staged, metadata, watch: Arc::new(|_| Ok(())) };
        let table::Written { rows, order } = match table::write(&plan, &writing).await {
            Ok(written) => written,
            Err(error) => {
                warehouse.discard(&staged).await;
                return Err(error);
            }
        };
        let sorted_by = order.iter().map(SortColumn::display).collect();
        let mut record = view::table_record(plan.schema().as_arrow(), rows, sorted_by, &NodeId::new(node), run_id);
        record.keep_versions = warehouse.existing(relation).await.1.map_or(0, |it| it.keep_versions);
        let published = warehouse.publish(&staged, record).await.map_err(outside)?;
        let files = warehouse.data_files(relation, &published);
        tables.made(relation, Version { order, identity: published.identity, in_place: files.clone(), files });
        Ok(())
    }
}

fn outside(error: crate::warehouse::StorageError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
