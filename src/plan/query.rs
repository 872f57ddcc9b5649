//! One query: parsed, planned, analysed, and its columns made fit for storing.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{Column, SchemaError, Span, plan_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::planner::{ParserOptions, SqlToRel};
use datafusion::sql::sqlparser::ast::{Query, SetExpr, Statement, TableFactor};
use datafusion::sql::sqlparser::parser::Parser;

use crate::dialect;
use crate::plan::Session;
use crate::plan::column_types::stored;
use crate::plan::context::{Context, UNKNOWN_RELATION};
use crate::plan::functions;
use crate::plan::planned_before::Meant;
use crate::plan::problem::innermost;
use crate::plan::relation::Catalog;
use crate::plan::review::{Finding, review};
use crate::plan::subqueries;
use crate::project::{Dialect, Target};

/// How deep expressions and queries may be nested; the engine's own number.
const RECURSION_LIMIT: usize = 50;

/// A query that can be executed once its tables exist.
#[derive(Debug, Clone)]
pub struct PlannedQuery {
    /// Analysed: names resolved, types settled.
    pub plan: LogicalPlan,
    /// Its columns.
    pub schema: SchemaRef,
    /// What it says and surely doesn't mean.
    pub(super) findings: Vec<Finding>,
    /// The relations that it names, where it depends on nothing else.
    pub(super) meant: Option<Vec<Meant>>,
}

/// Plans one `select`.
///
/// # Errors
/// The engine's own words; see `problem` for the user's.
pub fn plan_query(sql: &str, session: &Session, catalog: &Catalog, target: &Target) -> Result<PlannedQuery> {
    let query = parse(sql, target.dialect)?;
    plan_parsed(query, session, catalog, target)
}

/// Parses one `select`, written in a dialect; what comes back is the engine's.
pub(super) fn parse(sql: &str, dialect: Dialect) -> Result<Query> {
    let mut query = parse_one(sql, dialect)?;
    dialect::rewrite(&mut query, dialect)?;
    Ok(query)
}

fn parse_one(sql: &str, dialect: Dialect) -> Result<Query> {
    let mut statements = parse_all(sql, dialect)?;
    if statements.len() > 1 {
        return Err(DataFusionError::Plan("a model is one `select`, but this is several statements".to_owned()));
    }
    match statements.pop() {
        Some(Statement::Query(query)) => Ok(*query),
        Some(_) => Err(DataFusionError::Plan("a model is one `select`, but this is another statement".to_owned())),
        None => Err(DataFusionError::Plan("there is no `select` in it".to_owned())),
    }
}

fn parse_all(sql: &str, dialect: Dialect) -> Result<Vec<Statement>> {
    let tokens = dialect::tokens(sql, dialect)?;
    let parser = Parser::new(dialect::syntax(dialect)).with_recursion_limit(RECURSION_LIMIT);
    let parsed = parser.with_tokens_with_locations(tokens).parse_statements();
    parsed.map_err(|error| DataFusionError::SQL(Box::new(error), None))
}

/// Parses statements of any kind, written in a dialect; queries come back as the engine's.
pub(super) fn statements(sql: &str, dialect: Dialect) -> Result<Vec<Statement>> {
    let mut statements = parse_all(sql, dialect)?;
    for statement in &mut statements {
        if let Statement::Query(query) = statement {
            dialect::rewrite(query, dialect)?;
        }
    }
    Ok(statements)
}

/// Plans a parsed `select`.
pub(super) fn plan_parsed(
    mut query: Query,
    session: &Session,
    catalog: &Catalog,
    target: &Target,
) -> Result<PlannedQuery> {
    functions::expand(&mut query, catalog, target)?;
    let state = session.state();
    let (plan, meant) = resolve(query, session, catalog, target)?;
    let settled = subqueries::settle(plan.clone(), subqueries::Engine::MayTry)?;
    let findings = review(&settled)?;
    let tried = analyse(settled, state, target)?;
    let plan = match subqueries::are_answered(&tried, state) {
        true => tried,
        false => {
            let plan = analyse(subqueries::settle(plan, subqueries::Engine::HasFailed)?, state, target)?;
            subqueries::check(&plan, state)?;
            plan
        }
    };
    let plan = dialect::settle_texts(plan, target.dialect)?;
    let plan = as_stored(plan)?;
    let schema = SchemaRef::new(plan.schema().as_arrow().clone());
    Ok(PlannedQuery { plan, schema, findings, meant })
}

