//! What the engine's SQL planner asks of its surroundings, answered from the project's catalog.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use datafusion::catalog::TableFunctionArgs;
use datafusion::common::config::ConfigOptions;
use datafusion::common::{DFSchema, ScalarValue, TableReference, plan_datafusion_err};
use datafusion::datasource::cte_worktable::CteWorkTable;
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner, RelationPlanner, TypePlanner};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{AggregateUDF, Expr, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;

use crate::plan::Session;
use crate::plan::column_types::ColumnTypes;
use crate::plan::file_functions::OpenFiles;
use crate::plan::planned_before::Meant;
use crate::plan::relation::Catalog;
use crate::project::Target;

/// Prefix of our own message for a relation that is not in the catalog; [`super::problem`] knows it.
pub(super) const UNKNOWN_RELATION: &str = "unknown relation: ";

/// The planner's view of the project.
pub(super) struct Context<'a> {
    pub(super) state: &'a SessionState,
    pub(super) catalog: &'a Catalog,
    pub(super) target: &'a Target,
    pub(super) files: OpenFiles,
    /// Common table expressions of the query, in small letters. The planner asks for their names too, and forgets the
    /// answer: the warehouse need not be asked for them.
    pub(super) named_within: BTreeSet<String>,
    /// What names have meant so far; nothing where the query has read more than relations.
    meant: Mutex<Option<Vec<Meant>>>,
}

/// What a name means.
pub(super) fn source_of(
    catalog: &Catalog,
    target: &Target,
    name: &TableReference,
    is_within: bool,
) -> Option<Arc<dyn TableSource>> {
    let Target { database, schema, .. } = target;
    let in_own_schema = || match is_within {
        true => catalog.find_planned(database, schema, name.table()),
        false => catalog.find(database, schema, name.table()),
    };
    match (name.catalog(), name.schema()) {
        // The common table expression of an ephemeral model has a name without schema.
        (None, None) => catalog.find("", "", name.table()).or_else(in_own_schema),
        (named, within) => catalog.find(named.unwrap_or(database), within.unwrap_or(schema), name.table()),
    }
}

impl<'a> Context<'a> {
    /// For a query with common table expressions of these names.
    pub(super) fn new(
        session: &'a Session,
        catalog: &'a Catalog,
        target: &'a Target,
        named_within: BTreeSet<String>,
    ) -> Context<'a> {
        let meant = Mutex::new(Some(Vec::new()));
        Context { state: session.state(), catalog, target, files: OpenFiles::default(), named_within, meant }
    }

    /// What the names of the query have meant; nothing where it has read more than relations.
    pub(super) fn meant(&self) -> Option<Vec<Meant>> {
        self.meant.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ContextProvider for Context<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        let is_within = self.named_within.contains(&name.table().to_lowercase());
        let found = source_of(self.catalog, self.target, &name, is_within);
        if let Some(meant) = self.meant.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            meant.push(Meant { name: name.clone(), is_within, source: found.clone() });
        }
        found.ok_or_else(|| plan_datafusion_err!("{UNKNOWN_RELATION}{name}"))
    }

    fn get_table_function_source(&self, name: &str, args: Vec<Expr>) -> Result<Arc<dyn TableSource>> {
        // What a function gives is not known by its name.
        *self.meant.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if let Some(files) = self.files.open(name, &args, self.state) {
            return files;
        }
        let function = self.state.table_functions().get(name).cloned();
        let function = function.ok_or_else(|| plan_datafusion_err!("Invalid function '{name}'"))?;
        let context = SimplifyContext::builder().with_config_options(Arc::clone(self.state.config_options())).build();
        let simplifier = ExprSimplifier::new(context);
        let schema = DFSchema::empty();
        let simplify = |arg| {
            let simple = simplifier.coerce(arg, &schema).and_then(|it| simplifier.simplify(it))?;
            in_nanoseconds(simple)
        };
        let args = args.into_iter().map(simplify).collect::<Result<Vec<_>>>()?;
        let provider = function.create_table_provider_with_args(TableFunctionArgs::new(&args, self.state))?;
        Ok(provider_as_source(provider))
    }

    fn create_cte_work_table(&self, name: &str, schema: SchemaRef) -> Result<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(CteWorkTable::new(name, schema))))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.state.expr_planners()
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        self.state.relation_planners()
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(Arc::new(ColumnTypes { dialect: self.target.dialect }))
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.state.scalar_functions().get(name).cloned()
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.state.higher_order_functions().get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.state.aggregate_functions().get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.state.window_functions().get(name).cloned()
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    fn udf_names(&self) -> Vec<String> {
        sorted(self.state.scalar_functions().keys())
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        sorted(self.state.higher_order_functions().keys())
    }

    fn udaf_names(&self) -> Vec<String> {
        sorted(self.state.aggregate_functions().keys())
    }

    fn udwf_names(&self) -> Vec<String> {
        sorted(self.state.window_functions().keys())
    }
}

/// The engine's table functions take no other timestamps than those of nanoseconds.
fn in_nanoseconds(argument: Expr) -> Result<Expr> {
    match argument {
        Expr::Literal(ScalarValue::TimestampMicrosecond(micros, zone), metadata) => {
            let nanos = ScalarValue::TimestampMicrosecond(micros, zone.clone())
                .cast_to(&DataType::Timestamp(TimeUnit::Nanosecond, zone))?;
            Ok(Expr::Literal(nanos, metadata))
        }
        other => Ok(other),
    }
}

/// The engine keeps functions in hash maps; 'did you mean' must not depend on their order.
fn sorted<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut names: Vec<String> = names.cloned().collect();
    names.sort();
    names
}
