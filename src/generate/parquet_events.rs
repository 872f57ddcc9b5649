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
use super::flaws::{Flaw, Flaws};
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
    flaws: Flaws,
}

impl ParquetEvents {
    /// Begins a file.
    pub(super) fn new(file: Counted, wording: Wording, flaws: Flaws) -> Result<Self, GenerateError> {
        let schema = schema();
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties()?))?;
        Ok(Self { writer, schema, wording, flaws })
    }

    fn batch(&mut self, events: &[Event]) -> Result<RecordBatch, GenerateError> {
        let rows = events.len();
        let (mut text, wording) = (String::new(), &self.wording);
        let flaws: Vec<Option<Flaw>> = events.iter().map(|_| self.flaws.next()).collect();
        let events: Vec<(&Event, Option<Flaw>)> = events.iter().zip(flaws).collect();
        let events = events.as_slice();
        let mut timestamps = TimestampMicrosecondBuilder::with_capacity(rows);
        events.iter().for_each(|(event, _)| timestamps.append_value(event.at * 1000));
        let columns: Vec<ArrayRef> = vec![
            texts(events, 36, 0, &mut text, always(push_event_id)),
            texts(events, 14, 1, &mut text, always(|event, text| wording.push_client_id(event, text))),
            texts(events, 8, 2, &mut text, |event, text| {
                push_user_id(event.user, text);
                event.user != 0
            }),
            texts(events, 16, 3, &mut text, always(|event, text| text.push_str(event.action.name()))),
            Arc::new(timestamps.finish()),
            texts(events, 48, 5, &mut text, always(|event, text| wording.push_page_url(event, text))),
            texts(events, 8, 6, &mut text, |event, text| {
                Wording::referrer(event).map(|it| text.push_str(it)).is_some()
            }),
            texts(events, 120, 7, &mut text, always(|event, text| text.push_str(Wording::user_agent(event)))),
            texts(events, 48, 8, &mut text, |event, text| wording.push_data(event, text)),
        ];
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

/// A column of texts of about `length` bytes each. What `push` makes stands in `text`, whose memory is used again; it
/// says whether there is a value at all.
fn texts(
    events: &[(&Event, Option<Flaw>)],
    length: usize,
    column: usize,
    text: &mut String,
    mut push: impl FnMut(&Event, &mut String) -> bool,
) -> ArrayRef {
    let mut builder = StringBuilder::with_capacity(events.len(), events.len() * length);
    for (event, flaw) in events {
        text.clear();
        let is_there = push(event, text);
        let is_broken = flaw.is_some_and(|it| it.spoil(column, text));
        builder.append_option((is_there || is_broken).then_some(&*text));
    }
    Arc::new(builder.finish())
}

/// A value that is always there.
fn always(mut push: impl FnMut(&Event, &mut String)) -> impl FnMut(&Event, &mut String) -> bool {
    move |event, text| {
        push(event, text);
        true
    }
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
