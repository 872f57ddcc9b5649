//! Incremental models: the plan of a table that is there already and of the rows that come to it.
//! <https://docs.getdbt.com/docs/build/incremental-strategy>

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::provider_as_source;
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, LogicalPlanBuilder, cast, lit};

use crate::diagnostics::{Code, Diagnostic, closest};
use crate::parse::NodeFacts;
use crate::plan::merging::Narrowed;
use crate::plan::project::Scope;
use crate::plan::query::PlannedQuery;
use crate::project::Json;

const STRATEGIES: [&str; 3] = ["append", "delete+insert", "merge"];
const ON_SCHEMA_CHANGE: [&str; 4] = ["append_new_columns", "fail", "ignore", "sync_all_columns"];

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
    let keys = settings(facts)?;
    let schema = settle_columns(facts, &existing.schema(), &new.schema)?;
    for key in &keys {
        for (columns, of) in [(&existing.schema(), "the table"), (&new.schema, "the query")] {
            let names = columns.fields().iter().map(|it| it.name().as_str());
            if !names.clone().any(|it| it.eq_ignore_ascii_case(key)) {
                let words = format!("{}: `unique_key` names `{key}`, which {of} does not have", facts.display());
                return Err(problem(facts, "unique_key", Code::UnknownColumn, words)
                    .help_if(closest(key, names), |it| format!("did you mean `{it}`?")));
            }
        }
    }
    let narrowed = Narrowed::read(facts, &existing.schema())?;
    let plan = match narrowed.says_nothing() || keys.is_empty() {
        true => union(&keys, existing, &new, &schema),
        false => narrowed.merge(scope, &keys, existing, &new, &schema),
    };
    let plan = plan
        .map_err(|error| problem(facts, "materialized", Code::InvalidQuery, format!("{}: {error}", facts.display())))?;
    Ok(PlannedQuery { plan, schema })
}

pub(super) fn problem(facts: &NodeFacts, key: &str, code: Code, words: String) -> Diagnostic {
    Diagnostic::error(code, words).at(facts.config.place(key).unwrap_or_else(|| facts.span.clone()))
}

/// The columns by which rows replace others; none where rows are only added.
fn settings(facts: &NodeFacts) -> Result<Vec<String>, Diagnostic> {
    let keys: Vec<String> = match facts.config.get("unique_key") {
        // As in dbt, an empty one is none.
        Some(Json::String(key)) => Some(key.clone()).filter(|it| !it.is_empty()).into_iter().collect(),
        Some(Json::Array(keys)) => keys.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    match facts.config.text("incremental_strategy") {
        Some("append") => Ok(Vec::new()),
        None | Some("delete+insert" | "merge") => Ok(keys),
        Some(other) => {
            let is_dbts = ["insert_overwrite", "microbatch"].contains(&other);
            let code = if is_dbts { Code::Unsupported } else { Code::WrongValue };
            let words = match is_dbts {
                true => format!("{}: incremental strategy `{other}` is not available yet", facts.display()),
                false => format!("{}: there is no incremental strategy `{other}`", facts.display()),
            };
            Err(problem(facts, "incremental_strategy", code, words)
                .help_if(closest(other, STRATEGIES), |it| format!("did you mean `{it}`?"))
                .note(format!("there is: {}", STRATEGIES.join(", "))))
        }
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

fn union(
    keys: &[String],
    existing: &Arc<dyn TableProvider>,
    new: &PlannedQuery,
    schema: &SchemaRef,
) -> EngineResult<LogicalPlan> {
    let old = LogicalPlanBuilder::scan("existing", provider_as_source(Arc::clone(existing)), None)?;
    let kept = if keys.is_empty() {
        old
    } else {
        let arrived = LogicalPlanBuilder::from(new.plan.clone()).alias("arrived")?.build()?;
        let named = |table: &str, schema: &SchemaRef| -> Vec<Column> {
            let name = |key: &String| {
                let field = schema.fields().iter().find(|it| it.name().eq_ignore_ascii_case(key));
                Column::new(Some(table), field.map_or(key.as_str(), |it| it.name().as_str()))
            };
            keys.iter().map(name).collect()
        };
        let on = (named("existing", &existing.schema()), named("arrived", &new.schema));
        old.join(arrived, JoinType::LeftAnti, on, None)?
    };
    let kept = kept.project(columns(Some("existing"), &existing.schema(), schema))?.build()?;
    LogicalPlanBuilder::from(kept)
        .union(LogicalPlanBuilder::from(new.plan.clone()).project(columns(None, &new.schema, schema))?.build()?)?
        .build()
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
