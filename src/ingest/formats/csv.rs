//! CSV (RFC 4180) with the options of sources. A row is a line, unless `newlines_in_values` says otherwise; lines are taken
//! apart by `csv-core`, and each keeps its bytes. A quote that is never closed ends with its line, so that it takes no
//! other rows with it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::DataType;
use async_trait::async_trait;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use futures::StreamExt;
use futures::stream;

use super::Format;
use crate::ingest::reading::{
    Block, Blocks, LineEnds, Parts, Piece, RawColumn, RawFile, Reading, RowEnds, Text, TextColumn, Unreadable, fits,
    lines, unwanted,
};
use crate::ingest::validate::Reason;

pub(super) struct Csv;

/// How a file is written.
#[derive(Clone)]
struct Style {
    delimiter: u8,
    quote: u8,
    escape: Option<u8>,
    null: Option<Vec<u8>>,
    newlines_in_values: bool,
    max_row_bytes: usize,
}

impl Style {
    fn of(file: &RawFile) -> Result<Style, Unreadable> {
        let byte = |key: &str, default: u8| match file.text(key) {
            None => Ok(default),
            Some("\\t") => Ok(b'\t'),
            Some(text) => match text.as_bytes() {
                [byte] => Ok(*byte),
                _ => Err(Unreadable(format!("`{key}` must be one ASCII character, but is `{text}`"))),
            },
        };
        let is_tabs = file.meta.location.as_ref().contains(".tsv");
        Ok(Style {
            delimiter: byte("delimiter", if is_tabs { b'\t' } else { b',' })?,
            quote: byte("quote", b'"')?,
            escape: file.text("escape").map(|_| byte("escape", b'"')).transpose()?,
            null: file.text("null").map(|it| it.as_bytes().to_vec()),
            newlines_in_values: file.flag("newlines_in_values").unwrap_or(false),
            max_row_bytes: file.max_row_bytes,
        })
    }

    fn reader(&self) -> Reader {
        let mut builder = ReaderBuilder::new();
        builder.delimiter(self.delimiter).quote(self.quote).terminator(Terminator::Any(b'\n'));
        if let Some(escape) = self.escape.filter(|it| *it != self.quote) {
            builder.escape(Some(escape)).double_quote(false);
        }
        builder.build()
    }
}

#[async_trait]
impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["csv", "tsv", "txt"]
    }

    async fn begin(&self, file: RawFile) -> Result<Reading, Unreadable> {
        let style = Style::of(&file)?;
        let mut text = Text::begin(file.bytes().await?).await?;
        let names = if file.flag("header").unwrap_or(true) {
            match text.line().await? {
                Some(line) => header(&line, &style)?,
                None => Vec::new(),
            }
        } else {
            let first = text.peek().await?;
            let first = lines(first).first().map(|it| first[it.clone()].to_vec());
            let mut fields = Fields::new(&style);
            let count = first.map_or(0, |it| fields.read(&it).map_or(0, |()| fields.len()));
            (1..=count).map(|it| format!("column_{it}")).collect()
        };
        let columns = names.into_iter().map(|name| RawColumn { name, data_type: DataType::Utf8 }).collect();
        let blocks = move |wanted| blocks(text, style, wanted);
        Ok(Reading { columns, is_fixed: true, blocks: Box::new(blocks) })
    }
}

/// The fields of the first line.
fn header(line: &[u8], style: &Style) -> Result<Vec<String>, Unreadable> {
    let mut fields = Fields::new(style);
    let broken =
        |_| Unreadable("its first line can't be taken apart; it should hold the names of the columns".to_owned());
    fields.read(line).map_err(broken)?;
    let names: Result<Vec<String>, _> =
        fields.iter().map(|it| std::str::from_utf8(it).map(|it| it.trim().to_owned())).collect();
    let names = names.map_err(|_| Unreadable("its first line is not UTF-8".to_owned()))?;
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            return Err(Unreadable(format!("two of its columns are called `{name}`")));
        }
    }
    Ok(names)
}

fn blocks(text: Text, style: Style, wanted: Vec<bool>) -> Blocks {
    let ends: Box<dyn RowEnds> = match style.newlines_in_values {
        false => Box::new(LineEnds),
        true => Box::new(QuotedLineEnds { style: style.clone() }),
    };
    let shared = (Arc::new(style), Arc::new(wanted));
    stream::unfold((text, ends, shared), |(mut text, ends, shared)| async move {
        let block = match text.block(ends.as_ref()).await {
            Ok(Some(block)) => Ok(block),
            Ok(None) => return None,
            Err(problem) => Err(problem),
        };
        let (style, wanted) = (Arc::clone(&shared.0), Arc::clone(&shared.1));
        let block = block.map(|text| Box::new(Lines { text, style, wanted }) as Box<dyn Block>);
        Some((block, (text, ends, shared)))
    })
    .boxed()
}

