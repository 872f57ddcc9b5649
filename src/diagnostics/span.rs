//! Places in the user's files.
//! A span owns a share of its text, so that a diagnostic can be rendered wherever it ends up.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A file's text as it was read, with its path relative to the project.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceText {
    /// Path relative to the project's root, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl SourceText {
    /// A text that spans can share.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(SourceText { path: path.into(), text: text.into() })
    }

    /// Line and column of a byte offset, both counted from 1; columns in characters.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let offset = floor_char_boundary(&self.text, offset);
        let before = &self.text[..offset];
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (line, before[line_start..].chars().count() + 1)
    }

    /// Byte offset of a line and column, both counted from 1; past the end of a line, that line's end.
    pub fn offset(&self, line: usize, column: usize) -> usize {
        let mut start = 0;
        for (number, text) in self.text.split_inclusive('\n').enumerate() {
            if number + 1 == line {
                let text = text.trim_end_matches(['\n', '\r']);
                let within = text.char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
                return start + within;
            }
            start += text.len();
        }
        self.text.len()
    }
}

/// A range of bytes in a [`SourceText`].
#[derive(Clone, PartialEq, Eq)]
pub struct Span {
    /// The file.
    pub source: Arc<SourceText>,
    /// Bytes, always on character boundaries within the text.
    pub range: Range<usize>,
}

impl Span {
    /// The range, moved to character boundaries and inside the text.
    pub fn new(source: &Arc<SourceText>, range: Range<usize>) -> Self {
        let start = floor_char_boundary(&source.text, range.start);
        let end = floor_char_boundary(&source.text, range.end).max(start);
        Span { source: Arc::clone(source), range: start..end }
    }

    /// The file as a whole: its first line.
    pub fn file(source: &Arc<SourceText>) -> Self {
        Span::new(source, 0..0)
    }

    /// The word, quoted text or character at a line and column (both from 1).
    pub fn word_at(source: &Arc<SourceText>, line: usize, column: usize) -> Self {
        let start = source.offset(line, column);
        let rest = &source.text[start..];
        let mut length =
            rest.char_indices().find(|(_, c)| !(c.is_alphanumeric() || *c == '_')).map_or(rest.len(), |(at, _)| at);
        if length == 0 {
            length = rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
        }
        Span::new(source, start..start + length)
    }

    /// The spanned text itself.
    pub fn text(&self) -> &str {
        &self.source.text[self.range.clone()]
    }

    /// Line and column of the start, both counted from 1.
    pub fn line_column(&self) -> (usize, usize) {
        self.source.line_column(self.range.start)
    }
}

impl fmt::Display for Span {
    /// `path:line:column`, as compilers write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(f, "{}:{line}:{column}", self.source.path)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_positions_are_inverse() {
        let source = SourceText::new("a.sql", "select 1\nfrom é where\n");
        for offset in [0, 7, 9, 14, 16, 17] {
            let (line, column) = source.line_column(offset);
            assert_eq!(source.offset(line, column), offset);
        }
        assert_eq!(source.line_column(16), (2, 7));
        assert_eq!(Span::word_at(&source, 2, 1).text(), "from");
    }
}
