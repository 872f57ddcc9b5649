//! Rows that tests find wrong, moved out of a table before anybody sees it: which rows these are, as plans over the table.
//! The rows that stay are a query over the rows that came, so that what they are made of is told as of any query.

mod collect;

pub(super) use collect::collect;
pub use collect::is_quarantined;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use datafusion::common::{Column, NullEquality, ScalarValue};
use datafusion::error::Result;
use datafusion::functions::expr_fn::concat_ws;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, LogicalPlanBuilder, col, ident, lit, when};

use crate::jinja::RelationName;
use crate::operators::count_true;
use crate::parse::NodeId;
use crate::plan::questions::{TESTED, Wanted};

/// What the table of moved rows has beside the columns of the table that they were moved out of: the names of the tests
/// that a row failed, the run that moved it, and when that began.
pub const OWN_COLUMNS: [&str; 3] = ["quarantine_reason", "quarantine_run_id", "quarantined_at"];

/// The name of the table that has the rows moved out of another one.
fn quarantine_of(relation: &RelationName) -> RelationName {
    let identifier = format!("{}__quarantine", relation.identifier);
    RelationName::new(relation.database.clone(), relation.schema.clone(), identifier)
}

/// The tests of one table that move rows.
#[derive(Debug, Clone)]
pub struct Quarantine {
    /// Where the rows go.
    pub relation: RelationName,
    /// What must be there before the table is made.
    pub after: BTreeSet<NodeId>,
    rules: Vec<Rule>,
}

/// One test.
#[derive(Debug, Clone)]
struct Rule {
    test: NodeId,
    name: String,
    wanted: Wanted,
}

/// The rows of a table beside what says whether they fail.
struct Judged {
    rows: LogicalPlanBuilder,
    /// Whether a row fails each of the tests; null says no.
    // The engine's physical plans take `is true` for something that may be null, and its logical ones do not.
    fails: Vec<Expr>,
    any: Expr,
    columns: Vec<Expr>,
}

impl Quarantine {
    /// The same with only the tests that are part of a run; nothing where none is.
    pub fn of_run(&self, chosen: &BTreeSet<NodeId>) -> Option<Quarantine> {
        let rules: Vec<Rule> = self.rules.iter().filter(|it| chosen.contains(&it.test)).cloned().collect();
        (!rules.is_empty()).then(|| Quarantine { rules, ..self.clone() })
    }

    /// The tests, in the order of [`Quarantine::counts`].
    pub fn tests(&self) -> impl Iterator<Item = &NodeId> {
        self.rules.iter().map(|it| &it.test)
    }

    /// The rows of a table that fail no test.
    ///
    /// # Errors
    /// The engine can't put the plan together.
    pub fn clean(&self, table: &LogicalPlan) -> Result<LogicalPlan> {
        let Judged { rows, any, columns, .. } = self.judged(table)?;
        rows.filter(any.is_not_true())?.project(columns)?.build()
    }

    /// The rows that fail some test, with the reasons.
    ///
    /// # Errors
    /// The engine can't put the plan together.
    pub fn moved(&self, table: &LogicalPlan, run_id: &str, began: DateTime<Utc>) -> Result<LogicalPlan> {
        let Judged { rows, any, mut columns, fails } = self.judged(table)?;
        let reason = |(rule, fails): (&Rule, Expr)| when(fails, lit(rule.name.as_str())).end();
        let reasons = self.rules.iter().zip(fails).map(reason).collect::<Result<Vec<Expr>>>()?;
        let [reason, run, at] = OWN_COLUMNS;
        columns.push(concat_ws(lit(", "), reasons).alias(reason));
        columns.push(lit(run_id).alias(run));
        let began = ScalarValue::TimestampMicrosecond(Some(began.timestamp_micros()), None);
        columns.push(Expr::Literal(began, None).alias(at));
        rows.filter(any)?.project(columns)?.build()
    }

    /// The rows that fail one test, by its number.
    ///
    /// # Errors
    /// The engine can't put the plan together.
    pub fn failing(&self, table: &LogicalPlan, test: usize) -> Result<LogicalPlan> {
        let Judged { rows, fails, columns, .. } = self.judged(table)?;
        let fails = fails.into_iter().nth(test).unwrap_or_else(|| lit(false));
        rows.filter(fails)?.project(columns)?.build()
    }