/// Types are settled.
fn analyse(plan: LogicalPlan, state: &SessionState, target: &Target) -> Result<LogicalPlan> {
    let plan = dialect::settle_casts(plan, target.dialect)?;
    state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {})
}

/// Names become relations and columns.
fn resolve(
    query: Query,
    session: &Session,
    catalog: &Catalog,
    target: &Target,
) -> Result<(LogicalPlan, Option<Vec<Meant>>)> {
    let named_within = named_within(&query);
    let has_names = !named_within.is_empty();
    let context = Context::new(session, catalog, target, named_within);
    if !has_names {
        return Ok((resolve_with(query, &context)?, context.meant()));
    }
    match resolve_with(query.clone(), &context) {
        // Where it is out of reach, the name may mean a table of the warehouse.
        Err(error) if error.to_string().contains(UNKNOWN_RELATION) => {
            let context = Context::new(session, catalog, target, BTreeSet::new());
            Ok((resolve_with(query, &context)?, None))
        }
        resolved => Ok((resolved?, context.meant())),
    }
}

/// The names of the common table expressions of a query, in small letters: those of queries within expressions apart,
/// which few have.
fn named_within(query: &Query) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut open = vec![query];
    let mut bodies = Vec::new();
    while let Some(query) = open.pop() {
        for cte in query.with.iter().flat_map(|it| &it.cte_tables) {
            names.insert(cte.alias.name.value.to_lowercase());
            open.push(&cte.query);
        }
        bodies.push(query.body.as_ref());
        while let Some(body) = bodies.pop() {
            match body {
                SetExpr::Query(query) => open.push(query),
                SetExpr::SetOperation { left, right, .. } => bodies.extend([left.as_ref(), right.as_ref()]),
                SetExpr::Select(select) => {
                    let tables = select.from.iter();
                    let tables = tables
                        .flat_map(|it| std::iter::once(&it.relation).chain(it.joins.iter().map(|it| &it.relation)));
                    open.extend(tables.filter_map(|it| match it {
                        TableFactor::Derived { subquery, .. } => Some(subquery.as_ref()),
                        _ => None,
                    }));
                }
                _ => {}
            }
        }
    }
    names
}

