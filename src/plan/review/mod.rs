//! What a query may say and surely doesn't mean: one file for each kind of finding. For a plan whose names are settled
//! and whose types are not, where everything still stands as the user wrote it.
//!
//! Only what is certain whatever the data are is found; what the user did not write, but a function of the dialect did,
//! is passed over. To add a kind: a file in `kinds/`, and its line in [`ALL`].

mod comparison;
mod finding;
mod kinds;
mod times;

pub(super) use finding::{Finding, report};
pub(super) use kinds::{is_readable, kind_of_type};

use std::cell::OnceCell;

use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan};

use comparison::Comparison;
use kinds::ALL;

/// One kind of finding.
trait Review: Sync {
    /// About a step of the plan as a whole.
    fn step(&self, _step: &Step<'_>, _found: &mut Vec<Finding>) {}

    /// About one expression.
    fn expression(&self, _expression: &Expr, _step: &Step<'_>, _found: &mut Vec<Finding>) {}

    /// About a value that is written out, and what it is compared with.
    fn comparison(&self, _comparison: &Comparison<'_>, _step: &Step<'_>, _found: &mut Vec<Finding>) {}
}

/// A step of the plan.
struct Step<'a> {
    node: &'a LogicalPlan,
    schema: OnceCell<DFSchema>,
}

impl Step<'_> {
    /// What the step's expressions can name. Most steps are never asked.
    fn schema(&self) -> &DFSchema {
        self.schema.get_or_init(|| {
            let mut schema = DFSchema::empty();
            self.node.inputs().into_iter().for_each(|it| schema.merge(it.schema()));
            schema
        })
    }
}

/// Looks through a plan once.
///
/// # Errors
/// A comparison that the engine would make and that nobody means, in the engine's own words for those that it refuses.
pub(super) fn review(plan: &LogicalPlan) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    plan.apply_with_subqueries(|node| {
        let step = Step { node, schema: OnceCell::new() };
        times::refuse_in_join(&step)?;
        ALL.iter().for_each(|it| it.step(&step, &mut found));
        node.apply_expressions(|expression| {
            expression.apply(|it| {
                times::refuse(it, &step)?;
                for comparison in comparison::of(it) {
                    ALL.iter().for_each(|review| review.comparison(&comparison, &step, &mut found));
                }
                ALL.iter().for_each(|review| review.expression(it, &step, &mut found));
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(found)
}
