//! Many questions about one relation as one plan, with one scan: a row of numbers, one for each question.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, TableReference};
use datafusion::error::Result;
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableSource, lit, when};

use super::flow::TESTED;
use super::question::{Question, Wanted};
use crate::operators::{KnownKeys, count_true, may_repeat, rises};
use crate::parse::NodeId;
use crate::plan::project::TestPlan;

/// A question, with what has to be known to ask it.
pub struct Asked<'a> {
    /// The question.
    pub question: &'a Question,
    /// For [`Wanted::Orphans`], the keys that the other query gives.
    pub partners: Option<Arc<KnownKeys>>,
    /// For [`Wanted::Repeats`], whether the relation's rows come sorted by the key.
    pub sorted: bool,
}

/// Tests that ask the same relation, each relation with a number. Those that have to be asked alone are in none.
pub fn groups(tests: &BTreeMap<NodeId, TestPlan>) -> BTreeMap<NodeId, usize> {
    let mut sources: Vec<&Arc<dyn TableSource>> = Vec::new();
    let mut groups = BTreeMap::new();
    for (id, test) in tests {
        let Ok(question) = &test.question else { continue };
        let source = &question.scan.source;
        let known = sources.iter().position(|it| Arc::ptr_eq(it, source));
        let number = known.unwrap_or_else(|| {
            sources.push(source);
            sources.len() - 1
        });
        groups.insert(id.clone(), number);
    }
    groups
}

/// One plan for questions about one relation. It gives one row, with a number for each question: rows found, groups
/// found, or 1 for 'yes'. See [`Question::failures`] for what it means. Nothing where nothing is asked.
///
/// # Errors
/// A question that can't be asked after all.
pub fn shared_scan(asked: &[Asked<'_>]) -> Result<Option<LogicalPlan>> {
    let Some(first) = asked.first() else { return Ok(None) };
    let mut aggregates = Vec::new();
    let mut numbers = Vec::new();
    for (at, asked) in asked.iter().enumerate() {
        let name = |part: usize| format!("question_{at}_{part}");
        let column = |part: usize| Expr::Column(Column::new_unqualified(name(part)));
        let number = match &asked.question.wanted {
            Wanted::Rows { condition, .. } => {
                aggregates.push(count_true(condition.clone()).alias(name(0)));
                column(0)
            }
            Wanted::Repeats { condition, key } if asked.sorted && key.len() == 1 => {
                let key = key.first().cloned().unwrap_or_else(|| lit(true));
                aggregates.push(rises(condition.clone(), key).alias(name(0)));
                as_number(column(0).is_not_true())
            }
            Wanted::Repeats { condition, key } => {
                aggregates.push(may_repeat(condition.clone(), key.clone()).alias(name(0)));
                as_number(column(0))
            }
            Wanted::Orphans { condition, key, .. } => {
                let known = asked.partners.as_ref().map(|it| it.contains(key.as_ref().clone()));
                let orphan = known.unwrap_or_else(|| lit(false)).is_not_true();
                aggregates.push(count_true(condition.clone().and(orphan)).alias(name(0)));
                column(0)
            }
            Wanted::Totals { numbers, wrong } => {
                let mut columns: BTreeMap<&Column, Expr> = BTreeMap::new();
                for (part, (number, named)) in numbers.iter().enumerate() {
                    aggregates.push(number.clone().alias(name(part)));
                    columns.insert(named, column(part));
                }
                let wrong = renamed(wrong, &columns)?;
                when(wrong, lit(1_i64)).otherwise(lit(0_i64))?
            }
        };
        numbers.push(number.alias(format!("question_{at}")));
    }
    let scan = LogicalPlan::TableScan(first.question.scan.clone());
    let tested = LogicalPlanBuilder::from(scan).alias(TableReference::bare(TESTED))?;
    let plan = tested.aggregate(Vec::<Expr>::new(), aggregates)?.project(numbers)?.build()?;
    Ok(Some(plan))
}

fn as_number(yes: Expr) -> Expr {
    Expr::Cast(Cast::new(Box::new(yes), DataType::Int64))
}

fn renamed(expr: &Expr, columns: &BTreeMap<&Column, Expr>) -> Result<Expr> {
    let renamed = expr.clone().transform_up(|expr| match &expr {
        Expr::Column(column) => match columns.get(column) {
            Some(other) => Ok(Transformed::yes(other.clone())),
            None => Ok(Transformed::no(expr)),
        },
        _ => Ok(Transformed::no(expr)),
    });
    Ok(renamed?.data)
}
