//! Window functions that a query has computed twice, as the engine sees when it has simplified them (`sum(1)` of two
//! columns that are never null). Its rule for what is computed twice then leaves them in steps that can't compute them:
//! they get a step of their own.

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Projection, Window};
use datafusion::optimizer::common_subexpr_eliminate::CommonSubexprEliminate;
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

/// Puts each window function in a step that computes it.
#[derive(Debug)]
pub struct SharedWindows;

impl SharedWindows {
    /// Whether a rule is the one after which this one is needed.
    pub fn comes_after(rule: &dyn OptimizerRule) -> bool {
        rule.name() == CommonSubexprEliminate::new().name()
    }
}

impl OptimizerRule for SharedWindows {
    fn name(&self) -> &str {
        "shared_windows"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        match plan {
            LogicalPlan::Projection(projection) if projection.expr.iter().any(has_window) => {
                computed_before(projection)
            }
            LogicalPlan::Window(window) if !window.window_expr.iter().all(has_window) => passed_on(window),
            other => Ok(Transformed::no(other)),
        }
    }
}

fn has_window(expression: &Expr) -> bool {
    expression.exists(|it| Ok(matches!(it, Expr::WindowFunction(_)))).unwrap_or_default()
}

/// Values of which some are window functions: these are computed first.
fn computed_before(projection: Projection) -> Result<Transformed<LogicalPlan>> {
    let mut windows: Vec<Expr> = Vec::new();
    let mut name_of = |window: Expr| {
        let at = windows.iter().position(|it| *it == window).unwrap_or_else(|| {
            windows.push(window);
            windows.len() - 1
        });
        Column::from_name(format!("shared_window_{at}"))
    };
    let mut values = Vec::new();
    for (expression, name) in projection.expr.into_iter().zip(projection.schema.columns()) {
        let replaced = expression.transform_down(|it| match it {
            Expr::WindowFunction(_) => Ok(Transformed::new(Expr::Column(name_of(it)), true, TreeNodeRecursion::Jump)),
            other => Ok(Transformed::no(other)),
        })?;
        values.push(match replaced.transformed {
            true => replaced.data.unalias().alias_qualified(name.relation, name.name),
            false => replaced.data,
        });
    }
    // Windows that come in one order share a step; which ones do, the engine knows.
    let input = LogicalPlanBuilder::window_plan(projection.input.as_ref().clone(), windows.clone())?;
    let computed = windows.iter().map(|it| Column::from_name(it.schema_name().to_string()));
    let named = computed.enumerate().map(|(at, it)| Expr::Column(it).alias(format!("shared_window_{at}")));
    let passed = projection.input.schema().columns().into_iter().map(Expr::Column);
    let named = LogicalPlanBuilder::from(input).project(passed.chain(named))?;
    Ok(Transformed::yes(named.project(values)?.build()?))
}

/// Window functions, some of which have been computed before.
fn passed_on(window: Window) -> Result<Transformed<LogicalPlan>> {
    let names = window.schema.columns();
    let passed = names.iter().take(window.input.schema().fields().len()).cloned().map(Expr::Column);
    let mut values: Vec<Expr> = passed.collect();
    let mut windows = Vec::new();
    for (expression, name) in window.window_expr.into_iter().zip(names.iter().skip(values.len())) {
        if has_window(&expression) {
            windows.push(expression);
            values.push(Expr::Column(name.clone()));
        } else {
            values.push(expression.unalias().alias_qualified(name.relation.clone(), &name.name));
        }
    }
    let mut plan = LogicalPlanBuilder::from(window.input);
    if !windows.is_empty() {
        plan = plan.window(windows)?;
    }
    Ok(Transformed::yes(plan.project(values)?.build()?))
}
