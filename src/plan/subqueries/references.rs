//! Which columns of the rows beside a query asks for, at whatever depth, and how it asks for them under other names.
//! A name means the nearest query that has it, as in SQL.

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchemaRef};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{Exists, InSubquery, SetComparison};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, Subquery};

/// The columns that a plan asks for and does not have, each once, in the order in which it names them.
pub(super) fn asked_for(plan: &LogicalPlan) -> Vec<Column> {
    let mut asked = Vec::new();
    collect(plan, None, &mut asked);
    asked
}

/// The same for a step's expressions alone.
pub(super) fn asked_by_step(plan: &LogicalPlan) -> Vec<Column> {
    let mut asked = Vec::new();
    let within = schemas(plan);
    plan.expressions().iter().for_each(|it| collect_from(it, &within, &mut asked));
    asked
}

fn collect(plan: &LogicalPlan, beside: Option<&DFSchemaRef>, asked: &mut Vec<Column>) {
    let mut add = |it: Column| {
        if !asked.contains(&it) {
            asked.push(it);
        }
    };
    match plan {
        // What stands before it in `from` is nearer than the query around.
        LogicalPlan::Subquery(query) => {
            let further =
                asked_for(&query.subquery).into_iter().filter(|it| !beside.is_some_and(|schema| has(schema, it)));
            further.for_each(add);
        }
        LogicalPlan::Join(join) => {
            asked_by_step(plan).into_iter().for_each(&mut add);
            collect(&join.left, beside, asked);
            collect(&join.right, Some(join.left.schema()), asked);
        }
        _ => {
            asked_by_step(plan).into_iter().for_each(&mut add);
            plan.inputs().into_iter().for_each(|it| collect(it, beside, asked));
        }
    }
}

fn collect_from(expression: &Expr, within: &[DFSchemaRef], asked: &mut Vec<Column>) {
    // Nothing in the visit fails.
    let _ = expression.apply(|it| {
        let found = match it {
            Expr::OuterReferenceColumn(_, column) => vec![column.clone()],
            other => match query_of(other) {
                Some(query) => asked_for(&query.subquery)
                    .into_iter()
                    .filter(|it| !within.iter().any(|schema| has(schema, it)))
                    .collect(),
                None => Vec::new(),
            },
        };
        for column in found {
            if !asked.contains(&column) {
                asked.push(column);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
}

/// The query that an expression asks.
pub(super) fn query_of(expression: &Expr) -> Option<&Subquery> {
    match expression {
        Expr::ScalarSubquery(query) => Some(query),
        Expr::Exists(Exists { subquery, .. })
        | Expr::InSubquery(InSubquery { subquery, .. })
        | Expr::SetComparison(SetComparison { subquery, .. }) => Some(subquery),
        _ => None,
    }
}

fn schemas(plan: &LogicalPlan) -> Vec<DFSchemaRef> {
    plan.inputs().iter().map(|it| DFSchemaRef::clone(it.schema())).collect()
}

fn has(schema: &DFSchemaRef, column: &Column) -> bool {
    schema.iter().any(|(table, field)| table == column.relation.as_ref() && *field.name() == column.name)
}

/// New names for columns of the rows beside.
#[derive(Debug, Clone)]
pub(super) struct Renamed {
    pairs: Vec<(Column, Column)>,
}

impl Renamed {
    pub(super) fn new(columns: &[Column], names: &[Column]) -> Renamed {
        Renamed { pairs: columns.iter().cloned().zip(names.iter().cloned()).collect() }
    }

    fn find(&self, column: &Column) -> Option<&Column> {
        self.pairs.iter().find(|(it, _)| it == column).map(|(_, name)| name)
    }

    fn without(&self, nearer: &[DFSchemaRef]) -> Renamed {
        let is_further = |(column, _): &&(Column, Column)| !nearer.iter().any(|schema| has(schema, column));
        Renamed { pairs: self.pairs.iter().filter(is_further).cloned().collect() }
    }

    /// What an expression of a step asks of the row beside, it asks of a row's own columns; `within` is what the step
    /// reads. Queries in the expression ask the step.
    pub(super) fn of_own_row(&self, expression: Expr, within: &[DFSchemaRef]) -> Result<Expr> {
        self.rewritten(expression, within, &|_, name| Expr::Column(name))
    }

    /// The same plan, which asks for the new names.
    pub(super) fn passed_on(&self, plan: &LogicalPlan) -> Result<LogicalPlan> {
        self.passed_within(plan, None)
    }

    /// The same for what stands beside a plan and may ask for its columns too.
    pub(super) fn passed_on_beside(&self, plan: &LogicalPlan, left: &DFSchemaRef) -> Result<LogicalPlan> {
        self.passed_within(plan, Some(left))
    }

    fn passed_within(&self, plan: &LogicalPlan, beside: Option<&DFSchemaRef>) -> Result<LogicalPlan> {
        if let LogicalPlan::Subquery(query) = plan {
            let nearer: Vec<DFSchemaRef> = beside.into_iter().cloned().collect();
            return Ok(LogicalPlan::Subquery(self.without(&nearer).in_query(query)?));
        }
        let names = NamePreserver::new(plan);
        let within = schemas(plan);
        let renamed = plan.clone().map_expressions(|expression| {
            let name = names.save(&expression);
            let renamed = self.rewritten(expression, &within, &Expr::OuterReferenceColumn)?;
            Ok(Transformed::yes(name.restore(renamed)))
        })?;
        let left = match plan {
            LogicalPlan::Join(join) => Some(join.left.schema()),
            _ => None,
        };
        let mut number = 0;
        let passed = renamed.data.map_children(|child| {
            number += 1;
            let beside = if number == 2 { left.or(beside) } else { beside };
            Ok(Transformed::yes(self.passed_within(&child, beside)?))
        })?;
        Ok(passed.data)
    }

    fn rewritten(
        &self,
        expression: Expr,
        within: &[DFSchemaRef],
        put: &dyn Fn(arrow::datatypes::FieldRef, Column) -> Expr,
    ) -> Result<Expr> {
        let in_queries = self.without(within);
        let rewritten = expression.transform_up(|it| {
            Ok(Transformed::yes(match it {
                Expr::OuterReferenceColumn(field, column) => match self.find(&column) {
                    Some(name) => put(field, name.clone()),
                    None => Expr::OuterReferenceColumn(field, column),
                },
                Expr::ScalarSubquery(query) => Expr::ScalarSubquery(in_queries.in_query(&query)?),
                Expr::Exists(test) => {
                    Expr::Exists(Exists { subquery: in_queries.in_query(&test.subquery)?, negated: test.negated })
                }
                Expr::InSubquery(mut test) => {
                    test.subquery = in_queries.in_query(&test.subquery)?;
                    Expr::InSubquery(test)
                }
                Expr::SetComparison(mut test) => {
                    test.subquery = in_queries.in_query(&test.subquery)?;
                    Expr::SetComparison(test)
                }
                other => return Ok(Transformed::no(other)),
            }))
        })?;
        Ok(rewritten.data)
    }

    fn in_query(&self, query: &Subquery) -> Result<Subquery> {
        let asked = query.outer_ref_columns.iter().cloned();
        let outer_ref_columns = asked.map(|it| self.rewritten(it, &[], &Expr::OuterReferenceColumn));
        Ok(Subquery {
            subquery: self.passed_on(&query.subquery)?.into(),
            outer_ref_columns: outer_ref_columns.collect::<Result<Vec<Expr>>>()?,
            spans: query.spans.clone(),
        })
    }
}
