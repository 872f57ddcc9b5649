//! A stream of bytes as blocks of whole rows. What ends a row is somebody else's knowledge.

use std::ops::Range;

use arrow::error::ArrowError;
use futures::StreamExt;
use futures::stream::BoxStream;

use super::{RawRows, Unreadable};
use crate::ingest::validate::Reason;

/// Bytes that a block has, about.
const BLOCK: usize = 2 << 20;

/// No row is longer than this; a file with such a row is no file of rows.
const NO_ROW: usize = 64 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Finds the ends of rows.
pub(crate) trait RowEnds: Send + Sync {
    /// How many bytes, from the start of a row, are whole rows. At the end of a file all of them are.
    fn whole(&self, text: &[u8]) -> usize;
}

/// Rows end where lines do.
pub(crate) struct LineEnds;

impl RowEnds for LineEnds {
    fn whole(&self, text: &[u8]) -> usize {
        memchr::memrchr(b'\n', text).map_or(0, |at| at + 1)
    }
}

/// A file's text, read as far as it is asked for.
pub(crate) struct Text {
    stream: BoxStream<'static, Result<Vec<u8>, Unreadable>>,
    buffer: Vec<u8>,
    ended: bool,
}

impl Text {
    /// Begins to read, behind the mark that some programs put before UTF-8.
    pub(crate) async fn begin(stream: BoxStream<'static, Result<Vec<u8>, Unreadable>>) -> Result<Text, Unreadable> {
        let mut text = Text { stream, buffer: Vec::new(), ended: false };
        while text.buffer.len() < BYTE_ORDER_MARK.len() && text.more().await? {}
        if text.buffer.starts_with(BYTE_ORDER_MARK) {
            text.buffer.drain(..BYTE_ORDER_MARK.len());
        }
        if text.buffer.starts_with(b"\xff\xfe") || text.buffer.starts_with(b"\xfe\xff") {
            return Err(Unreadable("it is UTF-16; save it as UTF-8".to_owned()));
        }
        Ok(text)
    }

    async fn more(&mut self) -> Result<bool, Unreadable> {
        match self.stream.next().await {
            Some(bytes) => {
                self.buffer.extend_from_slice(&bytes?);
                Ok(true)
            }
            None => {
                self.ended = true;
                Ok(false)
            }
        }
    }

    /// The first line that is not blank, without its end; `None` where there is none.
    pub(crate) async fn line(&mut self) -> Result<Option<Vec<u8>>, Unreadable> {
        loop {
            while let Some(end) = memchr::memchr(b'\n', &self.buffer) {
                let rest = self.buffer.split_off(end + 1);
                let line = std::mem::replace(&mut self.buffer, rest);
                let line = without_end(&line);
                if !line.is_empty() {
                    return Ok(Some(line.to_vec()));
                }
            }
            if self.ended || !self.more_of_a_row().await? {
                let line = std::mem::take(&mut self.buffer);
                let line = without_end(&line);
                return Ok((!line.is_empty()).then(|| line.to_vec()));
            }
        }
    }

    /// Looks at what is there without taking it, once a block of it is.
    pub(crate) async fn peek(&mut self) -> Result<&[u8], Unreadable> {
        while self.buffer.len() < BLOCK && self.more().await? {}
        Ok(&self.buffer)
    }

    /// Passes over bytes that are there.
    pub(crate) fn skip(&mut self, count: usize) {
        self.buffer.drain(..count.min(self.buffer.len()));
    }

    /// The next rows, whole; `None` behind the last.
    pub(crate) async fn block(&mut self, ends: &dyn RowEnds) -> Result<Option<Vec<u8>>, Unreadable> {
        while self.buffer.len() < BLOCK && self.more().await? {}
        let mut whole = ends.whole(&self.buffer);
        while whole == 0 && !self.ended && self.more_of_a_row().await? {
            // Twice as much each time, or a long row would be looked through again for each few bytes of it.
            let wanted = self.buffer.len() * 2;
            while self.buffer.len() < wanted && self.more_of_a_row().await? {}
            whole = ends.whole(&self.buffer);
        }
        if self.ended {
            whole = self.buffer.len();
        }
        let rest = self.buffer.split_off(whole);
        let block = std::mem::replace(&mut self.buffer, rest);
        Ok((!block.is_empty()).then_some(block))
    }

    async fn more_of_a_row(&mut self) -> Result<bool, Unreadable> {
        if self.buffer.len() > NO_ROW {
            let words = format!("a row has not ended after {} MiB; it is no text of rows", NO_ROW >> 20);
            return Err(Unreadable(words));
        }
        self.more().await
    }
}

/// Whether a row can be looked at as text at all. Of what is known to be UTF-8 only the length counts.
///
/// # Errors
/// It is too long, or not UTF-8.
pub(crate) fn fits(row: &[u8], max_bytes: usize, is_text: bool) -> Result<(), Reason> {
    if row.len() > max_bytes {
        let words = format!("{} bytes where {max_bytes} are allowed", row.len());
        return Err(Reason { rule: "row.length".into(), words });
    }
    if is_text {
        return Ok(());
    }
    std::str::from_utf8(row).map(drop).map_err(|error| {
        let words = format!("byte {} is not UTF-8", error.valid_up_to() + 1);
        Reason { rule: "row.encoding".into(), words }
    })
}

/// A line without what ends it.
pub(crate) fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Rows that are parts of one text.
pub(crate) struct Parts {
    pub(crate) text: Vec<u8>,
    pub(crate) rows: Vec<Range<usize>>,
}

impl RawRows for Parts {
    fn text(&self, position: u32) -> Result<Vec<u8>, ArrowError> {
        let range = self.rows.get(position as usize).cloned().unwrap_or_default();
        Ok(self.text.get(range).unwrap_or_default().to_vec())
    }
}

/// The lines of a text that are not blank, without their ends.
pub(crate) fn lines(text: &[u8]) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text).chain((!text.ends_with(b"\n")).then_some(text.len())) {
        let line = &text[start..end];
        let length = line.strip_suffix(b"\r").unwrap_or(line).len();
        if length > 0 {
            lines.push(start..start + length);
        }
        start = end + 1;
    }
    lines
}
