//! What a test asks of a relation's rows, as something that can be asked together with other questions.

use arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchema, NullEquality, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, BinaryExpr, Cast};
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{
    Aggregate, Expr, ExprSchemable, Join, JoinType, LogicalPlan, LogicalPlanBuilder, Operator, TableScan, lit,
};

use super::flow::{Flow, Origin, flow, substitute};
use crate::data_tests::Alone;
use crate::operators::can_tell_apart;

/// What one test asks of one relation.
#[derive(Debug, Clone)]
pub struct Question {
    /// The relation, as the test's query names it.
    pub scan: TableScan,
    /// What is asked.
    pub wanted: Wanted,
    /// Rows of the answer that are passed over, and how many are taken.
    pub limit: Option<(usize, Option<usize>)>,
}

/// What is asked. Expressions are about the relation's columns, as `tested.<name>`.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// Rows for which a condition holds.
    Rows {
        /// The condition.
        condition: Expr,
        /// Whether each of these rows is one failure. Otherwise only none of them says how many failures there are.
        each: bool,
    },
    /// Keys that occur in several of the rows for which a condition holds.
    Repeats {
        /// The condition.
        condition: Expr,
        /// The key; nulls are equal to one another.
        key: Vec<Expr>,
    },
    /// One failure where numbers about all rows are not as they should be.
    Totals {
        /// The numbers, each under the name that `wrong` has for it.
        numbers: Vec<(Expr, Column)>,
        /// Whether they are wrong.
        wrong: Expr,
    },
    /// Rows for which a condition holds and whose key some other query does not give.
    Orphans {
        /// The condition.
        condition: Expr,
        /// The key.
        key: Box<Expr>,
        /// The query that gives all keys, as its only column.
        partners: Box<LogicalPlan>,
    },
}

impl Question {
    /// The number of failures, where this many rows were found; `None` where that does not tell.
    pub fn failures(&self, found: i64) -> Option<i64> {
        let exact = match &self.wanted {
            Wanted::Rows { each, .. } => *each,
            Wanted::Repeats { .. } => false,
            Wanted::Totals { .. } | Wanted::Orphans { .. } => true,
        };
        if found != 0 && !exact {
            return None;
        }
        let Some((skip, fetch)) = self.limit else { return Some(found) };
        let number = |it: usize| i64::try_from(it).unwrap_or(i64::MAX);
        let left = (found - number(skip)).max(0);
        Some(fetch.map_or(left, |fetch| left.min(number(fetch))))
    }
}

/// What the query of a test asks of one relation.
///
/// # Errors
/// Why it has to be asked as it is.
pub(in crate::plan) fn question(rows: &LogicalPlan) -> Result<Question, Alone> {
    let flow = flow(rows)?;
    let Flow { limit, distinct, conditions, .. } = flow;
    match flow.origin {
        Origin::Relation(scan) => {
            let wanted = Wanted::Rows { condition: all(conditions), each: !distinct };
            Ok(Question { scan, wanted, limit })
        }
        Origin::Groups { of, aggregate } => {
            let wanted = if aggregate.group_expr.is_empty() {
                totals(&of, &aggregate, conditions)?
            } else {
                groups(&of, &aggregate, conditions)?
            };
            Ok(Question { scan: relation(*of)?, wanted, limit })
        }
        Origin::Beside { of, join } => {
            if distinct {
                return Err(Alone::SeveralRelations);
            }
            let wanted = orphans(&of, &join, &conditions)?;
            Ok(Question { scan: relation(*of)?, wanted, limit })
        }
    }
}

fn relation(flow: Flow) -> Result<TableScan, Alone> {
    match flow.origin {
        Origin::Relation(scan) => Ok(scan),
        Origin::Groups { .. } | Origin::Beside { .. } => Err(Alone::Groups),
    }
}

fn all(conditions: Vec<Expr>) -> Expr {
    conjunction(conditions).unwrap_or_else(|| lit(true))
}

/// `select … from relation having …`: one row or none.
fn totals(of: &Flow, aggregate: &Aggregate, conditions: Vec<Expr>) -> Result<Wanted, Alone> {
    let schema = aggregate.input.schema();
    let mut numbers = Vec::new();
    for (expr, name) in aggregate.aggr_expr.iter().zip(aggregate.schema.columns()) {
        let mut expr = of.translate(expr, schema)?;
        let Expr::AggregateFunction(function) = &mut expr else { return Err(Alone::Groups) };
        // Those keep what they have seen, each for itself and without end.
        if function.params.distinct || !function.params.order_by.is_empty() {
            return Err(Alone::Groups);
        }
        let filter = function.params.filter.take().map(|it| *it);
        let filters: Vec<Expr> = of.conditions.iter().cloned().chain(filter).collect();
        function.params.filter = conjunction(filters).map(Box::new);
        numbers.push((expr, name));
    }
    Ok(Wanted::Totals { numbers, wrong: all(conditions) })
}

/// Groups that should not be there: for what their key is, or because they have several rows.
fn groups(of: &Flow, aggregate: &Aggregate, conditions: Vec<Expr>) -> Result<Wanted, Alone> {
    let schema = aggregate.input.schema();
    let key: Result<Vec<Expr>, Alone> = aggregate.group_expr.iter().map(|it| of.translate(it, schema)).collect();
    let key = key?;
    let mut rows = of.conditions.clone();
    let mut repeats = false;
    for condition in conditions {
        if let Some(count) = several(&condition, &aggregate.schema, key.len()) {
            let counted = of.translate(aggregate.aggr_expr.get(count).ok_or(Alone::Groups)?, schema)?;
            rows.extend(counts_rows(&counted)?);
            repeats = true;
            continue;
        }
        let about_keys = |it: &&Column| aggregate.schema.maybe_index_of_column(it).is_some_and(|at| at < key.len());
        if !condition.column_refs().iter().all(about_keys) {
            return Err(Alone::Groups);
        }
        rows.push(substitute(&condition, &aggregate.schema, &key)?);
    }
    if !repeats {
        return Ok(Wanted::Rows { condition: all(rows), each: false });
    }
    let input = of_relation(of)?;
    for expr in &key {
        let data_type = expr.get_type(&input).map_err(|_| Alone::KeyType)?;
        if !can_tell_apart(&data_type) {
            return Err(Alone::KeyType);
        }
    }
    Ok(Wanted::Repeats { condition: all(rows), key })
}

