//! JSON: one array of objects, or objects one a line. An array is read element by element, so that it need not fit in
//! memory.

use std::ops::Range;

use arrow::datatypes::DataType;
use async_trait::async_trait;

use super::Format;
use super::ndjson::{begin_lines, objects};
use crate::ingest::reading::{Keys, RawColumn, RawFile, Reading, RowEnds, Text, Unreadable, keys_of};

pub(super) struct Json;

#[async_trait]
impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["json"]
    }

    async fn begin(&self, file: RawFile) -> Result<Reading, Unreadable> {
        let mut text = Text::begin(file.bytes().await?).await?;
        let first = text.peek().await?;
        let start = first.iter().position(|it| !it.is_ascii_whitespace()).unwrap_or(first.len());
        if first.get(start) != Some(&b'[') {
            return begin_lines(text, &file.expected, file.max_row_bytes).await;
        }
        text.skip(start + 1);
        let first = text.peek().await?;
        let (mut rows, whole) = elements(first);
        if whole < first.len() && rows.len() > 1 {
            rows.pop();
        }
        let names = keys_of(first, &rows, &file.expected);
        let columns = names.iter().map(|name| RawColumn { name: name.clone(), data_type: DataType::Utf8 }).collect();
        let max_row_bytes = file.max_row_bytes;
        let blocks = move |wanted| {
            objects(text, Box::new(ElementEnds), Keys::new(&names, wanted, max_row_bytes), |it| elements(it).0)
        };
        Ok(Reading { columns, is_fixed: false, blocks: Box::new(blocks) })
    }
}

/// Rows end at the commas of the array.
struct ElementEnds;

impl RowEnds for ElementEnds {
    fn whole(&self, text: &[u8]) -> usize {
        elements(text).1
    }
}

/// The elements of an array's text, which starts with one, and how many bytes are whole elements. What stands behind the
/// last comma is the last element, whole or not; what stands behind the array's end is one that is wrong.
fn elements(text: &[u8]) -> (Vec<Range<usize>>, usize) {
    let mut elements = Vec::new();
    let (mut start, mut whole, mut depth) = (0, 0, 0_usize);
    let (mut is_quoted, mut is_escaped) = (false, false);
    let mut add = |range: Range<usize>| {
        let part = &text[range.clone()];
        let length = part.trim_ascii().len();
        if length > 0 {
            let start = range.start + (part.len() - part.trim_ascii_start().len());
            elements.push(start..start + length);
        }
    };
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            b',' | b']' if depth == 0 => {
                add(start..at);
                start = at + 1;
                whole = start;
            }
            _ => {}
        }
    }
    add(start..text.len());
    (elements, whole)
}

#[cfg(test)]
mod tests {
    use super::elements;

    #[test]
    fn elements_are_found() {
        let check = |text: &str, expected: &[&str], whole: usize| {
            let (found, bytes) = elements(text.as_bytes());
            let found: Vec<&str> = found.into_iter().map(|it| &text[it]).collect();
            assert_eq!((found.as_slice(), bytes), (expected, whole), "{text}");
        };
        check("{\"a\": 1}, {\"b\": [1, 2]}]\n", &["{\"a\": 1}", "{\"b\": [1, 2]}"], 24);
        check("{\"a\": \"],\\\"{\"}]", &["{\"a\": \"],\\\"{\"}"], 15);
        check("{\"a\": 1}, {\"b\"", &["{\"a\": 1}", "{\"b\""], 9);
        check("]", &[], 1);
    }
}
