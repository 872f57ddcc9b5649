//! `catalog.json`, version 1: what the warehouse holds, table by table. Told by the caller; reads nothing itself.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Serialize;

use crate::artifacts::Metadata;
use crate::jinja::{Invocation, RelationName};
use crate::parse::NodeId;
use crate::project::Json;

/// What kind of relation one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogKind {
    /// Data in the warehouse.
    Table,
    /// A query.
    View,
    /// Data that others write.
    External,
}

impl CatalogKind {
    /// The word in the catalog, as `information_schema` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            CatalogKind::Table => "BASE TABLE",
            CatalogKind::View => "VIEW",
            CatalogKind::External => "EXTERNAL",
        }
    }
}

/// What is known of one relation.
#[derive(Debug, Clone)]
pub struct CatalogEntry {
    /// The node that it is of.
    pub id: NodeId,
    /// Its kind.
    pub kind: CatalogKind,
    /// Its name.
    pub relation: RelationName,
    /// Names and types of its columns, in order.
    pub columns: Vec<(String, String)>,
    /// What it is, where `persist_docs` keeps that with the relation.
    pub comment: Option<String>,
    /// The same of its columns, by name.
    pub column_comments: BTreeMap<String, String>,
    /// Rows in it, where known.
    pub rows: Option<u64>,
    /// Bytes of its data, where known.
    pub bytes: Option<u64>,
    /// Whether it is a source, and not a node that the project makes.
    pub is_source: bool,
}

/// The artifact.
#[derive(Debug, Clone, Serialize)]
pub struct Catalog {
    metadata: Metadata,
    nodes: BTreeMap<String, Table>,
    sources: BTreeMap<String, Table>,
    errors: Option<Vec<String>>,
}

#[derive(Debug, Clone, Serialize)]
struct Table {
    metadata: TableMetadata,
    columns: IndexMap<String, TableColumn>,
    stats: BTreeMap<&'static str, Statistic>,
    unique_id: String,
}

#[derive(Debug, Clone, Serialize)]
struct TableMetadata {
    #[serde(rename = "type")]
    kind: &'static str,
    schema: String,
    name: String,
    database: Option<String>,
    comment: Option<String>,
    owner: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct TableColumn {
    #[serde(rename = "type")]
    data_type: String,
    index: usize,
    name: String,
    comment: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Statistic {
    id: &'static str,
    label: &'static str,
    value: Json,
    include: bool,
    description: &'static str,
}

/// The catalog of these relations.
pub fn catalog(invocation: &Invocation, entries: &[CatalogEntry]) -> Catalog {
    // The adapters of other targets count nothing, and what reads their catalogs expects nothing.
    let counts = invocation.target.kind == "datafusion";
    let tables = |of_sources: bool| {
        let chosen = entries.iter().filter(|it| it.is_source == of_sources);
        chosen.map(|it| (it.id.to_string(), table(it, counts))).collect()
    };
    Catalog {
        metadata: Metadata::new("catalog/v1", invocation, invocation.started_at),
        nodes: tables(false),
        sources: tables(true),
        errors: None,
    }
}

fn table(entry: &CatalogEntry, counts: bool) -> Table {
    let column = |(at, (name, data_type)): (usize, &(String, String))| {
        let comment = entry.column_comments.get(name).cloned();
        let column = TableColumn { data_type: data_type.clone(), index: at + 1, name: name.clone(), comment };
        (name.clone(), column)
    };
    let database = &entry.relation.database;
    Table {
        metadata: TableMetadata {
            kind: entry.kind.as_str(),
            schema: entry.relation.schema.clone(),
            name: entry.relation.identifier.clone(),
            database: (!database.is_empty()).then(|| database.clone()),
            comment: entry.comment.clone(),
            owner: None,
        },
        columns: entry.columns.iter().enumerate().map(column).collect(),
        stats: statistics(if counts { (entry.rows, entry.bytes) } else { (None, None) }),
        unique_id: entry.id.to_string(),
    }
}

/// dbt's names for what is counted; `has_stats` says whether anything is.
fn statistics((rows, bytes): (Option<u64>, Option<u64>)) -> BTreeMap<&'static str, Statistic> {
    let counted = [
        ("num_rows", "# Rows", rows, "Number of rows in the table"),
        ("num_bytes", "Approximate Size", bytes, "Size of the table's data, in bytes"),
    ];
    let one = |(id, label, value, description): (&'static str, &'static str, Option<u64>, &'static str)| {
        let statistic = Statistic { id, label, value: Json::from(value?), include: true, description };
        Some((id, statistic))
    };
    let mut all: BTreeMap<_, _> = counted.into_iter().filter_map(one).collect();
    let has_stats = Statistic {
        id: "has_stats",
        label: "Has Stats?",
        value: Json::from(!all.is_empty()),
        include: false,
        description: "Indicates whether there are statistics for this table",
    };
    all.insert("has_stats", has_stats);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_sources_go_apart_and_columns_keep_their_order() {
        let (project, _) = crate::artifacts::tests::project();
        let entry = |id: &str, kind, rows, is_source| CatalogEntry {
            id: NodeId::new(id),
            kind,
            relation: RelationName::new("warehouse", "main", "orders"),
            columns: vec![("z".into(), "Int64".into()), ("a".into(), "Utf8".into())],
            comment: None,
            column_comments: BTreeMap::new(),
            rows,
            bytes: None,
            is_source,
        };
        let entries = [
            entry("source.shop.raw.orders", CatalogKind::External, None, true),
            entry("model.shop.orders", CatalogKind::Table, Some(3), false),
        ];
        let json = serde_json::to_value(catalog(&project.invocation, &entries)).unwrap();
        let table = &json["nodes"]["model.shop.orders"];
        assert_eq!(
            table["metadata"].to_string(),
            r#"{"type":"BASE TABLE","schema":"main","name":"orders","database":"warehouse","comment":null,"owner":null}"#
        );
        assert_eq!(
            table["columns"].to_string(),
            r#"{"z":{"type":"Int64","index":1,"name":"z","comment":null},"a":{"type":"Utf8","index":2,"name":"a","comment":null}}"#
        );
        assert_eq!(table["stats"]["num_rows"]["value"], 3);
        assert_eq!(json["sources"]["source.shop.raw.orders"]["stats"]["has_stats"]["value"], false);
        assert!(json["nodes"].get("source.shop.raw.orders").is_none());
    }
}
