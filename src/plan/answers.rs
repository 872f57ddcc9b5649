//! What templates are told of the warehouse: columns from the plans, rows by running a query where its tables are
//! there. What is not there yet is asked again later, when the run has made it.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::{exec_datafusion_err, plan_datafusion_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::collect;
use datafusion::sql::sqlparser::ast::{Query, Statement};
use futures::future::BoxFuture;
use tokio::runtime::Handle;

use crate::compile::describe_graph;
use crate::graph::Graph;
use crate::jinja::{ColumnType, Database, Invocation, Refusal, RelationName, RelationType, Rows};
use crate::plan::Session;
use crate::plan::cells;
use crate::plan::information_schema;
use crate::plan::query::{plan_parsed, plan_query, statements};
use crate::plan::relation::{Catalog, bind};
use crate::plan::side_by_side::PLANNING_STACK;
use crate::plan::wording::tidy;
use crate::warehouse::Warehouse;

/// A run that is under way.
pub trait Live: Send + Sync {
    /// Opens a table that was only planned, when it has been made.
    ///
    /// # Errors
    /// It has not been made.
    fn open(&self, relation: &RelationName, schema: SchemaRef) -> datafusion::error::Result<Arc<dyn TableProvider>>;

    /// Carries out a statement that is no query.
    fn carry_out<'a>(
        &'a self,
        statement: Statement,
        catalog: &'a Catalog,
    ) -> BoxFuture<'a, datafusion::error::Result<()>>;
}

/// Answers from a catalog, and from the warehouse.
#[derive(Clone)]
pub struct Answers {
    /// The engine.
    pub session: Session,
    /// What names mean.
    pub catalog: Arc<Catalog>,
    /// Whose target and dialect hold.
    pub invocation: Arc<Invocation>,
    /// The warehouse.
    pub warehouse: Warehouse,
    /// The run; without one, tables that are not there yet can't be asked, and nothing is changed.
    pub live: Option<Arc<dyn Live>>,
    /// Whether tables may be asked as an earlier run has left them.
    pub present: bool,
    /// The graph.
    pub graph: Arc<Graph>,
    /// The graph as templates have it, once one has asked for it.
    pub nodes: Arc<OnceLock<Arc<serde_json::Value>>>,
    /// The runtime that queries run on.
    pub runtime: Handle,
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").finish_non_exhaustive()
    }
}

impl Answers {
    fn query(&self, query: Query) -> Result<Rows, Refusal> {
        let planned = plan_parsed(query, &self.session, &self.catalog, &self.invocation.target);
        let planned = planned.map_err(|it| failed(&it))?;
        let early = AtomicBool::new(false);
        let can_look = self.live.is_some() || self.present;
        let open = |relation: &RelationName, schema: SchemaRef| match &self.live {
            _ if can_look && relation.schema.eq_ignore_ascii_case(information_schema::SCHEMA) => {
                self.own_tables(relation)
            }
            Some(live) => live.open(relation, schema),
            None => self.catalog.left(relation, &schema).filter(|_| self.present).ok_or_else(|| {
                early.store(true, Ordering::Relaxed);
                plan_datafusion_err!("{relation} is not there yet")
            }),
        };
        let bound = bind(planned.plan, &open);
        if early.load(Ordering::Relaxed) {
            return Err(Refusal::TooEarly);
        }
        let run = async |plan: LogicalPlan| {
            let physical = self.session.state().create_physical_plan(&plan).await?;
            collect(physical, self.session.state().task_ctx()).await
        };
        let batches = bound.and_then(|plan| self.wait(run(plan))).map_err(|it| failed(&it))?;
        cells::rows(&planned.schema, &batches).map_err(|it| failed(&it))
    }

    /// A table of `information_schema`.
    fn own_tables(&self, relation: &RelationName) -> datafusion::error::Result<Arc<dyn TableProvider>> {
        let columns = |it: &RelationName| self.columns(it).ok().flatten().unwrap_or_default();
        let database = self.invocation.target.database.as_str();
        let table = information_schema::information_schema(&self.warehouse, database, &relation.identifier, &columns);
        self.wait(table)?.ok_or_else(|| plan_datafusion_err!("there is no {relation}"))
    }

    fn wait<T: Send>(
        &self,
        work: impl Future<Output = Result<T, DataFusionError>> + Send,
    ) -> Result<T, DataFusionError> {
        wait(&self.runtime, work).unwrap_or_else(|| Err(exec_datafusion_err!("the system gives no more threads")))
    }
}

/// Waits for the engine, from wherever templates render: on a thread of its own where the runtime's would wait, which
/// they must not. Nothing where no thread is to be had.
pub(super) fn wait<T: Send>(runtime: &Handle, work: impl Future<Output = T> + Send) -> Option<T> {
    if Handle::try_current().is_err() {
        return Some(runtime.block_on(work));
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(PLANNING_STACK);
        let started = thread.spawn_scoped(scope, move || runtime.block_on(work)).ok()?;
        Some(started.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

fn failed(error: &DataFusionError) -> Refusal {
    Refusal::Failed(tidy(&error.strip_backtrace()))
}

impl Database for Answers {
    fn graph(&self) -> Arc<serde_json::Value> {
        Arc::clone(self.nodes.get_or_init(|| Arc::new(describe_graph(&self.graph))))
    }

    fn find(&self, relation: &RelationName) -> Option<RelationType> {
        self.catalog.kind(relation)
    }

    fn columns(&self, relation: &RelationName) -> Result<Option<Vec<ColumnType>>, Refusal> {
        let found = self.catalog.find(&relation.database, &relation.schema, &relation.identifier);
        Ok(found.map(|it| cells::columns(&it.schema())))
    }

    fn list(&self, schema: &str) -> Vec<(RelationName, RelationType)> {
        let stored = wait(&self.runtime, self.warehouse.list(schema)).unwrap_or_default();
        let named = |identifier: String| RelationName::new(&self.invocation.target.database, schema, identifier);
        stored.into_iter().map(named).filter_map(|it| Some((it.clone(), self.find(&it)?))).collect()
    }

    fn describe(&self, sql: &str) -> Result<Vec<ColumnType>, Refusal> {
        let planned = plan_query(sql, &self.session, &self.catalog, &self.invocation.target);
        planned.map(|it| cells::columns(&it.schema)).map_err(|it| failed(&it))
    }

    fn execute(&self, sql: &str) -> Result<Rows, Refusal> {
        let statements = statements(sql, self.invocation.target.dialect).map_err(|it| failed(&it))?;
        let mut rows = Rows::default();
        for statement in statements {
            rows = match (statement, &self.live) {
                (Statement::Query(query), _) => self.query(*query)?,
                (_, None) => return Err(Refusal::TooEarly),
                (statement, Some(live)) => {
                    self.wait(live.carry_out(statement, &self.catalog)).map_err(|it| failed(&it))?;
                    Rows::default()
                }
            };
        }
        Ok(rows)
    }
}
