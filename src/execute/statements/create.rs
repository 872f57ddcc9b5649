//! `create table` and `create view`.

use datafusion::common::plan_datafusion_err;
use datafusion::error::Result;
use datafusion::sql::sqlparser::ast::{CreateTable, CreateView};

use super::{Work, outside};
use crate::execute::steps::view as views;
use crate::materialize::Existing;
use crate::parse::NodeId;
use crate::plan::ModelPlan;

/// Relations that statements make belong to no node.
pub(super) const NO_NODE: &str = "statement";

pub(super) async fn table(work: &Work<'_>, create: &CreateTable) -> Result<()> {
    let relation = work.relation(&create.name)?;
    if !matches!(work.kind(&relation).await, Existing::Absent | Existing::Unknown) {
        if create.if_not_exists {
            return Ok(());
        }
        if !create.or_replace {
            return Err(plan_datafusion_err!("there is a relation {relation} already"));
        }
    }
    let sql = match &create.query {
        Some(query) => query.to_string(),
        None => {
            let column = |it: &datafusion::sql::sqlparser::ast::ColumnDef| {
                format!("cast(null as {}) as \"{}\"", it.data_type, it.name.value.replace('"', "\"\""))
            };
            let columns: Vec<String> = create.columns.iter().map(column).collect();
            format!("select {} where false", columns.join(", "))
        }
    };
    let planned = work.plan(&sql)?;
    work.write(&relation, planned.plan, NO_NODE).await
}

pub(super) async fn view(work: &Work<'_>, create: &CreateView) -> Result<()> {
    let relation = work.relation(&create.name)?;
    match work.kind(&relation).await {
        Existing::Absent | Existing::Unknown => {}
        _ if create.if_not_exists => return Ok(()),
        _ if create.or_replace => {}
        _ => return Err(plan_datafusion_err!("there is a relation {relation} already")),
    }
    let sql = create.query.to_string();
    let planned = work.plan(&sql)?;
    let model = ModelPlan { arriving: planned.plan.clone(), plan: planned.plan, schema: planned.schema, sql };
    let record = views::record(&model, &NodeId::new(NO_NODE), &work.around.run_id);
    let warehouse = &work.around.warehouse;
    warehouse.write_record(&relation, &record).await.map_err(outside)?;
    warehouse.remove_data(&relation).await.map_err(outside)?;
    work.catalog.forget(&relation);
    Ok(())
}
