//! Events as Parquet.
//! In: a day of events. Out: a file with statistics, sorted by time, as its footer says.
//! The only file of the generator that knows Arrow and Parquet; knows nothing of the simulation.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder, TimestampMicrosecondBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::GenerateError;
use super::event::Event;
use super::output::{Counted, EventWriter};
use super::wording::{COLUMNS, Wording, push_event_id, push_user_id};

/// Rows that are put into arrays at once.
const BATCH: usize = 16_384;

/// Rows of a row group: twice DuckDB's, so that a group of the smallest column is worth a read.
const ROW_GROUP: usize = 245_760;

/// The largest dictionary, in bytes: the clients and the cart contents of one row group fit in.
const DICTIONARY: usize = 4 << 20;

/// Writes events as one Parquet file.
pub(super) struct ParquetEvents {
    writer: ArrowWriter<Counted>,
    schema: SchemaRef,
    wording: Wording,
}

impl ParquetEvents {
    /// Begins a file.
    pub(super) fn new(file: Counted, wording: Wording) -> Result<Self, GenerateError> {
        let schema = schema();
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties()?))?;
        Ok(Self { writer, schema, wording })
    }

    fn batch(&mut self, events: &[Event]) -> Result<RecordBatch, GenerateError> {
        let rows = events.len();
        let (mut text, wording) = (String::new(), &self.wording);
        let mut timestamps = TimestampMicrosecondBuilder::with_capacity(rows);
        events.iter().for_each(|event| timestamps.append_value(event.at * 1000));
        let columns: Vec<ArrayRef> = vec![
            texts(events, 36, |event, out| append(&mut text, out, |text| push_event_id(event, text))),
            texts(events, 14, |event, out| append(&mut text, out, |text| wording.push_client_id(event, text))),
            texts(events, 8, |event, out| match event.user {
                0 => out.append_null(),
                user => append(&mut text, out, |text| push_user_id(user, text)),
            }),
            texts(events, 16, |event, out| out.append_value(event.action.name())),
            Arc::new(timestamps.finish()),
            texts(events, 48, |event, out| append(&mut text, out, |text| wording.push_page_url(event, text))),
            texts(events, 8, |event, out| out.append_option(Wording::referrer(event))),
            texts(events, 120, |event, out| out.append_value(Wording::user_agent(event))),
            texts(events, 48, |event, out| {
                text.clear();
                out.append_option(wording.push_data(event, &mut text).then_some(&text));
            }),
        ];
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

/// A column of texts of about `length` bytes each.
fn texts(events: &[Event], length: usize, mut append: impl FnMut(&Event, &mut StringBuilder)) -> ArrayRef {
    let mut builder = StringBuilder::with_capacity(events.len(), events.len() * length);
    events.iter().for_each(|event| append(event, &mut builder));
    Arc::new(builder.finish())
}

/// Appends what `push` makes, by way of `text`, whose memory is used again.
fn append(text: &mut String, out: &mut StringBuilder, push: impl FnOnce(&mut String)) {
    text.clear();
    push(text);
    out.append_value(&text);
}

fn schema() -> SchemaRef {
    let fields = COLUMNS.iter().map(|column| {
        let nullable = matches!(*column, "user_id" | "referrer" | "event_data");
        let data_type = match *column {
            "event_timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
            _ => DataType::Utf8,
        };
        Field::new(*column, data_type, nullable)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn properties() -> Result<WriterProperties, GenerateError> {
    // No two events share an id, and hardly two a moment: a dictionary would only cost. In random
    // digits a search for repetitions finds nothing either, so the lowest level does for the ids.
    let (id, time) = (ColumnPath::from("event_id"), ColumnPath::from("event_timestamp"));
    let by = |column_idx| SortingColumn { column_idx, descending: false, nulls_first: false };
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_dictionary_page_size_limit(DICTIONARY)
        .set_column_dictionary_enabled(id.clone(), false)
        .set_column_compression(id, Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_column_dictionary_enabled(time.clone(), false)
        .set_column_encoding(time, Encoding::DELTA_BINARY_PACKED)
        .set_sorting_columns(Some(vec![by(4), by(0)]))
        .build())
}

impl EventWriter for ParquetEvents {
    fn write(&mut self, events: &[Event]) -> Result<(), GenerateError> {
        for events in events.chunks(BATCH) {
            let batch = self.batch(events)?;
            self.writer.write(&batch)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Counted, GenerateError> {
        Ok(self.writer.into_inner()?)
    }
}