/// Rows end at line ends outside of quotes.
struct QuotedLineEnds {
    style: Style,
}

impl RowEnds for QuotedLineEnds {
    fn whole(&self, text: &[u8]) -> usize {
        rows_with_line_breaks(text, &self.style).iter().rev().find(|it| it.is_closed).map_or(0, |it| it.next)
    }
}

/// A row that may go over several lines.
struct LongRow {
    range: Range<usize>,
    /// Where the next one starts.
    next: usize,
    /// Whether its end has been seen.
    is_closed: bool,
}

/// The rows of a text that starts with one. A quote that is not closed within the bytes that a row may have ends with its
/// line.
fn rows_with_line_breaks(text: &[u8], style: &Style) -> Vec<LongRow> {
    let mut rows = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = row_end(&text[start..], style);
        let line = || memchr::memchr(b'\n', &text[start..]);
        let (end, is_closed) = match end {
            Some(end) => (start + end, true),
            // The rest of the text is all too long for one row, or could be one.
            None if text.len() - start > style.max_row_bytes => match line() {
                Some(end) => (start + end, true),
                None => (text.len(), false),
            },
            None => (text.len(), false),
        };
        let row = &text[start..end];
        let length = row.strip_suffix(b"\r").unwrap_or(row).len();
        let next = (end + 1).min(text.len());
        if length > 0 {
            rows.push(LongRow { range: start..start + length, next, is_closed });
        }
        start = end + 1;
    }
    rows
}

/// The first line end outside of quotes, if it is within the bytes that a row may have.
fn row_end(text: &[u8], style: &Style) -> Option<usize> {
    let mut is_quoted = false;
    let mut escaped = None;
    let bytes = &text[..text.len().min(style.max_row_bytes)];
    for at in memchr::memchr3_iter(style.quote, b'\n', style.escape.unwrap_or(style.quote), bytes) {
        if escaped == Some(at) {
            continue;
        }
        match bytes[at] {
            b'\n' if !is_quoted => return Some(at),
            byte if Some(byte) == style.escape && byte != style.quote => escaped = Some(at + 1),
            byte if byte == style.quote => is_quoted = !is_quoted,
            _ => {}
        }
    }
    None
}

/// Lines that are not taken apart yet.
struct Lines {
    text: Vec<u8>,
    style: Arc<Style>,
    wanted: Arc<Vec<bool>>,
}

impl Block for Lines {
    fn split(self: Box<Self>) -> Result<Piece, Unreadable> {
        let Lines { text, style, wanted } = *self;
        let rows = match style.newlines_in_values {
            false => lines(&text),
            true => long_rows(&text, &style),
        };
        let is_text = std::str::from_utf8(&text).is_ok();
        let mut fields = Fields::new(&style);
        let share = text.len() / wanted.len().max(1);
        let mut columns: Vec<TextColumn> =
            wanted.iter().map(|it| TextColumn::with_capacity(rows.len(), if *it { share } else { 0 })).collect();
        let mut positions = Vec::with_capacity(rows.len());
        let mut broken = Vec::new();
        for (position, range) in rows.iter().enumerate() {
            let position = u32::try_from(position).unwrap_or(u32::MAX);
            let row = &text[range.clone()];
            match taken_apart(row, &mut fields, &style, wanted.len(), is_text) {
                Ok(()) => {
                    positions.push(position);
                    for ((column, wanted), field) in columns.iter_mut().zip(wanted.iter()).zip(fields.iter()) {
                        if *wanted {
                            let is_null = field.is_empty() || style.null.as_deref() == Some(field);
                            column.push((!is_null).then_some(field));
                        }
                    }
                }
                Err(reason) => broken.push((position, reason)),
            }
        }
        let count = positions.len();
        let finished = |column: TextColumn| if column.len() == count { column.finish() } else { Ok(unwanted(count)) };
        let columns: Result<Vec<_>, _> = columns.into_iter().map(finished).collect();
        let columns = columns.map_err(|error| Unreadable(error.to_string()))?;
        Ok(Piece {
            rows: rows.len(),
            columns,
            positions,
            broken,
            raw: Box::new(Parts { text, rows }),
            late: BTreeSet::new(),
        })
    }
}

/// The rows of a block whose values may have line breaks. What a quote leaves open ends with its line, and the next line
/// begins anew.
fn long_rows(text: &[u8], style: &Style) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    for row in rows_with_line_breaks(text, style) {
        match row.is_closed {
            true => rows.push(row.range),
            false => rows.extend(lines(&text[row.range.clone()]).iter().map(|it| {
                let start = row.range.start;
                start + it.start..start + it.end
            })),
        }
    }
    rows
}

