//! When a source was last loaded: by a query, by a column, or by the time of its files.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, NaiveDate, Utc};
use object_store::ObjectStoreExt;

use crate::compile;
use crate::diagnostics::{Code, Diagnostic, SourceText, Span};
use crate::execute::late::Late;
use crate::execute::live;
use crate::execute::run::in_place;
use crate::execute::steps::rows::fetch;
use crate::execute::tables::Tables;
use crate::freshness::LoadedAt;
use crate::graph::Node;
use crate::parse::SourceFacts;
use crate::plan::{FileCall, Written, bind, explain_execution, plan_written};
use crate::sources::{self, SourceOptions};

/// When a source was last loaded. A source without rows was loaded at the beginning of time, as dbt has it.
///
/// # Errors
/// What went wrong in the query, or with the files.
pub async fn loaded_at(
    late: &Late,
    node: &Node,
    facts: &SourceFacts,
    how: &LoadedAt,
    filter: Option<&str>,
) -> Result<DateTime<Utc>, Diagnostic> {
    let relation = &node.facts.relation;
    let query = match how {
        LoadedAt::Files => return newest_file(late, node, facts).await,
        LoadedAt::Field(field) => {
            let filter = filter.map(|it| format!("\nwhere {it}")).unwrap_or_default();
            format!("select max({field}) as max_loaded_at\nfrom {relation}{filter}")
        }
        LoadedAt::Query(template) => rendered(late, node, template)?,
    };
    let found = ask(late, node, &query).await?;
    Ok(found.unwrap_or_else(beginning))
}

fn rendered(late: &Late, node: &Node, template: &str) -> Result<String, Diagnostic> {
    let tables = Arc::new(Tables::new());
    let live = live::start(late, &tables, "");
    let scope = Arc::new(compile::scope(&late.project, node, &late.surroundings(node, &live)));
    let source = SourceText::new(format!("loaded_at_query of {}", node.facts.display()), template);
    in_place(|| late.project.templates.render_text(&source, &scope))
}

/// The one time that a query gives.
async fn ask(late: &Late, node: &Node, sql: &str) -> Result<Option<DateTime<Utc>>, Diagnostic> {
    let display = node.facts.display();
    let place = node.facts.config.place("loaded_at_query").or_else(|| node.facts.config.place("loaded_at_field"));
    let place = place.unwrap_or_else(|| node.facts.span.clone());
    let catalog = late.plan.read().unwrap_or_else(std::sync::PoisonError::into_inner).catalog().clone();
    let text = SourceText::new(format!("freshness of {display}"), sql);
    let explain = |error| explain_execution(&error, &display, &Span::file(&text));
    let written = Written { sql, who: &display, place: &place };
    let planned = plan_written(&written, &late.session, &catalog, &late.project.invocation.target)?;
    let tables = Tables::new();
    let bound = bind(planned.plan, &|relation, schema| tables.open(relation, schema)).map_err(explain)?;
    let rows = fetch(&late.session, &bound, Some(2)).await.map_err(explain)?;
    let wrong = |words: String| {
        Diagnostic::error(Code::WrongValue, words).at(place.clone()).note(format!("the query was: {}", sql.trim()))
    };
    let count: usize = rows.batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
    if count > 1 || rows.schema.fields().len() != 1 {
        return Err(wrong(format!("the freshness of {display} must be one value, but is more"))
            .help("select one column of one row, such as `max(loaded_at)`"));
    }
    let Some(batch) = rows.batches.iter().find(|it| it.num_rows() > 0) else { return Ok(None) };
    time(batch.column(0)).ok_or_else(|| {
        let kind = crate::plan::sql_type(batch.column(0).data_type());
        wrong(format!("the freshness of {display} must be a time, but is a value of type {kind}"))
            .help("cast it to timestamp")
    })
}

/// The first value of a column, `None` if it is no time.
fn time(column: &ArrayRef) -> Option<Option<DateTime<Utc>>> {
    let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
    match column.data_type() {
        DataType::Null => return Some(None),
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {}
        _ => return None,
    }
    let times = cast(column, &micros).ok()?;
    if times.is_null(0) {
        return Some(None);
    }
    DateTime::from_timestamp_micros(times.as_primitive::<TimestampMicrosecondType>().value(0)).map(Some)
}

/// Python's first moment.
fn beginning() -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default().and_time(chrono::NaiveTime::MIN).and_utc()
}

async fn newest_file(late: &Late, node: &Node, facts: &SourceFacts) -> Result<DateTime<Utc>, Diagnostic> {
    let unreadable = |words: String| Diagnostic::error(Code::UnreadableSource, words).at(node.facts.span.clone());
    // Where files have been taken in, the table is in the warehouse, and `location` is where they come from. Without a
    // location it may be somebody's Delta table.
    if facts.ingest.is_some() || facts.location.is_none() {
        let grown = late.warehouse.grown(&node.facts.relation).await;
        if let Some(grown) = grown.map_err(|error| unreadable(error.to_string()))? {
            return grown.changed_at().await.map_err(|error| unreadable(error.to_string()));
        }
    }
    if let Some((location, place)) = &facts.location {
        let called = FileCall::of_location(location).and_then(Result::ok).map(|it| it.location);
        let options = SourceOptions {
            display: node.facts.display(),
            location: called.unwrap_or_else(|| location.clone()),
            place: place.clone().unwrap_or_else(|| node.facts.span.clone()),
            options: serde_json::Map::new(),
            declared: Vec::new(),
        };
        return sources::newest_file(&options, &late.folder, late.session.state()).await;
    }
    let path = late.warehouse.data_path(&node.facts.relation);
    let file = late.warehouse.location().store.head(&path).await;
    file.map(|it| it.last_modified).map_err(|_| {
        Diagnostic::error(
            Code::UnknownRelation,
            format!("{} has neither files nor a table in the warehouse", node.facts.display()),
        )
        .at(node.facts.span.clone())
    })
}
