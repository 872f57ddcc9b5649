//! A query as what it does to the rows of one source: conditions and columns, all in terms of that source.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, TableReference};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Aggregate, Distinct, Expr, FetchType, Join, LogicalPlan, SkipType, TableScan};

use crate::data_tests::Alone;

/// The name that the columns of the one relation have in a flow's expressions.
pub(in crate::plan) const TESTED: &str = "tested";

/// Where a flow's rows come from.
pub(super) enum Origin {
    /// The relation itself. Columns are `tested.<name>`.
    Relation(TableScan),
    /// Groups of the rows of another flow. Columns are those of the aggregation.
    Groups {
        /// What is grouped.
        of: Box<Flow>,
        /// How.
        aggregate: Aggregate,
    },
    /// Rows of another flow beside rows of something else. Columns are those of the join.
    Beside {
        /// The left side.
        of: Box<Flow>,
        /// The join.
        join: Join,
    },
}

/// Rows of an origin, some of them, with computed columns.
pub(super) struct Flow {
    pub(super) origin: Origin,
    /// What each column of the plan is, in terms of the origin.
    pub(super) columns: Vec<Expr>,
    /// What must hold of an origin's row for it to be there.
    pub(super) conditions: Vec<Expr>,
    /// Rows passed over and rows taken, where not all are.
    pub(super) limit: Option<(usize, Option<usize>)>,
    /// Whether of equal rows only one is there.
    pub(super) distinct: bool,
}

impl Flow {
    fn new(origin: Origin, columns: Vec<Expr>) -> Flow {
        Flow { origin, columns, conditions: Vec::new(), limit: None, distinct: false }
    }

    fn whole(self) -> Result<Flow, Alone> {
        if self.limit.is_some() || self.distinct { Err(Alone::TakesSome) } else { Ok(self) }
    }

    /// An expression over a plan's columns, in terms of the origin.
    pub(super) fn translate(&self, expr: &Expr, schema: &DFSchema) -> Result<Expr, Alone> {
        substitute(expr, schema, &self.columns)
    }
}

