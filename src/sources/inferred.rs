//! The columns of files, as they were read off them once: known for as long as the files are the same. What can't be
//! made out of an earlier process's notes is read off the files again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use crate::reuse::Digest;

/// Notes on sources that nobody asks for are kept up to this number.
const MOST_UNUSED: usize = 500;

/// What is known of files. Shared by all who open some.
#[derive(Debug, Default)]
pub struct Inferred {
    /// Options that change how files are read.
    options: String,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    /// Schemas in the engine's stream format, in hexadecimal, by the identity of files and how they are read.
    known: BTreeMap<String, String>,
    used: BTreeSet<String>,
    has_new: bool,
}

impl Inferred {
    /// What an earlier process with the same options has written with [`Inferred::notes`]; nothing of it where anything
    /// about it is wrong.
    pub fn read(text: &str, options: &str) -> Inferred {
        let mut inferred = Inferred { options: options.to_owned(), ..Inferred::default() };
        if let Some((_, rest)) = text.split_once('\n').filter(|(head, rest)| *head == inferred.heading(rest)) {
            let known = rest.lines().filter_map(|it| it.split_once(' '));
            let known = known.map(|(key, schema)| (key.to_owned(), schema.to_owned())).collect();
            inferred.notes = Mutex::new(Notes { known, ..Notes::default() });
        }
        inferred
    }

    /// What is known now, for [`Inferred::read`]; nothing where that is no more than was read.
    pub fn notes(&self) -> Option<String> {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.has_new {
            return None;
        }
        let (used, unused): (Vec<_>, Vec<_>) = notes.known.iter().partition(|(key, _)| notes.used.contains(*key));
        let kept = used.into_iter().chain(unused.into_iter().take(MOST_UNUSED));
        let rest: String = kept.map(|(key, schema)| format!("{key} {schema}\n")).collect();
        Some(format!("{}\n{rest}", self.heading(&rest)))
    }

    /// The first line: who has written the rest, and that it is whole.
    fn heading(&self, rest: &str) -> String {
        let own = env!("CARGO_PKG_VERSION");
        let engine = datafusion::DATAFUSION_VERSION;
        let whole = Digest::texts("notes", [self.options.as_str(), rest]);
        format!("columns of files, arrowmill {own}, datafusion {engine}, {whole}")
    }

    /// The columns of files of this identity.
    pub(super) fn get(&self, files: &Digest) -> Option<SchemaRef> {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let key = files.to_string();
        let schema = schema(notes.known.get(&key)?)?;
        notes.used.insert(key);
        Some(schema)
    }

    /// Keeps the columns of files of this identity.
    pub(super) fn keep(&self, files: &Digest, schema: &SchemaRef) {
        let Some(text) = text(schema) else { return };
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.known.insert(files.to_string(), text);
        notes.used.insert(files.to_string());
        notes.has_new = true;
    }
}

fn text(schema: &SchemaRef) -> Option<String> {
    let mut writer = StreamWriter::try_new(Vec::new(), schema).ok()?;
    writer.finish().ok()?;
    let bytes = writer.into_inner().ok()?;
    Some(bytes.iter().map(|it| format!("{it:02x}")).collect())
}

fn schema(text: &str) -> Option<SchemaRef> {
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(byte).collect();
    let reader = StreamReader::try_new(Cursor::new(bytes?), None).ok()?;
    Some(Arc::clone(&reader.schema()))
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

    use super::*;

    fn example() -> SchemaRef {
        let list = DataType::List(Arc::new(Field::new("item", DataType::Float64, true)));
        Arc::new(Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
            Field::new("amount", DataType::Decimal128(18, 2), true),
            Field::new("scores", list, true),
        ]))
    }

    #[test]
    fn what_was_kept_is_known_to_the_next_process() {
        let (one, other) = (Digest::text("files", "one"), Digest::text("files", "other"));
        let inferred = Inferred::default();
        assert_eq!(inferred.notes(), None);
        inferred.keep(&one, &example());
        let notes = inferred.notes().unwrap();
        let next = Inferred::read(&notes, "");
        assert_eq!(Inferred::read(&notes, "other options").get(&one), None);
        assert_eq!(next.get(&one), Some(example()));
        assert_eq!(next.get(&other), None);
        assert_eq!(next.notes(), None);
    }

    #[test]
    fn damaged_notes_are_none() {
        let one = Digest::text("files", "one");
        let inferred = Inferred::default();
        inferred.keep(&one, &example());
        let notes = inferred.notes().unwrap();
        for damaged in
            [&notes[..notes.len() / 2], &notes.replace("datafusion", "another"), &notes.replace('0', "1"), "", "\n"]
        {
            assert_eq!(Inferred::read(damaged, "").get(&one), None);
        }
    }
}
