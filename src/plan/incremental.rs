//! Incremental models: the plan of a table that is there already and of the rows that come to it.
//! <https://docs.getdbt.com/docs/build/incremental-strategy>

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::provider_as_source;
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::functions::datetime::expr_fn::date_trunc;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, LogicalPlanBuilder, Operator, binary_expr, cast, lit};

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Severity, closest};
use crate::parse::NodeFacts;
use crate::plan::merging::Narrowed;
use crate::plan::project::{ModelPlan, Scope};
use crate::plan::query::PlannedQuery;
use crate::project::Json;

const STRATEGIES: [&str; 5] = ["append", "delete+insert", "insert_overwrite", "merge", "microbatch"];
const GRANULARITIES: [&str; 4] = ["hour", "day", "month", "year"];
const ON_SCHEMA_CHANGE: [&str; 4] = ["append_new_columns", "fail", "ignore", "sync_all_columns"];

/// The names of the two in the plan of the grown table.
const EXISTING: &str = "existing";
const ARRIVED: &str = "arrived";

/// The column of files' numbers.
const FILE: &str = "__file";

/// What is in the table, without the rows that `new` replaces, and `new`.
///
/// # Errors
/// Configuration that can't be followed, at its place.
pub(super) fn grow(
    scope: &Scope<'_>,
    facts: &NodeFacts,
    existing: &Arc<dyn TableProvider>,
    new: PlannedQuery,
) -> Result<PlannedQuery, Diagnostic> {
    let replaced = Replaced::read(facts)?;
    replaced.are_columns_of(facts, &existing.schema(), "the table")?;
    replaced.are_columns_of(facts, &new.schema, "the query")?;
    let schema = settle_columns(facts, &existing.schema(), &new.schema)?;
    let narrowed = Narrowed::read(facts, &existing.schema())?;
    let plan = match &replaced {
        Replaced::Everything => columns_of(&new, &schema),
        Replaced::Keys(keys) if !narrowed.says_nothing() => narrowed.merge(scope, keys, existing, &new, &schema),
        others => others.union(existing, &new, &schema),
    };
    let plan = plan.map_err(|error| engine_problem(facts, &error))?;
    Ok(PlannedQuery { plan, schema, findings: new.findings, meant: None })
}

/// The files of a table in which rows that have come take the place of others.
pub enum Touched {
    /// None.
    None,
    /// All, whatever the rows are.
    All,
    /// Those whose numbers this plan gives.
    Asked(Box<LogicalPlan>),
}

/// Which files of a table are to be written anew when rows have come. They come with the columns that the table will have.
///
/// # Errors
/// Configuration that can't be followed, at its place.
pub fn touched(
    facts: &NodeFacts,
    files: &[Arc<dyn TableProvider>],
    arrived: &Arc<dyn TableProvider>,
) -> Result<Touched, Diagnostic> {
    let replaced = Replaced::read(facts)?;
    match (&replaced, files) {
        (Replaced::Nothing, _) | (_, []) => return Ok(Touched::None),
        (Replaced::Everything, _) => return Ok(Touched::All),
        (Replaced::Keys(_) | Replaced::Partitions(_), _) => {}
    }
    let plan = || {
        let schema = arrived.schema();
        let keys = replaced.columns();
        let is_key = |it: &&FieldRef| keys.iter().any(|key| it.name().eq_ignore_ascii_case(key));
        let keys: Vec<FieldRef> = schema.fields().iter().filter(is_key).cloned().collect();
        let keys = Arc::new(Schema::new(keys));
        let mut all: Option<LogicalPlanBuilder> = None;
        for (number, file) in files.iter().enumerate() {
            let number = lit(i64::try_from(number).unwrap_or(i64::MAX)).alias(FILE);
            let own = columns(Some("file"), &file.schema(), &keys).into_iter().chain([number]);
            let file = LogicalPlanBuilder::scan("file", provider_as_source(Arc::clone(file)), None)?.project(own)?;
            all = Some(match all {
                Some(all) => all.union(file.build()?)?,
                None => file,
            });
        }
        let Some(all) = all else { return Ok(None) };
        let new = LogicalPlanBuilder::scan(ARRIVED, provider_as_source(Arc::clone(arrived)), None)?.build()?;
        let conditions = replaced.conditions(&keys, &schema);
        let touched = all.alias(EXISTING)?.join_on(new, JoinType::LeftSemi, conditions)?;
        touched.project([Expr::Column(Column::new(Some(EXISTING), FILE))])?.distinct()?.build().map(Some)
    };
    let plan: EngineResult<Option<LogicalPlan>> = plan();
    let plan = plan.map_err(|error| engine_problem(facts, &error))?;
    Ok(plan.map_or(Touched::None, |it| Touched::Asked(Box::new(it))))
}

