//! What a relation is made of, from its plan: which rows it has and what stands in each column, as digests. Names of
//! tables and aliases, formatting, and the order of what has none do not count; what a query does not read of its
//! inputs does not either. The result is symbolic: no row is looked at.
//!
//! Each step of a plan gives a [`Shape`]. Its `rows` say which rows there are without saying what is in them, and the
//! digest of a column says which value each of these rows has in it. So a column that nobody reads leaves no trace, and
//! two columns are told apart only within the same rows.

mod expressions;
mod joins;
mod shape;
mod steps;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::catalog::TableProvider;
use datafusion::common::{DFSchemaRef, TableReference};
use datafusion::logical_expr::LogicalPlan;

use crate::jinja::RelationName;
use crate::plan::fingerprint::shape::Shape;
use crate::project::Dialect;
use crate::reuse::{Digest, Identity, MadeOf};

/// Why nobody can tell whether a query would give the same again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Untold(pub String);

/// What is known of the tables that plans read.
pub trait Known {
    /// The identity of a table that a plan knows by name.
    fn planned(&self, relation: &RelationName) -> Option<Identity>;

    /// What an opened table is called, and its identity.
    fn opened(&self, table: &Arc<dyn TableProvider>) -> Option<(String, Identity)>;
}

/// Which query it is: of a model, test or seed.
pub struct AskedPlan<'a> {
    /// Its plan.
    pub plan: &'a LogicalPlan,
    /// What is configured about it and matters for the result.
    pub config: &'a str,
    /// Whose SQL it is.
    pub dialect: Dialect,
}

/// What a query's result is made of, and what it is.
///
/// # Errors
/// There is something in it whose result may differ the next time, or whose identity is not known.
pub fn made_of(asked: &AskedPlan<'_>, known: &dyn Known) -> Result<(MadeOf, Identity), Untold> {
    let schema = asked.plan.schema().as_arrow();
    let name = |table: &TableReference| table.to_string();
    let query = Walk::new(Leaves::Named(&name)).shape(asked.plan)?;
    let mut walk = Walk::new(Leaves::Identified(known));
    let shape = walk.shape(asked.plan)?;
    let made_of = MadeOf {
        planner: planner(asked.dialect),
        query: result(&query, schema),
        config: Digest::text("config", asked.config),
        inputs: walk.read(&shape),
        result: result(&shape, schema),
    };
    let typed = |(field, digest): (&arrow::datatypes::FieldRef, &Digest)| {
        let data_type = Digest::text("type", &field.data_type().to_string());
        (field.name().clone(), Digest::of("column", [digest, &data_type]))
    };
    let columns = schema.fields().iter().zip(&shape.columns).map(typed).collect();
    Ok((made_of, Identity { rows: shape.rows(), order: shape.order, columns }))
}

/// What a query means, its tables known by name alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// Which rows it gives, in which order.
    pub rows: Digest,
    /// What stands in each column, in their order.
    pub columns: Vec<Digest>,
}

/// What a query means. `name` says which tables are the same, whatever the query calls them. None where the plan is no
/// query.
pub fn meaning(plan: &LogicalPlan, name: &dyn Fn(&TableReference) -> String) -> Option<Meaning> {
    let shape = Walk::new(Leaves::Named(name)).shape(plan).ok()?;
    Some(Meaning { rows: shape.rows_in_order(), columns: shape.columns })
}

/// The versions that a result depends on, and the dialect.
fn planner(dialect: Dialect) -> String {
    let own = env!("CARGO_PKG_VERSION");
    format!("arrowmill {own}, datafusion {}, {dialect:?}", datafusion::DATAFUSION_VERSION)
}

/// Everything that a relation of this shape is: its rows, their order, its columns with names and types.
fn result(shape: &Shape, schema: &Schema) -> Digest {
    let mut parts = vec![shape.rows()];
    parts.extend(shape.order.clone());
    for (field, digest) in schema.fields().iter().zip(&shape.columns) {
        parts.push(Digest::texts("field", [field.name().as_str(), &field.data_type().to_string()]));
        parts.push(digest.clone());
    }
    Digest::of("result", &parts)
}

/// How the tables that a plan reads are told apart.
#[derive(Clone, Copy)]
enum Leaves<'a> {
    /// By their names: what remains is the query alone, whatever changes from one day to the next.
    Named(&'a dyn Fn(&TableReference) -> String),
    /// By what they are.
    Identified(&'a dyn Known),
}

/// One walk over a plan.
struct Walk<'a> {
    leaves: Leaves<'a>,
    /// The queries around the one being looked at, the outermost first.
    outer: Vec<(DFSchemaRef, Vec<Digest>)>,
    /// Recursive queries around, by the names that they have for themselves.
    recursive: Vec<String>,
    /// Views that have been looked at.
    views: BTreeMap<String, Shape>,
    /// The columns of inputs that a digest stands for.
    origins: BTreeMap<Digest, BTreeSet<(String, String)>>,
    /// The columns of inputs that are read.
    read: BTreeSet<(String, String)>,
    /// The rows of each input, and its columns.
    inputs: BTreeMap<String, (Digest, BTreeMap<String, Digest>)>,
}

impl<'a> Walk<'a> {
    fn new(leaves: Leaves<'a>) -> Walk<'a> {
        Walk {
            leaves,
            outer: Vec::new(),
            recursive: Vec::new(),
            views: BTreeMap::new(),
            origins: BTreeMap::new(),
            read: BTreeSet::new(),
            inputs: BTreeMap::new(),
        }
    }

    /// For each input, the digest of all that is read of it.
    fn read(&mut self, result: &Shape) -> BTreeMap<String, Digest> {
        for column in &result.columns {
            self.is_read(column);
        }
        let of = |(name, (rows, columns)): (&String, &(Digest, BTreeMap<String, Digest>))| {
            let read = columns.iter().filter(|(column, _)| self.read.contains(&(name.clone(), (*column).clone())));
            let parts: Vec<&Digest> = std::iter::once(rows).chain(read.map(|(_, digest)| digest)).collect();
            (name.clone(), Digest::of("input", parts))
        };
        self.inputs.iter().map(of).collect()
    }

    fn is_read(&mut self, column: &Digest) {
        if let Some(origins) = self.origins.get(column) {
            self.read.extend(origins.iter().cloned());
        }
    }

    /// A column that stands for the same as another one, in other rows.
    fn same_as(&mut self, digest: Digest, of: &Digest) -> Digest {
        if let Some(origins) = self.origins.get(of).cloned() {
            self.origins.entry(digest.clone()).or_default().extend(origins);
        }
        digest
    }
}
