//! Where the operator is put: in place of the engine's, when all its functions are among ours.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::windows::BoundedWindowAggExec;
use datafusion::physical_plan::{ExecutionPlan, InputOrderMode};

use super::function::Function;
use super::operator::SegmentedWindowExec;

/// The rule. Runs after all of the engine's, so that sorting and partitioning are settled.
#[derive(Debug)]
pub struct SegmentedWindows;

impl PhysicalOptimizerRule for SegmentedWindows {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(plan.transform_up(|node| Ok(replaced(node)))?.data)
    }

    fn name(&self) -> &str {
        "segmented_windows"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn replaced(node: Arc<dyn ExecutionPlan>) -> Transformed<Arc<dyn ExecutionPlan>> {
    let Some(window) = node.downcast_ref::<BoundedWindowAggExec>() else { return Transformed::no(node) };
    if window.input_order_mode != InputOrderMode::Sorted || window.partition_keys().is_empty() {
        return Transformed::no(node);
    }
    let functions: Option<Vec<Function>> = window.window_expr().iter().map(|it| Function::of(it.as_ref())).collect();
    match functions {
        Some(functions) => {
            let keys = window.window_expr()[0].partition_by().to_vec();
            Transformed::yes(Arc::new(SegmentedWindowExec::new(node, keys, functions)))
        }
        None => Transformed::no(node),
    }
}
