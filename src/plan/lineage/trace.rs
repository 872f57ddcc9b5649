//! Where each column of a plan comes from, and what decides about its rows: one arm for each kind of plan.
//! For an analysed plan before optimisation: what the optimizer moves and removes is still where the user wrote it.

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion::common::{DFSchema, JoinType, TableReference};
use datafusion::datasource::cte_worktable::CteWorkTable;
use datafusion::datasource::source_as_provider;
use datafusion::functions_table::generate_series::GenerateSeriesTable;
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{
    Aggregate, Distinct, Expr, Join, LogicalPlan, RecursiveQuery, TableScan, TableSource, Unnest,
};
use recursive::recursive;

use crate::lineage::Relation;
use crate::plan::lineage::expressions::{Scope, value};
use crate::plan::lineage::value::{Flow, Tables, Traced, Value};
use crate::plan::subqueries::{is_added, is_added_value};

/// Traces one plan.
pub(super) struct Tracer<'a> {
    pub(super) tables: Tables,
    /// What the names of tables mean.
    relation: &'a dyn Fn(&TableReference) -> Relation,
    /// What is known so far of the recursive queries that are being traced, the innermost last.
    working: Vec<(String, Traced)>,
}

/// The queries around a plan.
#[derive(Clone, Copy, Default)]
struct Around<'a> {
    /// The query that a subquery is in.
    outer: Option<&'a Scope<'a>>,
    /// The left side of the join that a lateral subquery is the right side of.
    beside: Option<&'a Scope<'a>>,
}

