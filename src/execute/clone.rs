//! Relations that are what they are elsewhere: tables share their data, everything else becomes a view.
//! <https://docs.getdbt.com/reference/commands/clone>

use crate::jinja::RelationName;
use crate::materialize::Existing;
use crate::parse::NodeFacts;
use crate::warehouse::{Record, RecordKind, StorageError, Warehouse};

/// How to clone.
#[derive(Debug, Clone, Copy)]
pub struct Cloning<'a> {
    /// Whether what is there already is replaced.
    pub anew: bool,
    /// Whether tables become tables. Otherwise they become views too.
    pub tables: bool,
    /// Identity of the run.
    pub run_id: &'a str,
}

/// What became of a relation.
#[derive(Debug)]
pub enum Cloned {
    /// It has the data of the other one.
    Table(Box<Record>),
    /// It is a view of the other one.
    View,
    /// It is as it was, and why.
    Untouched(String),
    /// There is nothing to clone.
    Missing,
}

/// Makes a node's relation what the state says it is.
///
/// # Errors
/// What the warehouse says.
pub async fn clone_relation(
    warehouse: &Warehouse,
    facts: &NodeFacts,
    from: Option<&RelationName>,
    how: Cloning<'_>,
) -> Result<Cloned, StorageError> {
    let to = &facts.relation;
    let Some(from) = from else {
        return Ok(Cloned::Untouched(format!("No relation found in state manifest for {}", facts.id)));
    };
    let (there, _) = warehouse.existing(to).await;
    let is_there = matches!(there, Existing::Table | Existing::View);
    if !how.anew && is_there {
        return Ok(Cloned::Untouched(format!("Relation {to} already exists")));
    }
    if is_there && from.is_same(to) {
        let words = format!("Target relation and defer relation are the same, skipping clone for relation: {to}");
        return Ok(Cloned::Untouched(words));
    }
    match warehouse.existing(from).await {
        // A file can have two names, and a log can't.
        (Existing::Table, Some(record)) if how.tables && record.delta.is_none() => {
            let (run_id, node) = (how.run_id.to_owned(), facts.id.to_string());
            let record = Record { run_id, node, keep_versions: facts.keep_versions(), ..record };
            Ok(Cloned::Table(Box::new(warehouse.copy(from, to, record).await?)))
        }
        (Existing::Table | Existing::View, Some(record)) => {
            let view = Record {
                kind: RecordKind::View,
                rows: None,
                bytes: None,
                sorted_by: Vec::new(),
                sql: Some(format!("select * from {from}")),
                run_id: how.run_id.to_owned(),
                node: facts.id.to_string(),
                // It is another query than the node's own.
                made_of: None,
                identity: None,
                version: None,
                delta: None,
                number: 0,
                restored_from: None,
                keep_versions: facts.keep_versions(),
                ..record
            };
            warehouse.publish_view(to, &view).await?;
            warehouse.remove_data(to).await?;
            Ok(Cloned::View)
        }
        _ => Ok(Cloned::Missing),
    }
}
