//! `drop table`, `drop view` and `drop schema`.

use datafusion::common::{not_impl_datafusion_err, plan_datafusion_err};
use datafusion::error::Result;
use datafusion::sql::sqlparser::ast::{ObjectName, ObjectType};

use super::{Work, outside};
use crate::jinja::RelationName;
use crate::materialize::Existing;

pub(super) async fn relations(
    work: &Work<'_>,
    object_type: ObjectType,
    if_exists: bool,
    names: &[ObjectName],
) -> Result<()> {
    for name in names {
        match object_type {
            ObjectType::Table | ObjectType::View | ObjectType::MaterializedView => {
                let relation = work.relation(name)?;
                if work.kind(&relation).await == Existing::Absent && !if_exists {
                    return Err(plan_datafusion_err!("there is no relation {relation}"));
                }
                remove(work, &relation).await?;
            }
            ObjectType::Schema => {
                // The name of a schema reads as that of a relation in a schema: its last part counts.
                let schema = work.relation(name)?.identifier;
                for identifier in work.around.warehouse.list(&schema).await {
                    let database = work.around.invocation.target.database.clone();
                    remove(work, &RelationName::new(database, schema.clone(), identifier)).await?;
                }
            }
            ObjectType::Index | ObjectType::Sequence => {}
            other => return Err(not_impl_datafusion_err!("`drop {other}` can't be carried out")),
        }
    }
    Ok(())
}

async fn remove(work: &Work<'_>, relation: &RelationName) -> Result<()> {
    work.around.warehouse.remove(relation).await.map_err(outside)?;
    work.around.tables.removed(relation);
    work.catalog.forget(relation);
    Ok(())
}