/// Takes a row apart and says what is wrong with it, if anything.
fn taken_apart(row: &[u8], fields: &mut Fields, style: &Style, expected: usize, is_text: bool) -> Result<(), Reason> {
    let reason = |rule: &str, words: String| Err(Reason { rule: rule.into(), words });
    fits(row, style.max_row_bytes, is_text)?;
    if row.contains(&0) {
        return reason("row.encoding", "a byte is zero, which no text has".to_owned());
    }
    match fields.read(row) {
        Err(OpenQuote) => reason("row.quote", "a quote is never closed".to_owned()),
        Ok(()) if fields.len() != expected => {
            let found = fields.len();
            let plural = if found == 1 { "" } else { "s" };
            reason("row.fields", format!("{found} field{plural} where {expected} are expected"))
        }
        Ok(()) => Ok(()),
    }
}

/// A quote is opened and not closed.
struct OpenQuote;

/// The fields of one row.
struct Fields {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Fields {
    fn new(style: &Style) -> Fields {
        Fields { reader: style.reader(), text: vec![0; 4096], ends: vec![0; 64], count: 0 }
    }

    fn len(&self) -> usize {
        self.count
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends[..self.count].iter().copied());
        starts.zip(&self.ends[..self.count]).map(|(start, end)| &self.text[start..*end])
    }

    /// Takes a row apart, which has no line end behind it.
    fn read(&mut self, row: &[u8]) -> Result<(), OpenQuote> {
        let (mut input, mut ended) = (row, false);
        let (mut written, mut count) = (0, 0);
        loop {
            let (result, read, wrote, found) =
                self.reader.read_record(input, &mut self.text[written..], &mut self.ends[count..]);
            input = &input[read..];
            written += wrote;
            count += found;
            match result {
                ReadRecordResult::InputEmpty if !ended => (input, ended) = (b"\n", true),
                ReadRecordResult::InputEmpty => {
                    self.reader.reset();
                    return Err(OpenQuote);
                }
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record | ReadRecordResult::End => {
                    self.count = count;
                    return Ok(());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style() -> Style {
        Style { delimiter: b',', quote: b'"', escape: None, null: None, newlines_in_values: false, max_row_bytes: 30 }
    }

    fn check(row: &str, expected: Result<&[&str], &str>) {
        let mut fields = Fields::new(&style());
        let columns = expected.map_or(2, <[&str]>::len);
        let found = taken_apart(row.as_bytes(), &mut fields, &style(), columns, true);
        match (found, expected) {
            (Ok(()), Ok(expected)) => {
                let found: Vec<&str> = fields.iter().map(|it| std::str::from_utf8(it).unwrap()).collect();
                assert_eq!(found, expected, "{row}");
            }
            (Err(reason), Err(expected)) => assert_eq!(format!("{}: {}", reason.rule, reason.words), expected),
            (found, expected) => panic!("{row}: {:?}, expected {expected:?}", found.err()),
        }
    }

    #[test]
    fn rows_are_taken_apart() {
        check("a,b", Ok(&["a", "b"]));
        check("a,", Ok(&["a", ""]));
        check("\"a,\"\"b\"\"\",c", Ok(&["a,\"b\"", "c"]));
        check("a,\"b", Err("row.quote: a quote is never closed"));
        check("a", Err("row.fields: 1 field where 2 are expected"));
        check("a,b,c", Err("row.fields: 3 fields where 2 are expected"));
        check("a\0,b", Err("row.encoding: a byte is zero, which no text has"));
        check(&"x".repeat(31), Err("row.length: 31 bytes where 30 are allowed"));
    }

    #[test]
    fn what_follows_an_open_quote_is_read() {
        let mut fields = Fields::new(&style());
        assert!(fields.read(b"a,\"b").is_err());
        assert!(fields.read(b"c,d").is_ok());
        assert_eq!(fields.iter().collect::<Vec<_>>(), [b"c", b"d"]);
    }

    #[test]
    fn values_may_have_line_breaks() {
        let style = Style { newlines_in_values: true, ..style() };
        let rows = |text: &str| -> Vec<String> {
            long_rows(text.as_bytes(), &style).into_iter().map(|it| text[it].to_owned()).collect()
        };
        assert_eq!(rows("a,\"b\nc\"\nd,e\n"), ["a,\"b\nc\"", "d,e"]);
        assert_eq!(rows("a,\"b\nc\nd,e\n"), ["a,\"b", "c", "d,e"]);
    }
}
