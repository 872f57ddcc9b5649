//! The columns of files, as they were read off them once: known for as long as the files are the same. Also how columns
//! are noted at all: in the engine's stream format, in hexadecimal.

use std::io::Cursor;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use crate::notes::Notes;
use crate::reuse::Digest;

/// What is known of files. Shared by all who open some.
#[derive(Debug, Default)]
pub struct Inferred(pub Notes);

impl Inferred {
    /// The columns of files of this identity.
    pub(super) fn get(&self, files: &Digest) -> Option<SchemaRef> {
        columns_from(&self.0.get(files)?)
    }

    /// Keeps the columns of files of this identity.
    pub(super) fn keep(&self, files: &Digest, schema: &SchemaRef) {
        if let Some(text) = columns_as_text(schema) {
            self.0.keep(files, text);
        }
    }
}

/// Columns as a note has them.
pub fn columns_as_text(schema: &SchemaRef) -> Option<String> {
    let mut writer = StreamWriter::try_new(Vec::new(), schema).ok()?;
    writer.finish().ok()?;
    let bytes = writer.into_inner().ok()?;
    let digit = |it: u8| char::from_digit(u32::from(it), 16).unwrap_or_default();
    Some(bytes.iter().flat_map(|it| [digit(it >> 4), digit(it & 15)]).collect())
}

/// The columns that a note has.
pub fn columns_from(text: &str) -> Option<SchemaRef> {
    let digit = |it: u8| char::from(it).to_digit(16);
    let byte = |pair: &[u8]| Some((digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?) as u8);
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
    let reader = StreamReader::try_new(Cursor::new(bytes?), None).ok()?;
    Some(Arc::clone(&reader.schema()))
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

    use super::*;

    #[test]
    fn columns_come_back_as_they_were() {
        let list = DataType::List(Arc::new(Field::new("item", DataType::Float64, true)));
        let schema = Arc::new(Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
            Field::new("amount", DataType::Decimal128(18, 2), true),
            Field::new("scores", list, true),
        ]));
        let text = columns_as_text(&schema).unwrap();
        assert_eq!(columns_from(&text), Some(schema));
        assert_eq!(columns_from(&text[..text.len() / 2]), None);
        assert_eq!(columns_from("no"), None);
    }
}
