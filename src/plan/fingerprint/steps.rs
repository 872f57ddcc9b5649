//! The steps of a plan, one function each; joins have a file of their own.

use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::datasource::source_as_provider;
use datafusion::functions_table::generate_series::GenerateSeriesTable;
use datafusion::logical_expr::{
    Aggregate, Distinct, Expr, Limit, LogicalPlan, RecursiveQuery, Sort, SortExpr, TableScan, Union, Unnest, Window,
};

use recursive::recursive;

use super::expressions::At;
use super::shape::Shape;
use super::{Leaves, Untold, Walk};
use crate::plan::relation::{PlannedTable, PlannedView};
use crate::reuse::{Digest, Identity};

/// Aggregates that give the same in whatever order rows come.
const UNORDERED: [&str; 10] =
    ["avg", "bit_and", "bit_or", "bit_xor", "bool_and", "bool_or", "count", "max", "min", "sum"];

impl Walk<'_> {
    /// What a plan gives.
    #[recursive]
    pub(super) fn shape(&mut self, plan: &LogicalPlan) -> Result<Shape, Untold> {
        match plan {
            LogicalPlan::Projection(it) => {
                let input = self.shape(&it.input)?;
                let columns = self.all(&it.expr, &At::new(it.input.schema(), &input))?;
                Ok(input.with_columns(columns))
            }
            LogicalPlan::Filter(it) => {
                let input = self.shape(&it.input)?;
                let conditions = self.conditions(&it.predicate, &At::new(it.input.schema(), &input))?;
                Ok(input.filtered(conditions))
            }
            LogicalPlan::Window(it) => self.window(it),
            LogicalPlan::Aggregate(it) => self.aggregate(it),
            LogicalPlan::Sort(it) => self.sort(it),
            LogicalPlan::Join(it) => self.join(it),
            LogicalPlan::Repartition(it) => self.shape(&it.input),
            LogicalPlan::Union(it) => self.union(it),
            LogicalPlan::TableScan(it) => self.scan(it),
            LogicalPlan::EmptyRelation(it) => {
                let rows = Digest::text("empty", if it.produce_one_row { "one row" } else { "no row" });
                let columns = it.schema.fields().iter().map(|_| Digest::text("empty", "column")).collect();
                Ok(Shape::new(rows, columns))
            }
            LogicalPlan::Subquery(it) => self.shape(&it.subquery),
            LogicalPlan::SubqueryAlias(it) => self.shape(&it.input),
            LogicalPlan::Limit(it) => self.limit(it),
            LogicalPlan::Values(it) => {
                let count = it.values.len();
                let nothing = Shape::new(Digest::text("values", "none"), Vec::new());
                let mut columns = Vec::new();
                for column in 0..it.schema.fields().len() {
                    let values: Vec<Expr> = it.values.iter().filter_map(|row| row.get(column).cloned()).collect();
                    columns.push(Digest::of("values", &self.all(&values, &At::new(&it.schema, &nothing))?));
                }
                Ok(Shape::new(Digest::text("values", &count.to_string()), columns))
            }
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let input = self.shape(input)?;
                for column in &input.columns {
                    self.is_read(column);
                }
                let parts = std::iter::once(input.rows()).chain(input.columns.iter().cloned());
                let rows = Digest::of("distinct", &parts.collect::<Vec<_>>());
                Ok(Shape::new(rows, input.columns))
            }
            LogicalPlan::Distinct(Distinct::On(it)) => {
                let input = self.shape(&it.input)?;
                let at = At::new(it.input.schema(), &input);
                let on = Digest::of("on", &self.all(&it.on_expr, &at)?);
                let order = self.order(it.sort_expr.as_deref().unwrap_or_default(), &at)?;
                let columns = self.all(&it.select_expr, &at)?;
                let rows = Digest::of("distinct on", [&input.rows_in_order(), &on, &order]);
                Ok(Shape::new(rows, columns).sorted(Some(order)))
            }
            LogicalPlan::Unnest(it) => self.unnest(it),
            LogicalPlan::RecursiveQuery(it) => self.recursive(it),
            LogicalPlan::Analyze(_)
            | LogicalPlan::Copy(_)
            | LogicalPlan::Ddl(_)
            | LogicalPlan::DescribeTable(_)
            | LogicalPlan::Dml(_)
            | LogicalPlan::Explain(_)
            | LogicalPlan::Extension(_)
            | LogicalPlan::Statement(_) => Err(Untold("it is more than a query".to_owned())),
        }
    }

    fn window(&mut self, it: &Window) -> Result<Shape, Untold> {
        let mut input = self.shape(&it.input)?;
        let computed = self.all(&it.window_expr, &At::new(it.input.schema(), &input))?;
        // What a window function gives depends on all rows that are there at this step.
        let rows = input.rows_in_order();
        input.columns.extend(computed.iter().map(|it| Digest::of("window", [&rows, it])));
        Ok(input)
    }

    fn aggregate(&mut self, it: &Aggregate) -> Result<Shape, Untold> {
        let input = self.shape(&it.input)?;
        let at = At::new(it.input.schema(), &input);
        let (groups, mut columns) = match it.group_expr.as_slice() {
            [Expr::GroupingSet(set)] => {
                let parts = set.distinct_expr().into_iter().cloned().collect::<Vec<_>>();
                let mut columns = self.all(&parts, &at)?;
                columns.push(Digest::text("aggregate", "grouping id"));
                (self.expression(&it.group_expr[0], &at)?, columns)
            }
            plain => {
                let columns = self.all(plain, &at)?;
                (Digest::of_set("groups", &columns), columns)
            }
        };
        let rows = input.rows();
        for aggregate in &it.aggr_expr {
            let digest = self.expression(aggregate, &at)?;
            let over = if is_ordered(aggregate) { input.rows_in_order() } else { rows.clone() };
            columns.push(Digest::of("aggregate", [&over, &digest]));
        }
        Ok(Shape::new(Digest::of("groups", [&rows, &groups]), columns))
    }

    fn sort(&mut self, it: &Sort) -> Result<Shape, Untold> {
        let input = self.shape(&it.input)?;
        let order = self.order(&it.expr, &At::new(it.input.schema(), &input))?;
        let input = input.sorted(Some(order));
        Ok(match it.fetch {
            None => input,
            Some(fetch) => limited(input, &[Digest::text("fetch", &fetch.to_string())]),
        })
    }

    fn limit(&mut self, it: &Limit) -> Result<Shape, Untold> {
        let input = self.shape(&it.input)?;
        let at = At::new(it.input.schema(), &input);
        let mut parts = Vec::new();
        for (kind, part) in [("skip", &it.skip), ("fetch", &it.fetch)] {
            if let Some(part) = part {
                parts.push(Digest::of(kind, [&self.expression(part, &at)?]));
            }
        }
        Ok(limited(input, &parts))
    }

    fn union(&mut self, it: &Union) -> Result<Shape, Untold> {
        let mut branches = Vec::new();
        for input in &it.inputs {
            let shape = self.shape(input)?;
            branches.push((shape.rows(), shape.columns));
        }
        // In whatever order they are written: the same for all columns.
        branches.sort();
        let rows = Digest::of("union", branches.iter().map(|(rows, _)| rows));
        let mut columns = Vec::new();
        for at in 0..it.schema.fields().len() {
            let of: Vec<Digest> = branches.iter().filter_map(|(_, columns)| columns.get(at).cloned()).collect();
            let digest = Digest::of("union", &of);
            for one in &of {
                self.same_as(digest.clone(), one);
            }
            columns.push(digest);
        }
        Ok(Shape::new(rows, columns))
    }

    fn unnest(&mut self, it: &Unnest) -> Result<Shape, Untold> {
        let input = self.shape(&it.input)?;
        let column = |at: usize| input.columns.get(at).cloned().unwrap_or_else(|| Digest::text("unnest", "none"));
        let lists = it
            .list_type_columns
            .iter()
            .map(|(at, list)| Digest::of("list", [&column(*at), &Digest::text("depth", &list.depth.to_string())]));
        let lists = Digest::of("lists", &lists.collect::<Vec<_>>());
        let options = Digest::text("options", &format!("{:?}", it.options));
        let mut columns = Vec::new();
        for ((_, field), at) in it.schema.iter().zip(&it.dependency_indices) {
            let of = column(*at);
            self.is_read(&of);
            let unnested = it
                .list_type_columns
                .iter()
                .find(|(from, list)| from == at && (list.output_column.name() == field.name()));
            columns.push(match unnested {
                Some((_, list)) => Digest::of("unnested", [&of, &Digest::text("depth", &list.depth.to_string())]),
                None if it.struct_type_columns.contains(at) => {
                    Digest::of("member", [&of, &Digest::text("name", field.name())])
                }
                None => of,
            });
        }
        Ok(Shape::new(Digest::of("unnest", [&input.rows(), &lists, &options]), columns))
    }

    fn recursive(&mut self, it: &RecursiveQuery) -> Result<Shape, Untold> {
        let first = self.shape(&it.static_term)?.all();
        self.recursive.push(it.name.clone());
        let next = self.shape(&it.recursive_term).map(|it| it.all());
        self.recursive.pop();
        let kind = if it.is_distinct { "recursive distinct" } else { "recursive" };
        let rows = Digest::of(kind, [&first, &next?]);
        let columns = numbered(&rows.to_string(), it.schema.fields().len());
        Ok(Shape::new(rows, columns))
    }

    fn scan(&mut self, it: &TableScan) -> Result<Shape, Untold> {
        let whole = self.table(it)?;
        let columns = match &it.projection {
            None => whole.columns.clone(),
            Some(chosen) => chosen.iter().filter_map(|at| whole.columns.get(*at).cloned()).collect(),
        };
        let mut shape = whole.with_columns(columns);
        for filter in &it.filters {
            let conditions = self.conditions(filter, &At::new(&it.projected_schema, &shape))?;
            shape = shape.filtered(conditions);
        }
        Ok(match it.fetch {
            None => shape,
            Some(fetch) => limited(shape, &[Digest::text("fetch", &fetch.to_string())]),
        })
    }

    /// A table with all its columns.
    fn table(&mut self, it: &TableScan) -> Result<Shape, Untold> {
        let schema = it.source.schema();
        let names: Vec<&str> = schema.fields().iter().map(|it| it.name().as_str()).collect();
        let provider = source_as_provider(&it.source).ok();
        if let Some(series) = provider.as_ref().and_then(|it| it.downcast_ref::<GenerateSeriesTable>()) {
            let rows = Digest::text("series", &format!("{series:?}"));
            let columns = numbered(&rows.to_string(), names.len());
            return Ok(Shape::new(rows, columns));
        }
        if let Some(work) = provider.as_ref().and_then(|it| it.downcast_ref::<CteWorkTable>()) {
            let depth = self.recursive.iter().rposition(|name| name == work.name());
            let rows = Digest::text("recursion", &depth.unwrap_or_default().to_string());
            let columns = numbered(&rows.to_string(), names.len());
            return Ok(Shape::new(rows, columns));
        }
        let known = match self.leaves {
            Leaves::Named(name) => {
                let name = name(&it.table_name);
                let columns = names.iter().map(|it| (*it, String::new()));
                let identity = Identity::of_whole(&Digest::text("name", &name), columns);
                return self.leaf(&name, &identity, &names);
            }
            Leaves::Identified(known) => known,
        };
        if let Some(view) = it.source.downcast_ref::<PlannedView>() {
            return self.view(&it.table_name.to_string(), view);
        }
        let found = match (it.source.downcast_ref::<PlannedTable>(), provider) {
            (Some(planned), _) => {
                let relation = &planned.relation;
                known.planned(relation).map(|it| (relation.identifier.clone(), it))
            }
            (None, provider) => provider.and_then(|it| known.opened(&it)),
        };
        let (name, identity) = found.ok_or_else(|| Untold(format!("not known what {} is made of", it.table_name)))?;
        self.leaf(&name, &identity, &names)
    }

    fn view(&mut self, name: &str, view: &PlannedView) -> Result<Shape, Untold> {
        if let Some(known) = self.views.get(name) {
            return Ok(known.clone());
        }
        // What surrounds the name of a view is no business of the view.
        let (outer, recursive) = (std::mem::take(&mut self.outer), std::mem::take(&mut self.recursive));
        let shape = self.shape(&view.plan);
        (self.outer, self.recursive) = (outer, recursive);
        let shape = shape?;
        self.views.insert(name.to_owned(), shape.clone());
        Ok(shape)
    }

    fn leaf(&mut self, name: &str, identity: &Identity, names: &[&str]) -> Result<Shape, Untold> {
        let mut columns = Vec::new();
        for column in names {
            let unknown = || Untold(format!("not known what `{column}` of {name} is made of"));
            let digest = identity.columns.get(*column).ok_or_else(unknown)?;
            let origin = (name.to_owned(), (*column).to_owned());
            self.origins.entry(digest.clone()).or_default().insert(origin);
            columns.push(digest.clone());
        }
        self.inputs.insert(name.to_owned(), (identity.rows.clone(), identity.columns.clone()));
        Ok(Shape::new(identity.rows.clone(), columns).sorted(identity.order.clone()))
    }

    /// How rows are sorted.
    pub(super) fn order(&mut self, by: &[SortExpr], at: &At<'_>) -> Result<Digest, Untold> {
        let mut parts = Vec::new();
        for one in by {
            let way = format!("{} {}", one.asc, one.nulls_first);
            parts.push(Digest::of("sort", [&self.expression(&one.expr, at)?, &Digest::text("way", &way)]));
        }
        Ok(Digest::of("order", &parts))
    }

    /// The digests of expressions, in their order.
    pub(super) fn all(&mut self, expressions: &[Expr], at: &At<'_>) -> Result<Vec<Digest>, Untold> {
        expressions.iter().map(|it| self.expression(it, at)).collect()
    }
}

/// The first of them, or those after some.
fn limited(input: Shape, parts: &[Digest]) -> Shape {
    let rows = input.rows_in_order();
    let limited = Digest::of("limit", std::iter::once(&rows).chain(parts));
    Shape::new(limited, input.columns).sorted(input.order)
}

/// Columns that are told apart by their place alone.
fn numbered(kind: &str, count: usize) -> Vec<Digest> {
    (0..count).map(|at| Digest::text(kind, &at.to_string())).collect()
}

/// Whether an aggregate may depend on the order of rows.
fn is_ordered(expression: &Expr) -> bool {
    match expression {
        Expr::Alias(it) => is_ordered(&it.expr),
        Expr::AggregateFunction(it) => !UNORDERED.contains(&it.func.name()),
        _ => true,
    }
}