/// The same; what is no column may be one in other letters, or the alias of another one, where the dialect has that.
fn resolve_with(mut query: Query, context: &Context<'_>) -> Result<LogicalPlan> {
    let planner = SqlToRel::new_with_options(context, parser_options(context.state));
    let plan = |query: &Query| planner.sql_statement_to_plan(Statement::Query(Box::new(query.clone())));
    if context.target.dialect != Dialect::DuckDb {
        return planner.sql_statement_to_plan(Statement::Query(Box::new(query)));
    }
    dialect::fill_in_names(&mut query, &context.target.database, &context.target.schema);
    let mut inlined: Vec<String> = Vec::new();
    let mut spelled = BTreeSet::new();
    let mut settled = dialect::Settled::default();
    let mut told_apart = false;
    let plan = |query: &Query| {
        if let Some((left_out, replaced)) = dialect::leaving_out_replaced(query)
            && let Err(error) = plan(&left_out)
            // Whoever reads the column further out has a place, and misses it only here.
            && Missing::of(&error).is_some_and(|it| it.place.is_none() && replaced.contains(&it.column.name))
        {
            return Err(error);
        }
        plan(query)
    };
    loop {
        let error = match plan(&query) {
            Ok(plan) => return Ok(plan),
            Err(error) => error,
        };
        if is_duplicate(&error) && !told_apart && dialect::tell_apart(&mut query) {
            told_apart = true;
            continue;
        }
        let Some(Missing { column, place, in_reach }) = Missing::of(&error) else { return Err(error) };
        // Two sides of a `using` may be written in different letters, which no spelling satisfies.
        let at = place.map(|it| (it.start.line, it.start.column));
        let is_new = spelled.insert((column.clone(), at));
        if is_new && dialect::spell_columns(&mut query, column, place, in_reach, &mut settled) {
            continue;
        }
        if is_new {
            let missed = dialect::Missed { column: column.clone(), place };
            let around = dialect::relations_around(&query, &missed).into_iter().filter_map(|it| plan(&it).ok());
            let around = around.flat_map(|it| it.schema().columns());
            let columns: Vec<Column> = in_reach.iter().cloned().chain(around).collect();
            if dialect::spell_missed(&mut query, &missed, &columns) {
                continue;
            }
        }
        let name = &column.name;
        if column.relation.is_some() || inlined.contains(name) || !dialect::inline_alias(&mut query, name) {
            return Err(error);
        }
        inlined.push(name.clone());
    }
}

/// Whether the planner takes two columns for one.
fn is_duplicate(error: &DataFusionError) -> bool {
    match innermost(error) {
        DataFusionError::SchemaError(error, _) => matches!(
            error.as_ref(),
            SchemaError::DuplicateUnqualifiedField { .. } | SchemaError::DuplicateQualifiedField { .. }
        ),
        DataFusionError::Plan(words) => words.contains("unique expression names"),
        _ => false,
    }
}

/// A column that could not be found.
struct Missing<'a> {
    column: &'a Column,
    /// Where it is written, as far as the planner says.
    place: Option<Span>,
    /// What there is instead.
    in_reach: &'a [Column],
}

impl Missing<'_> {
    fn of(error: &DataFusionError) -> Option<Missing<'_>> {
        let DataFusionError::SchemaError(said, _) = innermost(error) else { return None };
        let SchemaError::FieldNotFound { field, valid_fields } = said.as_ref() else { return None };
        let place = field.spans.first().or_else(|| error.diagnostic()?.span);
        Some(Missing { column: field, place, in_reach: valid_fields })
    }
}

/// The planner takes its options apart from the session's, where they are configured.
fn parser_options(state: &SessionState) -> ParserOptions {
    let options = &state.config_options().sql_parser;
    ParserOptions::from(options)
}

/// Columns whose types files don't have are cast to those that they have, and lose the name of their table.
fn as_stored(plan: LogicalPlan) -> Result<LogicalPlan> {
    let schema = plan.schema();
    let fits = |(qualifier, field): (Option<&_>, &arrow::datatypes::FieldRef)| {
        qualifier.is_none() && stored(field.data_type()) == *field.data_type()
    };
    if let Some(field) = schema.fields().iter().find(|it| matches!(it.data_type(), DataType::Union(..))) {
        return plan_err!(
            "column `{}` would be JSON whose type differs from row to row; take a text with `->>`, or a number with \
             `json_get_int` or `json_get_float`",
            field.name()
        );
    }
    if schema.iter().all(|(qualifier, field)| fits((qualifier, field))) {
        return Ok(plan);
    }
    let column = |(qualifier, field): (Option<&datafusion::common::TableReference>, &arrow::datatypes::FieldRef)| {
        let expr = Expr::Column(Column::new(qualifier.cloned(), field.name()));
        let data_type = stored(field.data_type());
        let expr = match field.data_type() {
            it if *it == data_type => expr,
            DataType::Interval(_) => dialect::stored_interval(expr),
            _ => Expr::Cast(Cast::new(Box::new(expr), data_type)),
        };
        expr.alias(field.name())
    };
    let columns: Vec<Expr> = schema.iter().map(column).collect();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}