impl<'t> Tracer<'t> {
    pub(super) fn new(relation: &'t dyn Fn(&TableReference) -> Relation) -> Tracer<'t> {
        Tracer { tables: Tables::default(), relation, working: Vec::new() }
    }

    /// The rows and columns of a plan that stands on its own.
    pub(super) fn plan(&mut self, plan: &LogicalPlan) -> Traced {
        self.trace(plan, Around::default())
    }

    /// The rows and columns of a subquery in an expression.
    pub(super) fn subquery(&mut self, plan: &LogicalPlan, scope: &Scope<'_>) -> Traced {
        self.trace(plan, Around { outer: Some(scope), beside: None })
    }

    #[recursive]
    fn trace(&mut self, plan: &LogicalPlan, around: Around<'_>) -> Traced {
        match plan {
            LogicalPlan::Projection(it) => {
                let input = self.trace(&it.input, around);
                let columns = self.values(&it.expr, it.input.schema(), &input, around);
                Traced { columns, ..input }
            }
            LogicalPlan::Filter(it) => {
                let input = self.trace(&it.input, around);
                // Rows that are counted off beside others are taken by their order.
                let names = it.predicate.column_refs();
                let counts =
                    !names.is_empty() && names.iter().all(|it| is_added(&it.name) && !is_added_value(&it.name));
                let flow = if counts { Flow::Sort } else { Flow::Filter };
                self.decided(input, flow, [&it.predicate], it.input.schema(), around)
            }
            LogicalPlan::Sort(it) => {
                let input = self.trace(&it.input, around);
                self.decided(input, Flow::Sort, it.expr.iter().map(|it| &it.expr), it.input.schema(), around)
            }
            LogicalPlan::Limit(it) => {
                let input = self.trace(&it.input, around);
                let counts = it.skip.iter().chain(&it.fetch).map(AsRef::as_ref);
                self.decided(input, Flow::Filter, counts, it.input.schema(), around)
            }
            LogicalPlan::Window(it) => {
                let mut input = self.trace(&it.input, around);
                let own = self.values(&it.window_expr, it.input.schema(), &input, around);
                input.columns.extend(own);
                input
            }
            LogicalPlan::Aggregate(it) => self.aggregate(it, around),
            LogicalPlan::Join(it) => self.join(it, around),
            LogicalPlan::Union(it) => {
                let sides = it.inputs.iter().map(|side| self.trace(side, around)).collect::<Vec<_>>();
                union(sides)
            }
            LogicalPlan::TableScan(it) => self.scan(it, around),
            LogicalPlan::EmptyRelation(it) => {
                let columns = it.schema.fields().iter().map(|_| Value::generated()).collect();
                Traced { columns, ..Traced::default() }
            }
            // Only a lateral subquery is a plan of its own; others are in expressions.
            LogicalPlan::Subquery(it) => {
                let around = Around { outer: around.beside.or(around.outer), beside: None };
                self.trace(&it.subquery, around)
            }
            LogicalPlan::SubqueryAlias(it) => self.trace(&it.input, around),
            LogicalPlan::Repartition(it) => self.trace(&it.input, around),
            LogicalPlan::Values(it) => {
                let empty = DFSchema::empty();
                let rows = it.values.iter().map(|row| {
                    let columns = self.values(row, &empty, &Traced::default(), around);
                    Traced { columns, ..Traced::default() }
                });
                union(rows.collect())
            }
            // The values that a query beside rows is asked for: which ones there are, the rows say.
            LogicalPlan::Distinct(Distinct::All(input))
                if input.schema().fields().iter().all(|it| is_added(it.name())) =>
            {
                Traced { columns: self.trace(input, around).columns, ..Traced::default() }
            }
            LogicalPlan::Distinct(Distinct::All(input)) => distinct(self.trace(input, around)),
            LogicalPlan::Distinct(Distinct::On(it)) => {
                let input = self.trace(&it.input, around);
                let schema = it.input.schema();
                let columns = self.values(&it.select_expr, schema, &input, around);
                let input = self.decided(input, Flow::Group, &it.on_expr, schema, around);
                let order = it.sort_expr.iter().flatten().map(|it| &it.expr);
                let input = self.decided(input, Flow::Sort, order, schema, around);
                Traced { columns, ..input }
            }
            LogicalPlan::Unnest(it) => self.unnest(it, around),
            LogicalPlan::RecursiveQuery(it) => self.recursive_query(it, around),
            // No query has these; what nothing is known of comes from everything below.
            LogicalPlan::Statement(_)
            | LogicalPlan::Explain(_)
            | LogicalPlan::Analyze(_)
            | LogicalPlan::Extension(_)
            | LogicalPlan::Dml(_)
            | LogicalPlan::Ddl(_)
            | LogicalPlan::Copy(_)
            | LogicalPlan::DescribeTable(_) => self.unknown(plan, around),
        }
    }

    /// The values of expressions over a plan's columns.
    fn values(&mut self, expressions: &[Expr], schema: &DFSchema, input: &Traced, around: Around<'_>) -> Vec<Value> {
        let scope = Scope { parts: vec![(schema, &input.columns)], outer: around.outer };
        expressions.iter().map(|it| value(self, it, &scope)).collect()
    }

    /// The input, with what the expressions say about its rows.
    fn decided<'a>(
        &mut self,
        mut input: Traced,
        flow: Flow,
        expressions: impl IntoIterator<Item = &'a Expr>,
        schema: &DFSchema,
        around: Around<'_>,
    ) -> Traced {
        for expression in expressions {
            let values = self.values(std::slice::from_ref(expression), schema, &input, around);
            for value in values {
                input.decide(flow, &value);
            }
        }
        input
    }

    fn aggregate(&mut self, aggregate: &Aggregate, around: Around<'_>) -> Traced {
        let input = self.trace(&aggregate.input, around);
        let schema = aggregate.input.schema();
        let groups = grouping_set_to_exprlist(&aggregate.group_expr).unwrap_or_default();
        let groups: Vec<Expr> = groups.into_iter().cloned().collect();
        let mut columns = self.values(&groups, schema, &input, around);
        let own = groups.iter().filter(|it| !is_added_column(it));
        let input = self.decided(input, Flow::Group, own, schema, around);
        let own = self.values(&aggregate.aggr_expr, schema, &input, around);
        // Which of several grouping sets a row is of is a column of its own.
        let between = aggregate.schema.fields().len().saturating_sub(columns.len() + own.len());
        columns.extend((0..between).map(|_| Value::generated()));
        columns.extend(own);
        Traced { columns, ..input }
    }

