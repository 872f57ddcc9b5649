//! Events as CSV (also gzipped) and as NDJSON.
//! In: a day of events. Out: bytes in a file, one line per event.
//! Knows quoting (RFC 4180 with line feeds; RFC 8259); knows nothing of the simulation or of Arrow.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::event::Event;
use super::flaws::{Flaw, Flaws};
use super::output::{Counted, EventWriter};
use super::wording::{COLUMNS, Wording, push_event_id, push_user_id};
use super::{Format, GenerateError};

/// Text is handed on in pieces of this many bytes.
const PIECE: usize = 1 << 18;

enum Packing {
    Plain(Counted),
    Gzip(Box<GzEncoder<Counted>>),
}

/// How a line is made of fields.
#[derive(Clone, Copy)]
enum Lines {
    Csv,
    Json,
}

/// Writes events as lines of text.
pub(super) struct TextEvents {
    file: Packing,
    lines: Lines,
    wording: Wording,
    flaws: Flaws,
    buffer: String,
    field: String,
}

impl TextEvents {
    /// Begins a text file; `format` says which kind.
    pub(super) fn new(format: Format, file: Counted, wording: Wording, flaws: Flaws) -> Self {
        let (lines, file) = match format {
            Format::Ndjson => (Lines::Json, Packing::Plain(file)),
            // The gzip header carries no name and no time: same input, same bytes.
            Format::CsvGz => (Lines::Csv, Packing::Gzip(Box::new(GzEncoder::new(file, Compression::default())))),
            Format::Csv | Format::Parquet => (Lines::Csv, Packing::Plain(file)),
        };
        let mut buffer = String::with_capacity(PIECE * 2);
        match lines {
            Lines::Csv => {
                buffer.push_str(&COLUMNS.join(","));
                buffer.push('\n');
            }
            Lines::Json => {}
        }
        Self { file, lines, wording, flaws, buffer, field: String::new() }
    }

    fn push_event(&mut self, event: &Event) {
        let Self { lines, wording, flaws, buffer, field, .. } = self;
        let lines = *lines;
        let flaw = flaws.next();
        let start = buffer.len();
        for (index, column) in COLUMNS.iter().enumerate() {
            field.clear();
            let mut present = true;
            match index {
                0 => push_event_id(event, field),
                1 => wording.push_client_id(event, field),
                2 => {
                    present = event.user != 0;
                    push_user_id(event.user, field);
                }
                3 => field.push_str(event.action.name()),
                4 => wording.push_timestamp(event.at, field),
                5 => wording.push_page_url(event, field),
                6 => {
                    let referrer = Wording::referrer(event);
                    present = referrer.is_some();
                    field.push_str(referrer.unwrap_or_default());
                }
                7 => field.push_str(Wording::user_agent(event)),
                _ => present = wording.push_data(event, field),
            }
            present |= flaw.is_some_and(|it| it.spoil(index, field));
            lines.push_field(index, column, present.then_some(field.as_str()), buffer);
        }
        let is_whole = flaw != Some(Flaw::Line);
        match lines {
            Lines::Csv => buffer.push_str(if is_whole { "\n" } else { ",,\n" }),
            Lines::Json if is_whole => buffer.push_str("}\n"),
            Lines::Json => {
                let half = buffer.floor_char_boundary(start + (buffer.len() - start) / 2);
                buffer.truncate(half);
                buffer.push('\n');
            }
        }
    }

    fn hand_on(&mut self) -> io::Result<()> {
        match &mut self.file {
            Packing::Plain(file) => file.write_all(self.buffer.as_bytes())?,
            Packing::Gzip(file) => file.write_all(self.buffer.as_bytes())?,
        }
        self.buffer.clear();
        Ok(())
    }
}

impl Lines {
    fn push_field(self, index: usize, column: &str, value: Option<&str>, line: &mut String) {
        match self {
            Self::Csv => {
                if index > 0 {
                    line.push(',');
                }
                push_csv_field(value.unwrap_or(""), line);
            }
            Self::Json => {
                line.push_str(if index > 0 { ",\"" } else { "{\"" });
                line.push_str(column);
                line.push_str("\":");
                match value {
                    Some(value) => push_json_text(value, line),
                    None => line.push_str("null"),
                }
            }
        }
    }
}

/// Quoted where it must be.
pub(super) fn push_csv_field(value: &str, line: &mut String) {
    if !value.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        line.push_str(value);
        return;
    }
    line.push('"');
    push_marked(value, "\"", line);
    line.push('"');
}

/// No text of ours holds a control character or a backslash, so quotes are all there is to escape.
fn push_json_text(value: &str, line: &mut String) {
    line.push('"');
    push_marked(value, "\\", line);
    line.push('"');
}

/// Puts `mark` before each quote.
fn push_marked(value: &str, mark: &str, line: &mut String) {
    for (index, part) in value.split('"').enumerate() {
        if index > 0 {
            line.push_str(mark);
            line.push('"');
        }
        line.push_str(part);
    }
}

impl EventWriter for TextEvents {
    fn write(&mut self, events: &[Event]) -> Result<(), GenerateError> {
        for event in events {
            self.push_event(event);
            if self.buffer.len() >= PIECE {
                self.hand_on()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Counted, GenerateError> {
        self.hand_on()?;
        Ok(match self.file {
            Packing::Plain(file) => file,
            Packing::Gzip(file) => file.finish()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{push_csv_field, push_json_text};

    #[test]
    fn quotes_are_escaped() {
        let (mut csv, mut json) = (String::new(), String::new());
        push_csv_field("{\"a\":1}", &mut csv);
        push_json_text("{\"a\":1}", &mut json);
        assert_eq!(csv, "\"{\"\"a\"\":1}\"");
        assert_eq!(json, "\"{\\\"a\\\":1}\"");
    }
}