/// The rows that take the place of those of some files when rows have come.
///
/// # Errors
/// Configuration that can't be followed, at its place.
pub fn rewritten(
    scope: &Scope<'_>,
    facts: &NodeFacts,
    existing: &Arc<dyn TableProvider>,
    arrived: &Arc<dyn TableProvider>,
) -> Result<LogicalPlan, Diagnostic> {
    let scan = LogicalPlanBuilder::scan("come", provider_as_source(Arc::clone(arrived)), None);
    let plan = scan.and_then(LogicalPlanBuilder::build).map_err(|error| engine_problem(facts, &error))?;
    let new = PlannedQuery { plan, schema: arrived.schema(), findings: Vec::new(), meant: None };
    grow(scope, facts, existing, new).map(|it| it.plan)
}

/// The rows of a model's own query, with the columns that its table will have.
///
/// # Errors
/// What the engine says.
pub fn arriving(model: &ModelPlan) -> EngineResult<LogicalPlan> {
    let own = Arc::new(model.arriving.schema().as_arrow().clone());
    let columns = columns(None, &own, &model.schema);
    LogicalPlanBuilder::from(model.arriving.clone()).project(columns)?.build()
}

fn engine_problem(facts: &NodeFacts, error: &DataFusionError) -> Diagnostic {
    let words = format!("{}: {}", facts.display(), error.strip_backtrace());
    problem(facts, "materialized", Code::InvalidQuery, words)
}

/// What is wrong with how a model says that it grows, before there is a table to grow. Columns that its query lacks are a
/// warning: its first run would pass, and all others fail.
pub(super) fn check_settings(facts: &NodeFacts, new: &SchemaRef) -> Diagnostics {
    let mut found = Diagnostics::new();
    match Replaced::read(facts).map(|it| it.are_columns_of(facts, new, "the query")) {
        Err(problem) => found.push(problem),
        Ok(Err(mut problem)) => {
            problem.severity = Severity::Warning;
            found.push(problem.note("the first run makes the table, and each later one fails"));
        }
        Ok(Ok(())) => {}
    }
    found
}

pub(super) fn problem(facts: &NodeFacts, key: &str, code: Code, words: String) -> Diagnostic {
    Diagnostic::error(code, words).at(facts.place_of_config(key))
}

/// The rows of the table that new ones take the place of.
enum Replaced {
    /// None: rows are only added.
    Nothing,
    /// Those with the same values in these columns, of which there is at least one. Null is no value.
    Keys(Vec<String>),
    /// Those of the partitions that the new ones are in. Null is a partition too.
    Partitions(Vec<Partition>),
    /// All of them.
    Everything,
}

/// A column by which a table is partitioned.
struct Partition {
    column: String,
    /// The part of a point in time that tells partitions apart; where there is none, each value is one.
    granularity: Option<String>,
}

impl Replaced {
    fn read(facts: &NodeFacts) -> Result<Replaced, Diagnostic> {
        let keys = || match texts(facts.config.get("unique_key")) {
            keys if keys.is_empty() => Replaced::Nothing,
            keys => Replaced::Keys(keys),
        };
        match facts.config.text("incremental_strategy") {
            Some("append") => Ok(Replaced::Nothing),
            None | Some("delete+insert" | "merge") => Ok(keys()),
            Some("insert_overwrite") => Ok(match Partition::read_all(facts)? {
                partitions if partitions.is_empty() => Replaced::Everything,
                partitions => Replaced::Partitions(partitions),
            }),
            Some(other) => {
                let words = format!("{}: there is no incremental strategy `{other}`", facts.display());
                Err(problem(facts, "incremental_strategy", Code::WrongValue, words)
                    .help_if(closest(other, STRATEGIES), |it| format!("did you mean `{it}`?"))
                    .note(format!("there is: {}", STRATEGIES.join(", "))))
            }
        }
    }

    /// That a table or query has the columns by which rows are replaced.
    fn are_columns_of(&self, facts: &NodeFacts, schema: &SchemaRef, of: &str) -> Result<(), Diagnostic> {
        let names = || schema.fields().iter().map(|it| it.name().as_str());
        let columns = self.columns();
        let Some(unknown) = columns.iter().find(|key| !names().any(|it| it.eq_ignore_ascii_case(key))) else {
            return Ok(());
        };
        let config = if matches!(self, Replaced::Partitions(_)) { "partition_by" } else { "unique_key" };
        let words = format!("{}: `{config}` names `{unknown}`, which {of} does not have", facts.display());
        Err(problem(facts, config, Code::UnknownColumn, words)
            .help_if(closest(unknown, names()), |it| format!("did you mean `{it}`?")))
    }

