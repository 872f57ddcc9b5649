//! `insert`, `delete`, `update` and `truncate`: the rows that a table has afterwards.

use datafusion::common::{Column, ScalarValue, not_impl_datafusion_err, plan_datafusion_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};
use datafusion::sql::sqlparser::ast::{
    AssignmentTarget, Delete, FromTable, Insert, ObjectName, TableFactor, TableObject, TableWithJoins, Truncate, Update,
};

use super::Work;

/// `insert into t [(a, b)] select … | values …`.
pub(super) async fn insert(work: &Work<'_>, insert: &Insert) -> Result<()> {
    let TableObject::TableName(name) = &insert.table else {
        return Err(not_impl_datafusion_err!("`insert into {}` can't be carried out", insert.table));
    };
    if insert.on.is_some() || insert.returning.is_some() {
        return Err(not_impl_datafusion_err!("`insert` with `on conflict` or `returning` can't be carried out"));
    }
    let source = insert.source.as_ref().ok_or_else(|| plan_datafusion_err!("`insert` needs a query or `values`"))?;
    let relation = work.relation(name)?;
    let current = work.current(&relation).await?;
    let new = work.plan(&source.to_string())?;
    let target = current.plan.schema().as_arrow().clone();
    let named: Vec<String> = insert.columns.iter().map(last_part).collect();
    let expected = if named.is_empty() { target.fields().len() } else { named.len() };
    if new.schema.fields().len() != expected {
        let given = new.schema.fields().len();
        return Err(plan_datafusion_err!("{relation}: {expected} columns are inserted into, but {given} are given"));
    }
    if let Some(unknown) = named.iter().find(|it| !target.fields().iter().any(|own| same(own.name(), it))) {
        return Err(plan_datafusion_err!("{relation} has no column `{unknown}`"));
    }
    let value = |(at, field): (usize, &arrow::datatypes::FieldRef)| {
        let from = if named.is_empty() { Some(at) } else { named.iter().position(|it| same(it, field.name())) };
        let expr = match from {
            Some(from) => Expr::Column(Column::from_name(new.schema.field(from).name())),
            None => lit(ScalarValue::Null),
        };
        cast(expr, field.data_type().clone()).alias(field.name())
    };
    let values: Vec<Expr> = target.fields().iter().enumerate().map(value).collect();
    let new = LogicalPlanBuilder::from(new.plan).project(values)?.build()?;
    let plan = LogicalPlanBuilder::from(plain(current.plan)?).union(new)?.build()?;
    work.write(&relation, plan, &current.record.node).await
}

/// `delete from t [using u] [where …]`: what remains.
pub(super) async fn delete(work: &Work<'_>, delete: &Delete) -> Result<()> {
    let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
    let [table] = from.as_slice() else {
        return Err(not_impl_datafusion_err!("`delete` takes one table"));
    };
    let relation = work.relation(table_name(table)?)?;
    let current = work.current(&relation).await?;
    let condition = delete.selection.as_ref().map_or("true".to_owned(), ToString::to_string);
    let goes = match &delete.using {
        None => format!("({condition}) is true"),
        Some(using) => {
            let using: Vec<String> = using.iter().map(ToString::to_string).collect();
            format!("exists (select 1 from {} where {condition})", using.join(", "))
        }
    };
    let alias = alias(table);
    let remaining = {
        let sql = format!("select {alias}.* from {table} where not ({goes})");
        work.plan_over(&relation, &current, &sql)?
    };
    let plan = with_types(remaining.plan, &current.plan)?;
    work.write(&relation, plan, &current.record.node).await
}

/// `update t set a = … [where …]`.
pub(super) async fn update(work: &Work<'_>, update: &Update) -> Result<()> {
    if update.from.is_some() {
        return Err(not_impl_datafusion_err!("`update … from` can't be carried out"));
    }
    let relation = work.relation(table_name(&update.table)?)?;
    let current = work.current(&relation).await?;
    let condition = update.selection.as_ref().map_or("true".to_owned(), ToString::to_string);
    let mut set = Vec::new();
    for assignment in &update.assignments {
        match &assignment.target {
            AssignmentTarget::ColumnName(name) => set.push((last_part(name), &assignment.value)),
            AssignmentTarget::Tuple(_) => {
                return Err(not_impl_datafusion_err!("`set (a, b) = …` can't be carried out"));
            }
        }
    }
    let schema = current.plan.schema().as_arrow();
    if let Some((unknown, _)) = set.iter().find(|(it, _)| !schema.fields().iter().any(|own| same(own.name(), it))) {
        return Err(plan_datafusion_err!("{relation} has no column `{unknown}`"));
    }
    let column = |field: &arrow::datatypes::FieldRef| {
        let name = format!("\"{}\"", field.name().replace('"', "\"\""));
        match set.iter().find(|(it, _)| same(it, field.name())) {
            Some((_, value)) => format!("case when ({condition}) then {value} else {name} end as {name}"),
            None => name,
        }
    };
    let columns: Vec<String> = schema.fields().iter().map(column).collect();
    let changed = {
        let sql = format!("select {} from {}", columns.join(", "), update.table);
        work.plan_over(&relation, &current, &sql)?
    };
    let plan = with_types(changed.plan, &current.plan)?;
    work.write(&relation, plan, &current.record.node).await
}

/// `truncate table t`.
pub(super) async fn truncate(work: &Work<'_>, truncate: &Truncate) -> Result<()> {
    for table in &truncate.table_names {
        let relation = work.relation(&table.name)?;
        let current = work.current(&relation).await?;
        let plan = LogicalPlanBuilder::from(plain(current.plan)?).filter(lit(false))?.build()?;
        work.write(&relation, plan, &current.record.node).await?;
    }
    Ok(())
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn last_part(name: &ObjectName) -> String {
    name.0.last().and_then(|it| it.as_ident()).map(|it| it.value.clone()).unwrap_or_default()
}

fn table_name(table: &TableWithJoins) -> Result<&ObjectName> {
    match &table.relation {
        TableFactor::Table { name, .. } if table.joins.is_empty() => Ok(name),
        other => Err(not_impl_datafusion_err!("`{other}` is no table that can be changed")),
    }
}

/// What columns of the table are called by in the statement.
fn alias(table: &TableWithJoins) -> String {
    match &table.relation {
        TableFactor::Table { alias: Some(alias), .. } => alias.name.to_string(),
        TableFactor::Table { name, .. } => name.to_string(),
        other => other.to_string(),
    }
}

/// The columns without the name of their table.
fn plain(plan: LogicalPlan) -> Result<LogicalPlan> {
    let columns: Vec<Expr> = plan
        .schema()
        .iter()
        .map(|(qualifier, field)| Expr::Column(Column::new(qualifier.cloned(), field.name())).alias(field.name()))
        .collect();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}

/// The columns with the types that the table has.
fn with_types(plan: LogicalPlan, table: &LogicalPlan) -> Result<LogicalPlan> {
    let of =
        |((qualifier, field), wanted): ((Option<&_>, &arrow::datatypes::FieldRef), &arrow::datatypes::FieldRef)| {
            let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
            cast(column, wanted.data_type().clone()).alias(wanted.name())
        };
    let columns: Vec<Expr> = plan.schema().iter().zip(table.schema().as_arrow().fields()).map(of).collect();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}
