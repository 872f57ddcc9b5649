//! Newline-delimited JSON: one object a line. The columns are the keys of the first rows; what comes later is noted.

use std::sync::Arc;

use arrow::datatypes::DataType;
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream;

use super::Format;
use crate::ingest::reading::{
    Block, Blocks, Keys, LineEnds, Objects, RawColumn, RawFile, Reading, RowEnds, Text, Unreadable, keys_of, lines,
};

pub(super) struct Ndjson;

#[async_trait]
impl Format for Ndjson {
    fn name(&self) -> &'static str {
        "ndjson"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["jsonl", "ndjson"]
    }

    async fn begin(&self, file: RawFile) -> Result<Reading, Unreadable> {
        let text = Text::begin(file.bytes().await?).await?;
        begin_lines(text, &file.expected, file.max_row_bytes).await
    }
}

/// Begins to read lines.
///
/// # Errors
/// They can't be read.
pub(crate) async fn begin_lines(
    mut text: Text,
    expected: &[String],
    max_row_bytes: usize,
) -> Result<Reading, Unreadable> {
    let first = text.peek().await?;
    let mut rows = lines(first);
    // The last of them may go on behind what is there.
    if rows.len() > 1 && !first.ends_with(b"\n") {
        rows.pop();
    }
    let names = keys_of(first, &rows, expected);
    let columns = names.iter().map(|name| RawColumn { name: name.clone(), data_type: DataType::Utf8 }).collect();
    let blocks = move |wanted| objects(text, Box::new(LineEnds), Keys::new(&names, wanted, max_row_bytes), lines);
    Ok(Reading { columns, is_fixed: false, blocks: Box::new(blocks) })
}

/// Blocks of objects.
pub(super) fn objects(
    text: Text,
    ends: Box<dyn RowEnds>,
    keys: Keys,
    rows: fn(&[u8]) -> Vec<std::ops::Range<usize>>,
) -> Blocks {
    stream::unfold((text, ends, Arc::new(keys)), move |(mut text, ends, keys)| async move {
        let block = match text.block(ends.as_ref()).await {
            Ok(Some(text)) => {
                Ok(Box::new(Objects { rows: rows(&text), text, keys: Arc::clone(&keys) }) as Box<dyn Block>)
            }
            Ok(None) => return None,
            Err(problem) => Err(problem),
        };
        Some((block, (text, ends, keys)))
    })
    .boxed()
}
