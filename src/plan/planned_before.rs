//! Queries that were planned once, with nothing to be said of them: for as long as their text and the columns of all that
//! they name are the same, there is nothing to be said of them now. `check` need not plan them again.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::{DFSchema, TableReference};
use datafusion::logical_expr::{EmptyRelation, LogicalPlan, TableSource};
use serde::{Deserialize, Serialize};

use crate::notes::Notes;
use crate::plan::context::source_of;
use crate::plan::query::PlannedQuery;
use crate::plan::relation::Catalog;
use crate::project::Target;
use crate::reuse::Digest;
use crate::sources::{columns_as_text, columns_from};

/// What is known of queries. Shared by all who plan some.
#[derive(Debug, Default)]
pub struct PlannedBefore(pub Notes);

/// A name that a query has used for a relation, and what it meant.
#[derive(Clone)]
pub(super) struct Meant {
    pub(super) name: TableReference,
    /// Whether a common table expression of the query has this name.
    pub(super) is_within: bool,
    pub(super) source: Option<Arc<dyn TableSource>>,
}

impl std::fmt::Debug for Meant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.name)
    }
}

/// A query, as it is noted.
#[derive(Serialize, Deserialize)]
struct Note {
    reads: Vec<Read>,
    columns: String,
}

#[derive(Serialize, Deserialize)]
struct Read {
    name: Vec<String>,
    is_within: bool,
    /// The columns of what it means, where it means anything.
    means: Option<String>,
}

impl PlannedBefore {
    /// A query that was planned before: its columns, and in place of its plan an empty one that has them.
    pub(super) fn find(&self, sql: &str, catalog: &Catalog, target: &Target) -> Option<PlannedQuery> {
        if catalog.has_functions() {
            return None;
        }
        let note: Note = serde_json::from_str(&self.0.get(&key(sql, target))?).ok()?;
        let is_same = |read: &Read| {
            let name = match read.name.as_slice() {
                [table] => TableReference::bare(table.as_str()),
                [schema, table] => TableReference::partial(schema.as_str(), table.as_str()),
                [database, schema, table] => TableReference::full(database.as_str(), schema.as_str(), table.as_str()),
                _ => return false,
            };
            let source = source_of(catalog, target, &name, read.is_within);
            read.means == source.map(|it| digest_of(&it))
        };
        if !note.reads.iter().all(is_same) {
            return None;
        }
        let schema = columns_from(&note.columns)?;
        let columns = Arc::new(DFSchema::try_from(Arc::clone(&schema)).ok()?);
        let plan = LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema: columns });
        Some(PlannedQuery { plan, schema, findings: Vec::new(), meant: None })
    }

    /// Notes a query that was planned now, if there is nothing to be said of it and all that it depends on is known.
    pub(super) fn keep(&self, sql: &str, planned: &PlannedQuery, catalog: &Catalog, target: &Target) {
        let Some(meant) = planned.meant.as_ref().filter(|_| planned.findings.is_empty() && !catalog.has_functions())
        else {
            return;
        };
        let read = |meant: &Meant| Read {
            name: meant.name.to_vec(),
            is_within: meant.is_within,
            means: meant.source.as_ref().map(digest_of),
        };
        let Some(columns) = columns_as_text(&planned.schema) else { return };
        let note = Note { reads: meant.iter().map(read).collect(), columns };
        if let Ok(line) = serde_json::to_string(&note) {
            self.0.keep(&key(sql, target), line);
        }
    }
}

fn key(sql: &str, target: &Target) -> Digest {
    Digest::texts("query", [sql, &format!("{:?}", target.dialect), &target.database, &target.schema])
}

/// Names, types and the rest, in their order.
fn digest_of(source: &Arc<dyn TableSource>) -> String {
    let schema: SchemaRef = source.schema();
    Digest::text("columns", &format!("{:?}", schema.fields())).to_string()
}
