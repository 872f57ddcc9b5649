//! `alter table`: another name, other columns.

use datafusion::common::{not_impl_datafusion_err, plan_datafusion_err};
use datafusion::error::Result;
use datafusion::sql::sqlparser::ast::{AlterColumnOperation, AlterTable, AlterTableOperation, RenameTableNameKind};

use super::{Work, outside};
use crate::jinja::RelationName;
use crate::materialize::Existing;

pub(super) async fn table(work: &Work<'_>, alter: &AlterTable) -> Result<()> {
    let relation = work.relation(&alter.name)?;
    for operation in &alter.operations {
        match operation {
            AlterTableOperation::RenameTable { table_name } => {
                let (RenameTableNameKind::To(to) | RenameTableNameKind::As(to)) = table_name;
                let mut new = work.relation(to)?;
                if to.0.len() == 1 {
                    new.schema.clone_from(&relation.schema);
                }
                rename(work, &relation, &new).await?;
            }
            operation => change_columns(work, &relation, operation).await?,
        }
    }
    Ok(())
}

async fn rename(work: &Work<'_>, from: &RelationName, to: &RelationName) -> Result<()> {
    if work.kind(to).await == Existing::Table {
        return Err(plan_datafusion_err!("there is a relation {to} already"));
    }
    match work.around.warehouse.existing(from).await {
        (Existing::View, Some(record)) => {
            work.around.warehouse.write_record(to, &record).await.map_err(outside)?;
        }
        _ => {
            let current = work.current(from).await?;
            work.write(to, current.plan, &current.record.node).await?;
        }
    }
    work.around.warehouse.remove(from).await.map_err(outside)?;
    work.around.tables.removed(from);
    Ok(())
}

async fn change_columns(work: &Work<'_>, relation: &RelationName, operation: &AlterTableOperation) -> Result<()> {
    let current = work.current(relation).await?;
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let names: Vec<String> = current.plan.schema().fields().iter().map(|it| it.name().clone()).collect();
    let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
    let mut columns: Vec<String> = names.iter().map(|it| quoted(it)).collect();
    let position = |name: &str| {
        let found = names.iter().position(|it| is(it, name));
        found.ok_or_else(|| plan_datafusion_err!("{relation} has no column `{name}`"))
    };
    match operation {
        AlterTableOperation::AddColumn { column_def, if_not_exists, .. } => {
            let name = &column_def.name.value;
            match names.iter().any(|it| is(it, name)) {
                true if *if_not_exists => return Ok(()),
                true => return Err(plan_datafusion_err!("{relation} has a column `{name}` already")),
                false => columns.push(format!("cast(null as {}) as {}", column_def.data_type, quoted(name))),
            }
        }
        AlterTableOperation::DropColumn { column_names, if_exists, .. } => {
            for name in column_names {
                if !*if_exists {
                    position(&name.value)?;
                }
            }
            let goes = |it: &String| column_names.iter().any(|name| is(&quoted(&name.value), it));
            columns.retain(|it| !goes(it));
        }
        AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
            let at = position(&old_column_name.value)?;
            columns[at] = format!("{} as {}", columns[at], quoted(&new_column_name.value));
        }
        AlterTableOperation::AlterColumn {
            column_name,
            op: AlterColumnOperation::SetDataType { data_type, using, .. },
        } => {
            let at = position(&column_name.value)?;
            let value = using.as_ref().map_or_else(|| columns[at].clone(), ToString::to_string);
            columns[at] = format!("cast({value} as {data_type}) as {}", columns[at]);
        }
        // Constraints are for tests to hold.
        AlterTableOperation::AddConstraint { .. } | AlterTableOperation::AlterColumn { .. } => return Ok(()),
        other => return Err(not_impl_datafusion_err!("`alter table … {other}` can't be carried out")),
    }
    let planned = work.plan(&format!("select {} from {relation}", columns.join(", ")))?;
    work.write(relation, planned.plan, &current.record.node).await
}
