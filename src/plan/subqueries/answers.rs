//! What a query gives for the rows beside which it is asked: it is carried out once for each different combination of the
//! values that it asks for, and the rows find their answers by these values.
//!
//! The rows are read a second time for that. Where they are not the same then (a `limit` without an order), a row finds no
//! answer, and the query ends: no row gets one that is not its own.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{Column, ExprSchema, JoinConstraint, JoinType, NullEquality, NullHandling};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, Join, LogicalPlan, LogicalPlanBuilder, lit};

use super::carried_out::{Beside, Kept};
use super::left_to_engine::Engine;
use super::references::asked_for;
use crate::operators::{holds, row_bytes};

const PREFIX: &str = "beside_row_";
const OTHER_ROWS: &str = "a subquery is asked for rows that are others each time they are read, as those of `limit` without \
                          `order by` or of `row_number` over equal rows; order them by what tells them apart, or make \
                          them a table";

/// What is done to one plan.
#[derive(Debug)]
pub(super) struct Settling {
    pub(super) engine: Engine,
    /// How many queries have been carried out, each with names of its own.
    queries: usize,
}

impl Settling {
    pub(super) fn new(engine: Engine) -> Settling {
        Settling { engine, queries: 0 }
    }

    pub(super) fn next_names(&mut self) -> Names {
        self.queries += 1;
        Names(self.queries)
    }
}

/// The names of what is added to rows, which nobody else has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names(usize);

impl Names {
    /// Of the columns that a query asks for.
    pub(super) fn columns(self, count: usize) -> Vec<Column> {
        (0..count).map(|at| self.named(&at.to_string())).collect()
    }

    /// Whether the query gives a row.
    pub(super) fn is_there(self) -> Column {
        self.named("there")
    }

    /// What the query gives as a value.
    pub(super) fn value(self) -> Column {
        self.named("value")
    }

    /// What tells the values that a query is asked for from others: bytes, so that nulls are equal too.
    fn key(self) -> Column {
        self.named("key")
    }

    fn is_known(self) -> Column {
        self.named("known")
    }

    fn named(self, what: &str) -> Column {
        Column::from_name(format!("{PREFIX}{}_{what}", self.0))
    }
}