    /// The columns that must be in the table and in the query.
    fn columns(&self) -> Vec<&str> {
        match self {
            Replaced::Nothing | Replaced::Everything => Vec::new(),
            Replaced::Keys(keys) => keys.iter().map(String::as_str).collect(),
            Replaced::Partitions(partitions) => partitions.iter().map(|it| it.column.as_str()).collect(),
        }
    }

    /// When a row of the table is replaced by one of the new ones.
    fn conditions(&self, existing: &SchemaRef, new: &SchemaRef) -> Vec<Expr> {
        let named = |table: &str, schema: &SchemaRef, key: &str| {
            let field = schema.fields().iter().find(|it| it.name().eq_ignore_ascii_case(key));
            Expr::Column(Column::new(Some(table), field.map_or(key, |it| it.name().as_str())))
        };
        let both = |key: &str| [named(EXISTING, existing, key), named(ARRIVED, new, key)];
        match self {
            Replaced::Nothing | Replaced::Everything => Vec::new(),
            Replaced::Keys(keys) => {
                let same = |key: &String| {
                    let [old, new] = both(key);
                    old.eq(new)
                };
                keys.iter().map(same).collect()
            }
            Replaced::Partitions(partitions) => {
                let same = |it: &Partition| {
                    let [old, new] = both(&it.column).map(|column| it.of(column));
                    binary_expr(old, Operator::IsNotDistinctFrom, new)
                };
                partitions.iter().map(same).collect()
            }
        }
    }

    /// The rows of the table that stay, and the new ones.
    fn union(
        &self,
        existing: &Arc<dyn TableProvider>,
        new: &PlannedQuery,
        schema: &SchemaRef,
    ) -> EngineResult<LogicalPlan> {
        let old = LogicalPlanBuilder::scan(EXISTING, provider_as_source(Arc::clone(existing)), None)?;
        let conditions = self.conditions(&existing.schema(), &new.schema);
        let kept = if conditions.is_empty() {
            old
        } else {
            let arrived = LogicalPlanBuilder::from(new.plan.clone()).alias(ARRIVED)?.build()?;
            old.join_on(arrived, JoinType::LeftAnti, conditions)?
        };
        let kept = kept.project(columns(Some(EXISTING), &existing.schema(), schema))?.build()?;
        LogicalPlanBuilder::from(kept).union(columns_of(new, schema)?)?.build()
    }
}

impl Partition {
    /// One name, several of them, or the form that BigQuery's adapter has: a field with the part that counts of it.
    fn read_all(facts: &NodeFacts) -> Result<Vec<Partition>, Diagnostic> {
        let Some(Json::Object(one)) = facts.config.get("partition_by") else {
            let names = texts(facts.config.get("partition_by")).into_iter();
            return Ok(names.map(|column| Partition { column, granularity: None }).collect());
        };
        let text = |key: &str| one.get(key).and_then(Json::as_str);
        let wrong = |code: Code, words: &str| {
            problem(facts, "partition_by", code, format!("{}: {words}", facts.display()))
                .note("`partition_by` is a column, a list of columns, or has `field`, `data_type` and `granularity`")
        };
        let column =
            text("field").ok_or_else(|| wrong(Code::WrongValue, "`partition_by` names no `field`"))?.to_owned();
        let granularity = text("granularity").map_or_else(|| "day".to_owned(), str::to_lowercase);
        if !GRANULARITIES.contains(&granularity.as_str()) {
            let words = format!("`granularity` of `partition_by` can't be `{granularity}`");
            return Err(wrong(Code::WrongValue, &words)
                .help_if(closest(&granularity, GRANULARITIES), |it| format!("did you mean `{it}`?")));
        }
        let granularity = match text("data_type").map_or_else(|| "date".to_owned(), str::to_lowercase).as_str() {
            "date" if granularity == "day" => None,
            "date" | "datetime" | "timestamp" => Some(granularity),
            _ => return Err(wrong(Code::Unsupported, "partitions that are ranges of numbers are not available")),
        };
        Ok(vec![Partition { column, granularity }])
    }

    /// The partition that a value belongs to.
    fn of(&self, value: Expr) -> Expr {
        match &self.granularity {
            None => value,
            Some(part) => date_trunc(lit(part.as_str()), value),
        }
    }
}

