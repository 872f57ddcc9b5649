//! `information_schema.tables`, `.columns` and `.schemata`: what the warehouse holds, as tables that queries can read.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::error::Result;

use crate::jinja::{ColumnType, RelationName};
use crate::warehouse::{RecordKind, Warehouse};

/// The name of the schema.
pub(super) const SCHEMA: &str = "information_schema";

const TABLES: [&str; 4] = ["table_catalog", "table_schema", "table_name", "table_type"];
const SCHEMATA: [&str; 2] = ["catalog_name", "schema_name"];
/// The third from the end is a number.
const COLUMNS: [&str; 7] =
    ["table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "data_type", "is_nullable"];

/// The columns of one of its tables; `None` where there is none of that name.
pub(super) fn schema(table: &str) -> Option<SchemaRef> {
    let names: &[&str] = match table.to_lowercase().as_str() {
        "tables" => &TABLES,
        "schemata" => &SCHEMATA,
        "columns" => &COLUMNS,
        _ => return None,
    };
    let field = |name: &&str| {
        let data_type = if *name == "ordinal_position" { DataType::Int32 } else { DataType::Utf8 };
        Field::new(*name, data_type, true)
    };
    Some(SchemaRef::new(Schema::new(names.iter().map(field).collect::<Vec<_>>())))
}

/// One of its tables as the warehouse is now. `columns` says what columns a relation has.
pub async fn information_schema(
    warehouse: &Warehouse,
    database: &str,
    table: &str,
    columns: &(dyn Fn(&RelationName) -> Vec<ColumnType> + Sync),
) -> Result<Option<Arc<dyn TableProvider>>> {
    let Some(schema) = schema(table) else { return Ok(None) };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for name in warehouse.schemas().await {
        if table.eq_ignore_ascii_case("schemata") {
            rows.push(vec![database.to_owned(), name.clone()]);
            continue;
        }
        for identifier in warehouse.list(&name).await {
            let relation = RelationName::new(database, &name, &identifier);
            let is_view = warehouse.existing(&relation).await.1.is_some_and(|it| it.kind == RecordKind::View);
            let of = vec![database.to_owned(), name.clone(), identifier];
            if table.eq_ignore_ascii_case("tables") {
                let kind = if is_view { "VIEW" } else { "BASE TABLE" };
                rows.push([of, vec![kind.to_owned()]].concat());
                continue;
            }
            for (at, column) in columns(&relation).into_iter().enumerate() {
                let rest = vec![column.name, (at + 1).to_string(), column.data_type, "YES".to_owned()];
                rows.push([of.clone(), rest].concat());
            }
        }
    }
    let column = |(at, field): (usize, &Arc<Field>)| -> ArrayRef {
        let texts = rows.iter().map(|row| row[at].as_str());
        match field.data_type() {
            DataType::Int32 => Arc::new(Int32Array::from_iter(texts.map(|it| it.parse::<i32>().ok()))),
            _ => Arc::new(StringArray::from_iter_values(texts)),
        }
    };
    let arrays = schema.fields().iter().enumerate().map(column).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
    Ok(Some(Arc::new(MemTable::try_new(schema, vec![vec![batch]])?)))
}