/// The columns that a flow's expressions are about.
fn of_relation(of: &Flow) -> Result<DFSchema, Alone> {
    match &of.origin {
        Origin::Relation(scan) => tested_schema(scan).ok_or(Alone::KeyType),
        Origin::Groups { .. } | Origin::Beside { .. } => Err(Alone::Groups),
    }
}

/// The columns of a relation under the name that questions have for it.
pub(super) fn tested_schema(scan: &TableScan) -> Option<DFSchema> {
    DFSchema::try_from_qualified_schema(super::flow::TESTED, scan.projected_schema.as_arrow()).ok()
}

/// The aggregate that a condition says to be more than one.
fn several(condition: &Expr, schema: &DFSchema, keys: usize) -> Option<usize> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = condition else { return None };
    let (column, op, number) = match (plain(left), plain(right)) {
        (Expr::Column(column), Expr::Literal(number, _)) => (column, *op, number),
        (Expr::Literal(number, _), Expr::Column(column)) => (column, op.swap()?, number),
        _ => return None,
    };
    if !number.data_type().is_integer() {
        return None;
    }
    let ScalarValue::Int64(Some(number)) = number.cast_to(&DataType::Int64).ok()? else { return None };
    let is_several = matches!((op, number), (Operator::Gt, 1) | (Operator::GtEq, 2));
    let at = schema.maybe_index_of_column(column).filter(|_| is_several)?;
    at.checked_sub(keys)
}

/// Without casts between numbers.
fn plain(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(Cast { expr, .. }) => plain(expr),
        Expr::Alias(alias) => plain(&alias.expr),
        other => other,
    }
}

/// What must hold of a row for an aggregate to count it; the aggregate must be a `count`.
fn counts_rows(aggregate: &Expr) -> Result<Vec<Expr>, Alone> {
    let Expr::AggregateFunction(AggregateFunction { func, params }) = aggregate else { return Err(Alone::Groups) };
    if func.name() != "count" || params.distinct || params.filter.is_some() {
        return Err(Alone::Groups);
    }
    match params.args.as_slice() {
        [Expr::Literal(value, _)] if !value.is_null() => Ok(Vec::new()),
        [one] => Ok(vec![one.clone().is_not_null()]),
        _ => Err(Alone::Groups),
    }
}

/// `… left join partners on key = partner where partner is null`: rows without partner.
fn orphans(of: &Flow, join: &Join, conditions: &[Expr]) -> Result<Wanted, Alone> {
    let several = Alone::SeveralRelations;
    if join.join_type != JoinType::Left || join.null_equality != NullEquality::NullEqualsNothing {
        return Err(several);
    }
    let mut pairs: Vec<(Expr, Expr)> = join.on.clone();
    for condition in join.filter.iter().flat_map(split_conjunction) {
        let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = condition else { return Err(several) };
        let is_of = |expr: &Expr, side: &LogicalPlan| {
            let columns = expr.column_refs();
            !columns.is_empty() && columns.iter().all(|it| side.schema().has_column(it))
        };
        if is_of(left, &join.left) && is_of(right, &join.right) {
            pairs.push((left.as_ref().clone(), right.as_ref().clone()));
        } else if is_of(right, &join.left) && is_of(left, &join.right) {
            pairs.push((right.as_ref().clone(), left.as_ref().clone()));
        } else {
            return Err(several);
        }
    }
    let [(key, partner)] = pairs.as_slice() else { return Err(several) };
    // A partner that is there has a key that is not null.
    let Expr::Column(partner_column) = plain(partner) else { return Err(several) };
    let left_count = join.left.schema().fields().len();
    let mut rows = of.conditions.clone();
    let mut without = false;
    for condition in conditions {
        let asks_for_none = match condition {
            Expr::IsNull(inner) => matches!(plain(inner), Expr::Column(it)
                if join.schema.maybe_index_of_column(it).and_then(|at| at.checked_sub(left_count))
                    == join.right.schema().maybe_index_of_column(partner_column)),
            _ => false,
        };
        if asks_for_none {
            without = true;
            continue;
        }
        let is_left = |it: &&Column| join.schema.maybe_index_of_column(it).is_some_and(|at| at < left_count);
        if !condition.column_refs().iter().all(is_left) {
            return Err(several);
        }
        rows.push(substitute(condition, &join.schema, &of.columns)?);
    }
    if !without {
        return Err(several);
    }
    // Values of different types may be equal and yet look different.
    match (key.get_type(join.left.schema()), partner.get_type(join.right.schema())) {
        (Ok(one), Ok(other)) if one == other => {}
        _ => return Err(Alone::PartnerType),
    }
    let key = of.translate(key, join.left.schema())?;
    let partners = LogicalPlanBuilder::from(join.right.as_ref().clone())
        .project(vec![partner.clone().alias("partner")])
        .and_then(LogicalPlanBuilder::build)
        .map_err(|_| several)?;
    Ok(Wanted::Orphans { condition: all(rows), key: Box::new(key), partners: Box::new(partners) })
}