/// One text, or a list of them.
fn texts(value: Option<&Json>) -> Vec<String> {
    match value {
        // As in dbt, an empty one is none.
        Some(Json::String(one)) => Some(one.clone()).filter(|it| !it.is_empty()).into_iter().collect(),
        Some(Json::Array(many)) => many.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// The columns of the grown table, as `on_schema_change` has them.
pub(super) fn settle_columns(
    facts: &NodeFacts,
    existing: &SchemaRef,
    new: &SchemaRef,
) -> Result<SchemaRef, Diagnostic> {
    let has = |schema: &SchemaRef, name: &str| schema.fields().iter().any(|it| it.name().eq_ignore_ascii_case(name));
    let missing = |from: &SchemaRef, of: &SchemaRef| -> Vec<String> {
        of.fields().iter().filter(|it| !has(from, it.name())).map(|it| it.name().clone()).collect()
    };
    let (added, removed) = (missing(existing, new), missing(new, existing));
    let retyped = new.fields().iter().any(|it| {
        let old = existing.fields().iter().find(|old| old.name().eq_ignore_ascii_case(it.name()));
        old.is_some_and(|old| old.data_type() != it.data_type())
    });
    let differ = |words: &str| {
        let lists = [("new", &added), ("gone", &removed)];
        let lists =
            lists.iter().filter(|(_, it)| !it.is_empty()).map(|(word, it)| format!("{word}: {}", it.join(", ")));
        problem(facts, "on_schema_change", Code::BrokenContract, format!("{}: {words}", facts.display()))
            .note_if(Some(lists.collect::<Vec<_>>().join("; ")).filter(|it| !it.is_empty()))
            .help("set `on_schema_change`, or build it anew with `--full-refresh`")
    };
    let with_new = || -> Vec<FieldRef> {
        let new = new.fields().iter().filter(|it| added.contains(it.name()));
        existing.fields().iter().chain(new).map(|it| Arc::new(it.as_ref().clone().with_nullable(true))).collect()
    };
    let settled = match facts.config.text("on_schema_change").unwrap_or("ignore") {
        "ignore" if removed.is_empty() => Ok(Arc::clone(existing)),
        "ignore" => Err(differ("the table has columns that the query does not have any more")),
        "append_new_columns" => Ok(Arc::new(Schema::new(with_new()))),
        "sync_all_columns" => Ok(Arc::clone(new)),
        "fail" if added.is_empty() && removed.is_empty() && !retyped => Ok(Arc::clone(existing)),
        "fail" => Err(differ("the columns of the query are not those of the table")),
        other => {
            let words = format!("{}: `on_schema_change` can't be `{other}`", facts.display());
            Err(problem(facts, "on_schema_change", Code::WrongValue, words)
                .help_if(closest(other, ON_SCHEMA_CHANGE), |it| format!("did you mean `{it}`?"))
                .note(format!("there is: {}", ON_SCHEMA_CHANGE.join(", "))))
        }
    }?;
    // Rows of both are in it, and a column that one of them lacks is null there.
    let may_be_null = |schema: &SchemaRef, name: &str| {
        schema.fields().iter().find(|it| it.name().eq_ignore_ascii_case(name)).is_none_or(|it| it.is_nullable())
    };
    let widened = |it: &FieldRef| {
        let nullable = may_be_null(existing, it.name()) || may_be_null(new, it.name());
        Arc::new(it.as_ref().clone().with_nullable(nullable))
    };
    Ok(Arc::new(Schema::new(settled.fields().iter().map(widened).collect::<Vec<FieldRef>>())))
}

/// A query with the columns that the table will have.
fn columns_of(query: &PlannedQuery, schema: &SchemaRef) -> EngineResult<LogicalPlan> {
    LogicalPlanBuilder::from(query.plan.clone()).project(columns(None, &query.schema, schema))?.build()
}

/// The columns `wanted` from a table that has some of them; the others are null.
pub(super) fn columns(table: Option<&str>, from: &SchemaRef, wanted: &SchemaRef) -> Vec<Expr> {
    let column = |field: &FieldRef| {
        let own = from.fields().iter().find(|it| it.name().eq_ignore_ascii_case(field.name()));
        let value = match own {
            Some(own) => Expr::Column(Column::new(table, own.name())),
            None => lit(ScalarValue::Null),
        };
        let typed = |data_type: Option<&DataType>| data_type == Some(field.data_type());
        let value = if typed(own.map(|it| it.data_type())) { value } else { cast(value, field.data_type().clone()) };
        value.alias(field.name())
    };
    wanted.fields().iter().map(column).collect()
}
