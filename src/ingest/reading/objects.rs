//! Rows that are JSON objects (RFC 8259), taken apart into columns by their keys. Texts lose their quotes; numbers and
//! what is nested stay as they are written.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use jiter::{Jiter, JiterError, Peek};

use super::columns::{TextColumn, unwanted};
use super::text::{Parts, fits};
use super::{Block, Piece, Unreadable};
use crate::ingest::validate::Reason;

/// How objects become columns.
pub(crate) struct Keys {
    /// The columns, by their keys.
    pub(crate) places: HashMap<String, usize>,
    /// Which of them are wanted.
    pub(crate) wanted: Vec<bool>,
    /// Bytes that a row may have.
    pub(crate) max_row_bytes: usize,
}

impl Keys {
    pub(crate) fn new(names: &[String], wanted: Vec<bool>, max_row_bytes: usize) -> Keys {
        let places = names.iter().enumerate().map(|(at, name)| (name.clone(), at)).collect();
        Keys { places, wanted, max_row_bytes }
    }
}

/// Objects that are not taken apart yet.
pub(crate) struct Objects {
    pub(crate) text: Vec<u8>,
    pub(crate) rows: Vec<Range<usize>>,
    pub(crate) keys: Arc<Keys>,
}

impl Block for Objects {
    fn split(self: Box<Self>) -> Result<Piece, Unreadable> {
        let Objects { text, rows, keys } = *self;
        let is_text = std::str::from_utf8(&text).is_ok();
        let count = rows.len();
        let share = text.len() / keys.wanted.len().max(1);
        let mut columns: Vec<TextColumn> =
            keys.wanted.iter().map(|it| TextColumn::with_capacity(count, if *it { share } else { 0 })).collect();
        let mut positions = Vec::with_capacity(count);
        let mut broken = Vec::new();
        let mut fields = Fields::new(&keys);
        for (position, range) in rows.iter().enumerate() {
            let position = u32::try_from(position).unwrap_or(u32::MAX);
            let row = &text[range.clone()];
            match fits(row, keys.max_row_bytes, is_text).and_then(|()| fields.read(row)) {
                Ok(()) => {
                    positions.push(position);
                    for (at, column) in columns.iter_mut().enumerate().filter(|(at, _)| keys.wanted[*at]) {
                        column.push(fields.get(at));
                    }
                }
                Err(reason) => broken.push((position, reason)),
            }
        }
        let late = fields.late;
        let count = positions.len();
        let finished = |column: TextColumn| if column.len() == count { column.finish() } else { Ok(unwanted(count)) };
        let columns: Result<Vec<_>, _> = columns.into_iter().map(finished).collect();
        let columns = columns.map_err(|error| Unreadable(error.to_string()))?;
        Ok(Piece { rows: rows.len(), columns, positions, broken, raw: Box::new(Parts { text, rows }), late })
    }
}

/// The keys of the objects in a text, in the order in which they come, and behind them those that are expected. Broken
/// objects have none.
pub(crate) fn keys_of(text: &[u8], rows: &[Range<usize>], expected: &[String]) -> Vec<String> {
    let keys = Keys::new(&[], Vec::new(), usize::MAX);
    let mut names: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    for row in rows {
        let mut fields = Fields::new(&keys);
        if fields.read(&text[row.clone()]).is_ok() {
            names.extend(fields.order.into_iter().filter(|it| seen.insert(it.clone())));
        }
    }
    names.extend(expected.iter().filter(|it| seen.insert((*it).clone())).cloned());
    names
}

/// The values of one object.
struct Fields<'a> {
    keys: &'a Keys,
    values: Vec<Option<Range<usize>>>,
    text: Vec<u8>,
    late: BTreeSet<String>,
    /// Late keys in the order of their coming.
    order: Vec<String>,
}