    /// One row of numbers: the rows that fail each test, and last those that fail any.
    ///
    /// # Errors
    /// The engine can't put the plan together.
    pub fn counts(&self, table: &LogicalPlan) -> Result<LogicalPlan> {
        let Judged { rows, fails, any, .. } = self.judged(table)?;
        let number = |(at, fails): (usize, Expr)| count_true(fails).alias(format!("fails_{at}"));
        let numbers: Vec<Expr> = fails.into_iter().chain([any]).enumerate().map(number).collect();
        rows.aggregate(Vec::<Expr>::new(), numbers)?.build()
    }

    fn judged(&self, table: &LogicalPlan) -> Result<Judged> {
        let tested = || LogicalPlanBuilder::from(table.clone()).alias(TESTED);
        let mut rows = tested()?;
        let column = |it: &str| Expr::Column(Column::new(Some(TESTED), it)).alias(it);
        let columns = table.schema().fields().iter().map(|it| column(it.name())).collect();
        let mut fails = Vec::new();
        for (at, rule) in self.rules.iter().enumerate() {
            fails.push(match &rule.wanted {
                Wanted::Rows { condition, .. } => condition.clone(),
                Wanted::Repeats { condition, key } => {
                    let name = |part: usize| format!("repeated_{at}_{part}");
                    let keys = key.iter().enumerate().map(|(part, it)| it.clone().alias(name(part)));
                    let number = format!("number_{at}");
                    let names = (0..key.len()).map(|part| ident(name(part)));
                    let repeated = tested()?
                        .filter(condition.clone())?
                        .aggregate(keys.collect::<Vec<_>>(), vec![count(lit(1_i64)).alias(number.as_str())])?
                        .filter(ident(number).gt(lit(1_i64)))?
                        .project(names.collect::<Vec<_>>())?
                        .build()?;
                    let found;
                    (rows, found) = beside(rows, at, key, repeated, NullEquality::NullEqualsNull)?;
                    condition.clone().and(found.is_not_null())
                }
                Wanted::Orphans { condition, key, partners } => {
                    let name = partners.schema().field(0).name().clone();
                    let partners = LogicalPlanBuilder::from(partners.as_ref().clone()).distinct()?;
                    let partners = partners.project(vec![ident(name)])?.build()?;
                    let key = std::slice::from_ref(key.as_ref());
                    let found;
                    (rows, found) = beside(rows, at, key, partners, NullEquality::NullEqualsNothing)?;
                    condition.clone().and(found.is_null())
                }
                // `collect` has refused those.
                Wanted::Totals { .. } => lit(false),
            });
        }
        let any = fails.iter().cloned().reduce(Expr::or).unwrap_or_else(|| lit(false));
        Ok(Judged { rows, fails, any, columns })
    }
}

/// The same rows beside those of some other keys, each of which is there once. Gives the column that is null where a row's
/// key is not among them.
fn beside(
    rows: LogicalPlanBuilder,
    at: usize,
    key: &[Expr],
    others: LogicalPlan,
    nulls: NullEquality,
) -> Result<(LogicalPlanBuilder, Expr)> {
    let (own, other, found) = (
        |part: usize| format!("quarantine_key_{at}_{part}"),
        |part: usize| format!("quarantine_other_{at}_{part}"),
        format!("quarantine_found_{at}"),
    );
    let mut named: Vec<Expr> = others
        .schema()
        .columns()
        .into_iter()
        .enumerate()
        .map(|(part, it)| Expr::Column(it).alias(other(part)))
        .collect();
    named.push(lit(true).alias(found.as_str()));
    let others = LogicalPlanBuilder::from(others).project(named)?.alias(format!("others_{at}"))?.build()?;
    let columns = rows.schema().columns().into_iter().map(Expr::Column);
    let keys = key.iter().enumerate().map(|(part, it)| it.clone().alias(own(part)));
    let rows = rows.project(columns.chain(keys).collect::<Vec<_>>())?;
    let parts = 0..key.len();
    let on = (
        parts.clone().map(|part| Column::new_unqualified(own(part))).collect::<Vec<_>>(),
        parts.map(|part| Column::new(Some(format!("others_{at}")), other(part))).collect::<Vec<_>>(),
    );
    let rows = rows.join_detailed(others, JoinType::Left, on, None, nulls)?;
    Ok((rows, col(Column::new(Some(format!("others_{at}")), found))))
}
