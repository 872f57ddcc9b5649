//! What a name in SQL can mean while nothing exists yet: a table that is only a schema, or a view that is a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::Transformed;
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::error::Result;
use datafusion::logical_expr::{LogicalPlan, SubqueryAlias, TableSource};

use crate::jinja::{RelationName, RelationType};
use crate::plan::functions::ProjectFunction;
use crate::plan::questions::QueryFacts;

/// A table that a model will be: a schema without rows.
#[derive(Debug)]
pub struct PlannedTable {
    /// Its name.
    pub relation: RelationName,
    schema: SchemaRef,
    /// What the query says of its rows that gives them, where it is that query and nothing else.
    facts: Option<QueryFacts>,
}

impl TableSource for PlannedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// A view. Those who read it are planned against its columns alone, or planning would cost what all views below it
/// cost, once for each of its readers; [`bind`] puts its plan where its name stands.
pub(super) struct PlannedView {
    schema: SchemaRef,
    pub(super) plan: LogicalPlan,
    facts: QueryFacts,
}

impl TableSource for PlannedView {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// All names that SQL may use, in any case.
#[derive(Clone, Default)]
pub struct Catalog {
    relations: BTreeMap<String, Arc<dyn TableSource>>,
    names: Vec<String>,
    functions: BTreeMap<String, Arc<ProjectFunction>>,
    elsewhere: Option<Arc<dyn Elsewhere>>,
    /// Names that statements have given another meaning than the plan: what the warehouse holds is what they mean. Shared
    /// by all copies, because a template may ask for what it has changed itself.
    changed: Arc<RwLock<BTreeSet<String>>>,
}

/// Relations that no node of the project is: what else the warehouse holds.
pub trait Elsewhere: Send + Sync {
    /// What a full name means.
    fn find(&self, relation: &RelationName) -> Option<Arc<dyn TableSource>>;
}

impl Catalog {
    /// A table that exists.
    pub fn add_existing(&mut self, relation: &RelationName, provider: Arc<dyn TableProvider>) {
        self.add(relation, provider_as_source(provider));
    }

    /// A table that will exist.
    pub(super) fn add_planned(&mut self, relation: &RelationName, schema: SchemaRef, facts: Option<QueryFacts>) {
        self.add(relation, Arc::new(PlannedTable { relation: relation.clone(), schema, facts }));
    }

    /// A view.
    pub fn add_view(&mut self, relation: &RelationName, plan: LogicalPlan) {
        self.add(relation, view(plan));
    }

    fn add(&mut self, relation: &RelationName, source: Arc<dyn TableSource>) {
        self.relations.insert(key(&relation.database, &relation.schema, &relation.identifier), source);
    }

    /// A function of the project.
    pub(super) fn add_function(&mut self, name: &RelationName, function: Arc<ProjectFunction>) {
        self.functions.insert(key(&name.database, &name.schema, &name.identifier), function);
    }

    /// Whether the project defines functions.
    pub(super) fn has_functions(&self) -> bool {
        !self.functions.is_empty()
    }

    /// A function of the project by its full name.
    pub(super) fn function(&self, database: &str, schema: &str, name: &str) -> Option<Arc<ProjectFunction>> {
        self.functions.get(&key(database, schema, name)).cloned()
    }

    /// Tells of a name before there is something behind it, for 'did you mean'.
    pub fn announce(&mut self, name: &str) {
        self.names.push(name.to_owned());
    }

    /// Where to look for what is not in the catalog.
    pub fn look_elsewhere(&mut self, elsewhere: Arc<dyn Elsewhere>) {
        self.elsewhere = Some(elsewhere);
    }

    /// What a full name means.
    pub(super) fn find(&self, database: &str, schema: &str, identifier: &str) -> Option<Arc<dyn TableSource>> {
        let own = self.find_planned(database, schema, identifier);
        let elsewhere = || {
            let relation = RelationName::new(database, schema, identifier);
            self.elsewhere.as_ref().filter(|_| !schema.is_empty())?.find(&relation)
        };
        own.or_else(elsewhere)
    }

    /// What a full name means in the project, without a look into the warehouse.
    pub(super) fn find_planned(&self, database: &str, schema: &str, identifier: &str) -> Option<Arc<dyn TableSource>> {
        let key = key(database, schema, identifier);
        self.relations.get(&key).filter(|_| !self.has_changed(&key)).cloned()
    }