/// Whether a column is one that rows get for the sake of a query beside them.
pub(in crate::plan) fn is_added(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Whether a column is what a query gives as a value.
pub(in crate::plan) fn is_added_value(name: &str) -> bool {
    is_added(name) && name.ends_with("_value")
}

/// The rows of a query, with the values that it was asked for.
pub(super) struct Answers {
    pub(super) plan: LogicalPlan,
    pub(super) names: Names,
    /// The columns of the rows beside, in the order of their names in the answers.
    columns: Vec<Column>,
}

/// Carries out a query for rows; `None` where that can't be.
pub(super) fn answers(
    rows: &LogicalPlan,
    query: &LogicalPlan,
    kept: Kept,
    settling: &mut Settling,
) -> Result<Option<Answers>> {
    let known = rows.schema().columns();
    let columns: Vec<Column> = asked_for(query).into_iter().filter(|it| known.contains(it)).collect();
    if columns.is_empty() || !is_repeatable(rows) {
        return Ok(None);
    }
    let names = settling.next_names();
    let mut taken_along = names.columns(columns.len());
    taken_along.push(names.key());
    let beside = Beside {
        rows: values(rows, &columns, &taken_along)?,
        columns: &columns,
        taken_along: &taken_along,
        is_there: names.is_there(),
        of_no_items: NullHandling::Drop,
    };
    let Some(plan) = beside.carry_out(query, kept)? else { return Ok(None) };
    // Queries within it that have asked for the same columns ask its own rows now.
    let plan = super::settle_all(plan, settling)?;
    Ok(Some(Answers { plan, names, columns }))
}

impl Answers {
    /// The values that were asked for, and what tells them apart.
    pub(super) fn taken_along(&self) -> Vec<Column> {
        let asked = self.names.columns(self.columns.len());
        asked.into_iter().chain([self.names.key()]).collect()
    }

    /// The rows, each beside the answers to it that meet a condition, or beside nulls.
    pub(super) fn beside(self, rows: LogicalPlan, condition: Option<Expr>) -> Result<LogicalPlan> {
        // Not as columns that are equal where both are null: the engine takes all equations of such a join for that.
        let key = row_bytes(self.columns.into_iter().map(Expr::Column).collect());
        let on = vec![(key, Expr::Column(self.names.key()))];
        Ok(LogicalPlan::Join(Join::try_new(
            rows.into(),
            self.plan.into(),
            on,
            condition,
            JoinType::Left,
            JoinConstraint::On,
            NullEquality::NullEqualsNothing,
            false,
        )?))
    }

    /// The same where there is an answer to each row, be it that there is none.
    pub(super) fn beside_all(mut self, rows: LogicalPlan) -> Result<LogicalPlan> {
        let is_known = self.names.is_known();
        let all = self.plan.schema().columns().into_iter().map(Expr::Column);
        let known = all.chain([lit(true).alias(&is_known.name)]);
        self.plan = LogicalPlanBuilder::from(self.plan).project(known)?.build()?;
        let is_found = holds(Expr::Column(is_known).is_not_null(), OTHER_ROWS);
        LogicalPlanBuilder::from(self.beside(rows, None)?).filter(is_found)?.build()
    }
}

/// The different combinations of values in columns of rows, and their keys. More of them than there are do no harm.
fn values(rows: &LogicalPlan, columns: &[Column], names: &[Column]) -> Result<LogicalPlan> {
    let (rows, columns) = before_order(rows, columns.to_vec());
    let key = row_bytes(columns.iter().cloned().map(Expr::Column).collect());
    let values = columns.iter().map(|it| {
        Ok(match rows.schema().data_type(it)? {
            // There is one zero.
            DataType::Float64 => Expr::Column(it.clone()) + lit(0.0_f64),
            DataType::Float32 => Expr::Column(it.clone()) + lit(0.0_f32),
            _ => Expr::Column(it.clone()),
        })
    });
    let values = values.chain([Ok(key)]).collect::<Result<Vec<Expr>>>()?;
    let named = values.into_iter().zip(names).map(|(it, name)| it.alias(&name.name));
    LogicalPlanBuilder::from(rows.clone()).project(named)?.distinct()?.build()
}

/// Where columns come from that steps pass on: what orders rows, counts them or takes the first ones adds no values.
fn before_order(rows: &LogicalPlan, columns: Vec<Column>) -> (&LogicalPlan, Vec<Column>) {
    let from = |input: &LogicalPlan, of: &dyn Fn(usize) -> Option<Column>| {
        let schema = rows.schema();
        let traced = columns.iter().map(|it| of(schema.index_of_column(it).ok()?));
        traced.collect::<Option<Vec<Column>>>().filter(|it| it.iter().all(|it| input.schema().has_column(it)))
    };
    let (input, traced) = match rows {
        LogicalPlan::Sort(it) => (&it.input, Some(columns.clone())),
        LogicalPlan::Limit(it) => (&it.input, Some(columns.clone())),
        LogicalPlan::Window(it) => (&it.input, from(&it.input, &|at| it.input.schema().columns().into_iter().nth(at))),
        LogicalPlan::SubqueryAlias(it) => {
            (&it.input, from(&it.input, &|at| it.input.schema().columns().into_iter().nth(at)))
        }
        LogicalPlan::Projection(it) => (
            &it.input,
            from(&it.input, &|at| match it.expr.get(at)?.clone().unalias() {
                Expr::Column(column) => Some(column),
                _ => None,
            }),
        ),
        _ => return (rows, columns),
    };
    match traced {
        Some(traced) => before_order(input, traced),
        None => (rows, columns),
    }
}

/// Whether rows are the same when they are read again, as far as functions are concerned.
fn is_repeatable(rows: &LogicalPlan) -> bool {
    let changes = |it: &LogicalPlan| it.expressions().iter().any(Expr::is_volatile);
    !rows.exists(|it| Ok(changes(it))).unwrap_or(true)
}
