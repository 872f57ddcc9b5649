//! `count(distinct a), sum(b)` in two steps, with the types that were planned.
//!
//! The engine's rule sums sums, and a sum of decimals has more digits than what it sums: the plan above, which is settled
//! by then, would find columns of other types than it was planned for.

use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};
use datafusion::optimizer::single_distinct_to_groupby::SingleDistinctToGroupBy;
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

/// The engine's rule, whose result has the types of what it replaces.
#[derive(Debug, Default)]
pub struct KeptTypes(SingleDistinctToGroupBy);

impl KeptTypes {
    /// Whether a rule is the one that this takes the place of.
    pub fn replaces(rule: &dyn OptimizerRule) -> bool {
        rule.name() == SingleDistinctToGroupBy::new().name()
    }
}

impl OptimizerRule for KeptTypes {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let planned = plan.schema().clone();
        let rewritten = self.0.rewrite(plan, config)?;
        let same_types =
            |(old, new): (&arrow::datatypes::FieldRef, &arrow::datatypes::FieldRef)| old.data_type() == new.data_type();
        let new = rewritten.data.schema();
        if !rewritten.transformed || planned.fields().iter().zip(new.fields()).all(same_types) {
            return Ok(rewritten);
        }
        let column = |(old, new): ((Option<&_>, &arrow::datatypes::FieldRef), Expr)| {
            let (qualifier, field): (Option<&datafusion::common::TableReference>, _) = old;
            cast(new, field.data_type().clone()).alias_qualified(qualifier.cloned(), field.name())
        };
        let columns = new.columns().into_iter().map(Expr::Column);
        let columns: Vec<Expr> = planned.iter().zip(columns).map(column).collect();
        Ok(Transformed::yes(LogicalPlanBuilder::from(rewritten.data).project(columns)?.build()?))
    }
}