impl<'a> Fields<'a> {
    fn new(keys: &'a Keys) -> Fields<'a> {
        let values = vec![None; keys.wanted.len()];
        Fields { keys, values, text: Vec::new(), late: BTreeSet::new(), order: Vec::new() }
    }

    fn get(&self, at: usize) -> Option<&[u8]> {
        self.values[at].clone().map(|it| &self.text[it])
    }

    fn read(&mut self, row: &[u8]) -> Result<(), Reason> {
        self.values.fill(None);
        self.text.clear();
        let mut jiter = Jiter::new(row);
        let is_object = matches!(jiter.peek(), Ok(Peek::Object));
        if !is_object && Jiter::new(row).next_skip().is_ok() {
            return Err(Reason { rule: "row.json".into(), words: "it is no object".to_owned() });
        }
        self.read_object(&mut jiter, row).map_err(|error| {
            let words = format!("{} at byte {}", lower(&error.error_type.to_string()), error.index + 1);
            Reason { rule: "row.json".into(), words }
        })
    }

    fn read_object(&mut self, jiter: &mut Jiter<'_>, row: &[u8]) -> Result<(), JiterError> {
        let mut key = jiter.next_object()?.map(|it| self.place(it));
        while let Some(place) = key {
            let peek = jiter.peek()?;
            let start = jiter.current_index();
            let from = self.text.len();
            let mut is_value = true;
            match peek {
                Peek::Null => {
                    jiter.known_null()?;
                    is_value = false;
                }
                Peek::String => {
                    let text = jiter.known_str()?;
                    self.text.extend_from_slice(text.as_bytes());
                }
                _ => {
                    jiter.known_skip(peek)?;
                    self.text.extend_from_slice(row.get(start..jiter.current_index()).unwrap_or_default());
                }
            }
            // Of a key that is there twice, the last value counts, as in most readers.
            if let Some(place) = place {
                self.values[place] = is_value.then_some(from..self.text.len());
            }
            key = jiter.next_key()?.map(|it| self.place(it));
        }
        jiter.finish()
    }

    /// The column of a key; one that is not known is noted.
    fn place(&mut self, key: &str) -> Option<usize> {
        let place = self.keys.places.get(key).copied();
        if place.is_none() && !self.late.contains(key) {
            self.late.insert(key.to_owned());
            self.order.push(key.to_owned());
        }
        place
    }
}

/// The library's words begin with a capital letter.
fn lower(words: &str) -> String {
    let mut characters = words.chars();
    match (characters.next(), characters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().to_string() + characters.as_str(),
        _ => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(row: &str, expected: Result<&[Option<&str>], &str>) {
        let keys = Keys::new(&["a".to_owned(), "b".to_owned()], vec![true, true], 1000);
        let mut fields = Fields::new(&keys);
        let found = fields.read(row.as_bytes());
        match (found, expected) {
            (Ok(()), Ok(expected)) => {
                let text = |at| fields.get(at).map(|it| std::str::from_utf8(it).unwrap());
                assert_eq!([text(0), text(1)], expected, "{row}");
            }
            (Err(reason), Err(expected)) => assert_eq!(reason.words, expected, "{row}"),
            (found, expected) => panic!("{row}: {:?}, expected {expected:?}", found.err()),
        }
    }

    #[test]
    fn objects_are_taken_apart() {
        check(r#"{"a": "x", "b": 1.50}"#, Ok(&[Some("x"), Some("1.50")]));
        check(r#"{"b": null, "c": 1}"#, Ok(&[None, None]));
        check(r#"{"a": {"x": [1, 2]}, "b": true}"#, Ok(&[Some(r#"{"x": [1, 2]}"#), Some("true")]));
        check(r#"{"a": "\"\u00e4", "a": "z"}"#, Ok(&[Some("z"), None]));
        check("[1]", Err("it is no object"));
    }

    #[test]
    fn keys_come_in_their_order() {
        let text = b"{\"b\": 1, \"a\": 2}\nx\n{\"c\": 1}";
        let expected = ["a".to_owned(), "d".to_owned()];
        assert_eq!(keys_of(text, &[0..16, 17..18, 19..27], &expected), ["b", "a", "c", "d"]);
    }
}
