//! Parquet. Its columns have types of their own; a bad row is kept as JSON.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::json::LineDelimitedWriter;
use async_trait::async_trait;
use futures::StreamExt;
use parquet::arrow::ParquetRecordBatchStreamBuilder;

use super::Format;
use crate::ingest::reading::{Block, Piece, RawColumn, RawFile, RawRows, Reading, Unreadable};
use crate::warehouse::ParquetFile;

/// Rows that are read together.
const ROWS: usize = 8 * 1024;

pub(super) struct Parquet;

#[async_trait]
impl Format for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["parquet", "pq"]
    }

    async fn begin(&self, file: RawFile) -> Result<Reading, Unreadable> {
        let RawFile { store, meta, .. } = file;
        let reader = ParquetFile { store, path: meta.location, bytes: meta.size };
        let builder = ParquetRecordBatchStreamBuilder::new(reader).await;
        let builder = builder.map_err(|_| Unreadable("it is no Parquet file, or one that is cut off".to_owned()))?;
        let column = |field: &Arc<arrow::datatypes::Field>| RawColumn {
            name: field.name().clone(),
            data_type: plain(field.data_type()).unwrap_or_else(|| field.data_type().clone()),
        };
        let columns = builder.schema().fields().iter().map(column).collect();
        let stream = builder.with_batch_size(ROWS).build();
        let damaged = |_| Unreadable("its rows can't be read to their end: it is damaged".to_owned());
        let stream = stream.map_err(damaged)?;
        let block = move |rows: Result<RecordBatch, _>| {
            rows.map(|rows| Box::new(Rows(rows)) as Box<dyn Block>).map_err(damaged)
        };
        Ok(Reading { columns, is_fixed: true, blocks: Box::new(move |_| stream.map(block).boxed()) })
    }
}

/// The type that texts are brought to, whatever way they are kept in.
fn plain(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::LargeUtf8 | DataType::Utf8View => Some(DataType::Utf8),
        DataType::Dictionary(_, values) => Some(plain(values).unwrap_or_else(|| values.as_ref().clone())),
        _ => None,
    }
}

struct Rows(RecordBatch);

impl Block for Rows {
    fn split(self: Box<Self>) -> Result<Piece, Unreadable> {
        let rows = self.0;
        let columns = rows.columns().iter().map(|it| match plain(it.data_type()) {
            Some(data_type) => cast(it, &data_type),
            None => Ok(Arc::clone(it)),
        });
        let columns: Result<Vec<_>, _> = columns.collect();
        Ok(Piece {
            rows: rows.num_rows(),
            columns: columns.map_err(|error| Unreadable(error.to_string()))?,
            positions: (0..u32::try_from(rows.num_rows()).unwrap_or(u32::MAX)).collect(),
            broken: Vec::new(),
            raw: Box::new(AsJson(rows)),
            late: BTreeSet::new(),
        })
    }
}

/// Rows whose text is made when it is asked for.
struct AsJson(RecordBatch);

impl RawRows for AsJson {
    fn text(&self, position: u32) -> Result<Vec<u8>, ArrowError> {
        let mut writer = LineDelimitedWriter::new(Vec::new());
        writer.write(&self.0.slice(position as usize, 1))?;
        writer.finish()?;
        let mut text = writer.into_inner();
        text.pop_if(|it| *it == b'\n');
        Ok(text)
    }
}
