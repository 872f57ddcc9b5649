//! What can only be planned while the run is under way, because its template asks for rows that the run makes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use datafusion::catalog::TableProvider;
use datafusion::logical_expr::LogicalPlan;
use tokio::runtime::Handle;

use crate::compile::Surroundings;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::graph::{Graph, Node};
use crate::jinja::Database;
use crate::parse::{NodeId, ParsedProject};
use crate::plan::{
    self, Constraints, CustomPlan, Live, ModelPlan, Opened, ProjectPlan, Scope, Session, TestPlan, UnitTestPlan,
};
use crate::warehouse::Warehouse;

/// Everything that planning needs, kept for as long as the run.
pub struct Late {
    /// The project.
    pub project: Arc<ParsedProject>,
    /// Its graph.
    pub graph: Arc<Graph>,
    /// The engine.
    pub session: Session,
    /// Where relations are.
    pub warehouse: Warehouse,
    /// The project's folder.
    pub folder: PathBuf,
    /// Tables that were there before the run.
    pub existing: BTreeMap<NodeId, Arc<dyn TableProvider>>,
    /// Tables that the run adds rows to.
    pub growing: BTreeMap<NodeId, Arc<dyn TableProvider>>,
    /// What is known of the rows of these tables.
    pub opened: Opened,
    /// What is planned so far.
    pub plan: RwLock<ProjectPlan>,
}

impl Late {
    /// Plans a model.
    pub(super) fn model(&self, node: &Node, live: &Arc<dyn Live>) -> Result<ModelPlan, Diagnostics> {
        plan::plan_late_model(&self.scope(live, &Handle::current()), &self.plan, node)
    }

    /// Plans a test.
    pub(super) fn test(&self, node: &Node, live: &Arc<dyn Live>) -> Result<TestPlan, Diagnostics> {
        plan::plan_late_test(&self.scope(live, &Handle::current()), &self.plan, node)
    }

    /// Plans a unit test.
    pub(super) fn unit_test(&self, node: &Node, live: &Arc<dyn Live>) -> Result<UnitTestPlan, Diagnostics> {
        plan::plan_late_unit_test(&self.scope(live, &Handle::current()), &self.plan, node)
    }

    /// What the texts of a node may know.
    pub(super) fn surroundings(&self, node: &Node, live: &Arc<dyn Live>) -> Surroundings {
        let plan = self.plan.read().unwrap_or_else(PoisonError::into_inner);
        self.scope(live, &Handle::current()).surroundings(&plan, node)
    }

    /// The rows that take the place of those of some files when rows have come to a table that grows.
    pub(super) fn rewritten(
        &self,
        node: &Node,
        live: &Arc<dyn Live>,
        existing: &Arc<dyn TableProvider>,
        arrived: &Arc<dyn TableProvider>,
    ) -> Result<LogicalPlan, Diagnostic> {
        plan::rewritten(&self.scope(live, &Handle::current()), &node.facts, existing, arrived)
    }

    /// What the rows of a table must meet.
    pub(super) fn constraints(&self, id: &NodeId) -> Option<Arc<Constraints>> {
        self.plan.read().unwrap_or_else(PoisonError::into_inner).constraints.get(id).cloned()
    }

    /// How a model is made by a materialisation of the project's own, if it is.
    pub(super) fn custom(&self, id: &NodeId) -> Option<CustomPlan> {
        self.plan.read().unwrap_or_else(PoisonError::into_inner).custom.get(id).cloned()
    }

    /// What a materialisation of the project's own has made can be read from now on.
    pub(super) fn custom_is_made(&self, id: &NodeId) {
        self.plan.write().unwrap_or_else(PoisonError::into_inner).late.remove(id);
    }

    /// The warehouse, for texts that belong to no node.
    pub(super) fn database(&self, live: &Arc<dyn Live>) -> Arc<dyn Database> {
        let plan = self.plan.read().unwrap_or_else(PoisonError::into_inner);
        Arc::new(self.scope(live, &Handle::current()).answers(&plan))
    }

    fn scope<'a>(&'a self, live: &'a Arc<dyn Live>, runtime: &'a Handle) -> Scope<'a> {
        static NONE: BTreeSet<NodeId> = BTreeSet::new();
        Scope {
            project: &self.project,
            graph: &self.graph,
            wanted: &NONE,
            session: &self.session,
            folder: &self.folder,
            warehouse: &self.warehouse,
            existing: &self.existing,
            growing: &self.growing,
            opened: &self.opened,
            runtime,
            live: Some(live),
            before: None,
            present: false,
        }
    }
}