/// What a plan does to the rows of one relation.
///
/// # Errors
/// Why it can't be told.
pub(super) fn flow(plan: &LogicalPlan) -> Result<Flow, Alone> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            if scan.projection.is_some() || !scan.filters.is_empty() || scan.fetch.is_some() {
                return Err(Alone::TakesSome);
            }
            let column = |name: &String| Expr::Column(Column::new(Some(TableReference::bare(TESTED)), name));
            let columns = scan.projected_schema.fields().iter().map(|it| column(it.name())).collect();
            Ok(Flow::new(Origin::Relation(scan.clone()), columns))
        }
        LogicalPlan::SubqueryAlias(alias) => flow(&alias.input),
        LogicalPlan::Projection(projection) => {
            let below = flow(&projection.input)?;
            let schema = projection.input.schema();
            let columns: Result<Vec<Expr>, Alone> =
                projection.expr.iter().map(|it| below.translate(it, schema)).collect();
            Ok(Flow { columns: columns?, ..below })
        }
        LogicalPlan::Filter(filter) => {
            let mut below = flow(&filter.input)?;
            if below.limit.is_some() {
                return Err(Alone::TakesSome);
            }
            let schema = filter.input.schema();
            for condition in split_conjunction(&filter.predicate) {
                let condition = below.translate(condition, schema)?;
                below.conditions.push(condition);
            }
            Ok(below)
        }
        LogicalPlan::Sort(sort) => {
            let below = flow(&sort.input)?;
            match sort.fetch {
                Some(_) => Err(Alone::TakesSome),
                None => Ok(below),
            }
        }
        LogicalPlan::Limit(limit) => {
            let mut below = flow(&limit.input)?;
            let (Ok(SkipType::Literal(skip)), Ok(FetchType::Literal(fetch))) =
                (limit.get_skip_type(), limit.get_fetch_type())
            else {
                return Err(Alone::TakesSome);
            };
            if below.limit.is_some() {
                return Err(Alone::TakesSome);
            }
            below.limit = Some((skip, fetch));
            Ok(below)
        }
        LogicalPlan::Distinct(Distinct::All(input)) => {
            let mut below = flow(input)?;
            if below.limit.is_some() {
                return Err(Alone::TakesSome);
            }
            below.distinct = true;
            Ok(below)
        }
        LogicalPlan::Aggregate(aggregate) => {
            let of = flow(&aggregate.input)?.whole()?;
            if !matches!(of.origin, Origin::Relation(_)) {
                return Err(Alone::Groups);
            }
            let columns = own_columns(&aggregate.schema);
            Ok(Flow::new(Origin::Groups { of: Box::new(of), aggregate: aggregate.clone() }, columns))
        }
        LogicalPlan::Join(join) => {
            let of = flow(&join.left).map_err(|_| Alone::SeveralRelations)?.whole()?;
            if !matches!(of.origin, Origin::Relation(_)) {
                return Err(Alone::SeveralRelations);
            }
            let columns = own_columns(&join.schema);
            Ok(Flow::new(Origin::Beside { of: Box::new(of), join: join.clone() }, columns))
        }
        LogicalPlan::Window(_) => Err(Alone::ComparesRows),
        LogicalPlan::Union(_) | LogicalPlan::Subquery(_) | LogicalPlan::RecursiveQuery(_) => {
            Err(Alone::SeveralRelations)
        }
        LogicalPlan::EmptyRelation(_) | LogicalPlan::Values(_) => Err(Alone::NoRelation),
        LogicalPlan::Unnest(_) | LogicalPlan::Extension(_) | LogicalPlan::Distinct(Distinct::On(_)) => {
            Err(Alone::ComparesRows)
        }
        LogicalPlan::Repartition(_)
        | LogicalPlan::Statement(_)
        | LogicalPlan::Explain(_)
        | LogicalPlan::Analyze(_)
        | LogicalPlan::Dml(_)
        | LogicalPlan::Ddl(_)
        | LogicalPlan::Copy(_)
        | LogicalPlan::DescribeTable(_) => Err(Alone::SeveralRelations),
    }
}

fn own_columns(schema: &DFSchema) -> Vec<Expr> {
    schema.columns().into_iter().map(Expr::Column).collect()
}

/// Columns of a schema become what they stand for.
pub(super) fn substitute(expr: &Expr, schema: &DFSchema, columns: &[Expr]) -> Result<Expr, Alone> {
    can_be_moved(expr)?;
    let replaced = expr.clone().transform_down(|expr| match &expr {
        Expr::Column(column) => {
            let found = schema.maybe_index_of_column(column).and_then(|at| columns.get(at));
            let found = found.cloned().ok_or_else(|| datafusion::common::plan_datafusion_err!("no {column}"))?;
            // What stands for a column is not looked into: its columns are those of the origin already.
            Ok(Transformed::new(found, true, datafusion::common::tree_node::TreeNodeRecursion::Jump))
        }
        _ => Ok(Transformed::no(expr)),
    });
    let replaced = replaced.map_err(|_| Alone::SeveralRelations)?.data;
    Ok(replaced.unalias_nested().data)
}

/// Whether an expression means the same in another place of the plan.
fn can_be_moved(expr: &Expr) -> Result<(), Alone> {
    let holds = |is: fn(&Expr) -> bool| expr.exists(|it| Ok(is(it))).unwrap_or(true);
    if expr.is_volatile() {
        return Err(Alone::Volatile);
    }
    let has_query = holds(|it| {
        matches!(
            it,
            Expr::Exists(_)
                | Expr::InSubquery(_)
                | Expr::SetComparison(_)
                | Expr::ScalarSubquery(_)
                | Expr::OuterReferenceColumn(..)
        )
    });
    if has_query {
        return Err(Alone::Subquery);
    }
    let compares = holds(|it| {
        matches!(it, Expr::WindowFunction(_) | Expr::GroupingSet(_) | Expr::Unnest(_) | Expr::Placeholder(_))
    });
    if compares { Err(Alone::ComparesRows) } else { Ok(()) }
}