    /// A statement has removed what has this name, or has put another thing in its place.
    pub fn forget(&self, relation: &RelationName) {
        let key = key(&relation.database, &relation.schema, &relation.identifier);
        self.changed.write().unwrap_or_else(PoisonError::into_inner).insert(key);
    }

    fn has_changed(&self, key: &str) -> bool {
        self.changed.read().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    /// What the warehouse holds under a name, whatever the project plans for it.
    pub fn elsewhere(&self, relation: &RelationName) -> Option<Arc<dyn TableSource>> {
        self.elsewhere.as_ref()?.find(relation)
    }

    /// A planned table as an earlier run has left it, if that had the same columns.
    pub(super) fn left(&self, relation: &RelationName, schema: &SchemaRef) -> Option<Arc<dyn TableProvider>> {
        let source = self.elsewhere.as_ref()?.find(relation)?;
        let provider = source_as_provider(&source).ok()?;
        let typed = |schema: &SchemaRef| -> Vec<_> {
            schema.fields().iter().map(|it| (it.name().clone(), it.data_type().clone())).collect()
        };
        (typed(&provider.schema()) == typed(schema)).then_some(provider)
    }

    /// Whether a name means a table or a view.
    pub(super) fn kind(&self, relation: &RelationName) -> Option<RelationType> {
        let found = self.find(&relation.database, &relation.schema, &relation.identifier)?;
        Some(if found.is::<PlannedView>() { RelationType::View } else { RelationType::Table })
    }

    /// All names announced, for 'did you mean'.
    pub(super) fn identifiers(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

/// A table of which only the columns are known, as a name's meaning.
pub(super) fn planned(relation: &RelationName, schema: SchemaRef) -> Arc<dyn TableSource> {
    Arc::new(PlannedTable { relation: relation.clone(), schema, facts: None })
}

/// What stands behind a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KindOf {
    /// A query, which whoever reads it runs.
    View,
    /// Rows that a query has given.
    Table,
}

/// What the query behind a name says of its rows, where there is one.
pub(super) fn facts_of(source: &Arc<dyn TableSource>) -> Option<(&QueryFacts, KindOf)> {
    if let Some(view) = source.downcast_ref::<PlannedView>() {
        return Some((&view.facts, KindOf::View));
    }
    let table = source.downcast_ref::<PlannedTable>()?;
    table.facts.as_ref().map(|it| (it, KindOf::Table))
}

/// A view as a name's meaning.
pub(super) fn view(plan: LogicalPlan) -> Arc<dyn TableSource> {
    let schema = Arc::new(plan.schema().as_arrow().clone());
    let facts = QueryFacts::of(&plan);
    Arc::new(PlannedView { schema, plan, facts })
}

fn key(database: &str, schema: &str, identifier: &str) -> String {
    format!("{database}\u{1}{schema}\u{1}{identifier}").to_lowercase()
}

/// Gives the table of a name, with the columns that were planned.
pub type OpenTable<'a> = dyn Fn(&RelationName, SchemaRef) -> Result<Arc<dyn TableProvider>> + 'a;

/// Replaces every table that was only a schema by the table that there is now, and every view by its plan.
///
/// # Errors
/// What `open` says of a table that it cannot give.
pub fn bind(plan: LogicalPlan, open: &OpenTable<'_>) -> Result<LogicalPlan> {
    let bound = plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::TableScan(mut scan) = node else { return Ok(Transformed::no(node)) };
        if let Some(view) = scan.source.downcast_ref::<PlannedView>() {
            let plan = bind(view.plan.clone(), open)?;
            let alias = SubqueryAlias::try_new(Arc::new(plan), scan.table_name)?;
            return Ok(Transformed::yes(LogicalPlan::SubqueryAlias(alias)));
        }
        let Some(planned) = scan.source.downcast_ref::<PlannedTable>() else {
            return Ok(Transformed::no(LogicalPlan::TableScan(scan)));
        };
        let provider = open(&planned.relation, Arc::clone(&planned.schema))?;
        scan.source = provider_as_source(provider);
        Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
    })?;
    Ok(bound.data)
}
