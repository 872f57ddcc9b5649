//! `a join b on a.k is not distinct from b.k where a.v = b.v`: the engine joins such columns with nulls that are equal, and
//! then two of its rules take other equations of the query into the same join, or this one into others. Nulls would be
//! equal where they are not, or the other way round.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{JoinType, NullEquality};
use datafusion::error::Result;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::eliminate_cross_join::EliminateCrossJoin;
use datafusion::optimizer::extract_equijoin_predicate::ExtractEquijoinPredicate;
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

type Rule = Arc<dyn OptimizerRule + Send + Sync>;

/// One of the two rules, which leaves such joins as they are.
#[derive(Debug)]
pub struct PlainEquations(Rule);

impl PlainEquations {
    /// The rule, kept from what it would get wrong.
    pub fn guard(rule: &mut Rule) {
        let names = [ExtractEquijoinPredicate::new().name().to_owned(), EliminateCrossJoin::new().name().to_owned()];
        if names.iter().any(|it| it == rule.name()) {
            *rule = Arc::new(PlainEquations(Arc::clone(rule)));
        }
    }
}

impl OptimizerRule for PlainEquations {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let mixes = match self.apply_order() {
            // It is asked about each step.
            Some(_) => has_equal_nulls(&plan, None),
            // It goes through the plan itself, and puts inner joins together.
            None => has_equal_nulls_within(&plan)?,
        };
        if mixes { Ok(Transformed::no(plan)) } else { self.0.rewrite(plan, config) }
    }
}

fn has_equal_nulls_within(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|it| {
        found |= has_equal_nulls(it, Some(JoinType::Inner));
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

fn has_equal_nulls(plan: &LogicalPlan, of: Option<JoinType>) -> bool {
    let LogicalPlan::Join(join) = plan else { return false };
    join.null_equality == NullEquality::NullEqualsNull && of.is_none_or(|it| it == join.join_type)
}