    fn join(&mut self, join: &Join, around: Around<'_>) -> Traced {
        let left = self.trace(&join.left, around);
        if !join.on.is_empty() && join.on.iter().all(|(row, value)| is_added_column(value) && !is_added_column(row)) {
            return self.beside(left, join, around);
        }
        let (left_schema, right_schema) = (join.left.schema(), join.right.schema());
        let beside = Scope { parts: vec![(left_schema, &left.columns)], outer: around.outer };
        let right = self.trace(&join.right, Around { outer: around.outer, beside: Some(&beside) });
        let parts = vec![(left_schema.as_ref(), &*left.columns), (right_schema.as_ref(), &*right.columns)];
        let scope = Scope { parts, outer: around.outer };
        let conditions = join.on.iter().flat_map(|(left, right)| [left, right]).chain(&join.filter);
        let conditions: Vec<Value> = conditions.map(|it| value(self, it, &scope)).collect();
        let mut columns = match join.join_type {
            JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => right.columns.clone(),
            _ => left.columns.clone(),
        };
        match join.join_type {
            JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => columns.extend(right.columns),
            JoinType::LeftMark | JoinType::RightMark => columns.push(Value::generated()),
            JoinType::LeftSemi | JoinType::LeftAnti | JoinType::RightSemi | JoinType::RightAnti => {}
        }
        let mut joined = Traced { columns, rows: left.rows };
        joined.rows.extend(right.rows);
        let is_beside = left_schema.fields().iter().any(|it| is_added(it.name()));
        let flow = if is_beside { Flow::Filter } else { Flow::Join };
        conditions.iter().for_each(|it| joined.decide(flow, it));
        joined
    }

    /// Rows, each beside what a query gives for it. How they find it says nothing; what decides about a value decides
    /// about no row.
    fn beside(&mut self, left: Traced, join: &Join, around: Around<'_>) -> Traced {
        let mut right = self.trace(&join.right, around);
        let is_value = |it: &FieldRef| is_added_value(it.name());
        let mut joined = left;
        if join.right.schema().fields().iter().any(is_value) {
            for (field, value) in join.right.schema().fields().iter().zip(&mut right.columns) {
                if is_value(field) {
                    value.edges.extend(right.rows.iter().copied());
                }
            }
        } else {
            joined.rows.extend(right.rows);
        }
        joined.columns.extend(right.columns);
        let parts = vec![(join.schema.as_ref(), &*joined.columns)];
        let scope = Scope { parts, outer: around.outer };
        let conditions: Vec<Value> = join.filter.iter().map(|it| value(self, it, &scope)).collect();
        conditions.iter().for_each(|it| joined.decide(Flow::Join, it));
        joined
    }

    fn scan(&mut self, scan: &TableScan, around: Around<'_>) -> Traced {
        let source = scan.source.schema();
        let indices = || match &scan.projection {
            Some(indices) => indices.clone(),
            None => (0..source.fields().len()).collect(),
        };
        let traced = match meaning(&scan.source) {
            Meaning::WorkTable(name) => {
                let known = self.working.iter().rev().find(|(it, _)| *it == name).map(|(_, it)| it.clone());
                let known = known.unwrap_or_default();
                let columns = indices().iter().map(|it| known.columns.get(*it).cloned().unwrap_or_default()).collect();
                Traced { columns, ..known }
            }
            Meaning::Generated => {
                let columns = indices().iter().map(|_| Value::generated()).collect();
                Traced { columns, ..Traced::default() }
            }
            Meaning::Table => {
                let relation = (self.relation)(&scan.table_name);
                let names = source.fields().iter().map(|it| it.name().clone()).collect();
                let table = self.tables.number(relation, names);
                let columns = indices().iter().map(|it| Value::leaf((table, *it))).collect();
                Traced { columns, ..Traced::default() }
            }
        };
        self.decided(traced, Flow::Filter, &scan.filters, &scan.projected_schema, around)
    }

    fn unnest(&mut self, unnest: &Unnest, around: Around<'_>) -> Traced {
        let input = self.trace(&unnest.input, around);
        let lists = unnest.list_type_columns.iter().map(|(index, _)| *index);
        let opened: Vec<usize> = lists.chain(unnest.struct_type_columns.iter().copied()).collect();
        let column = |index: &usize| {
            let known = input.columns.get(*index).cloned().unwrap_or_default();
            if !opened.contains(index) {
                return known;
            }
            let mut value = Value::default();
            value.take(Flow::Transform, &known);
            value
        };
        let columns: Vec<Value> = unnest.dependency_indices.iter().map(column).collect();
        Traced { columns, rows: input.rows }
    }

    /// Each round, the recursive term may bring new origins to what it reads; it is over when it does not.
    fn recursive_query(&mut self, query: &RecursiveQuery, around: Around<'_>) -> Traced {
        let first = self.trace(&query.static_term, around);
        let mut known = first.clone();
        loop {
            self.working.push((query.name.clone(), known.clone()));
            let further = self.trace(&query.recursive_term, around);
            self.working.pop();
            let mut more = union(vec![first.clone(), further]);
            // What is known stays known, so that this comes to an end.
            for (column, known) in more.columns.iter_mut().zip(&known.columns) {
                column.edges.extend(&known.edges);
                column.literal |= known.literal;
                column.generated |= known.generated;
            }
            more.rows.extend(&known.rows);
            if more == known {
                break;
            }
            known = more;
        }
        if query.is_distinct { distinct(known) } else { known }
    }

    fn unknown(&mut self, plan: &LogicalPlan, around: Around<'_>) -> Traced {
        let (mut all, mut rows) = (Value::default(), std::collections::BTreeSet::new());
        for input in plan.inputs() {
            let traced = self.trace(input, around);
            traced.columns.iter().for_each(|it| all.take(Flow::Transform, it));
            rows.extend(traced.rows);
        }
        Traced { columns: vec![all; plan.schema().fields().len()], rows }
    }
}

/// Whether it is a column that rows get for the sake of a query beside them.
pub(super) fn is_added_column(expression: &Expr) -> bool {
    matches!(expression, Expr::Column(it) if is_added(&it.name))
}

/// Rows that are the same in all columns become one.
fn distinct(mut traced: Traced) -> Traced {
    for column in std::mem::take(&mut traced.columns) {
        traced.decide(Flow::Group, &column);
        traced.columns.push(column);
    }
    traced
}

/// Columns at the same place become one.
fn union(sides: Vec<Traced>) -> Traced {
    let mut sides = sides.into_iter();
    let mut whole = sides.next().unwrap_or_default();
    for side in sides {
        whole.rows.extend(side.rows);
        whole.columns.iter_mut().zip(&side.columns).for_each(|(own, other)| own.or(other));
    }
    whole
}

/// What a scan reads.
enum Meaning {
    /// Rows that a recursive query has made so far.
    WorkTable(String),
    /// Rows that come from nowhere.
    Generated,
    /// A table.
    Table,
}

fn meaning(source: &Arc<dyn TableSource>) -> Meaning {
    let Ok(provider) = source_as_provider(source) else { return Meaning::Table };
    if let Some(table) = provider.downcast_ref::<CteWorkTable>() {
        return Meaning::WorkTable(table.name().to_owned());
    }
    match provider.downcast_ref::<GenerateSeriesTable>() {
        Some(_) => Meaning::Generated,
        None => Meaning::Table,
    }
}
