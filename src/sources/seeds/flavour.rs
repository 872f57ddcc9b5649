//! Which quotes a seed's file has. Python always takes `"`; DuckDB's `copy` looks, and takes `'` where no field begins
//! with `"` and all that begin with `'` end with it. That is its sniffer's outcome, not its way.

/// Bytes that are looked at; DuckDB looks at 20,480 rows.
const SAMPLE: usize = 1 << 20;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flavour {
    pub(super) delimiter: u8,
    /// 0 where nothing is quoted.
    pub(super) quote: u8,
    /// What stands before a quote within quotes, where it is not another quote.
    pub(super) escape: Option<u8>,
}

impl Flavour {
    /// As Python's module `csv` reads by default.
    pub(super) fn of_python(delimiter: u8) -> Flavour {
        Flavour { delimiter, quote: b'"', escape: None }
    }

    /// As DuckDB finds it.
    pub(super) fn of(content: &[u8], delimiter: u8) -> Flavour {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        let is_cut = content.len() > SAMPLE;
        let sample = &content[..content.len().min(SAMPLE)];
        let plain = Flavour::of_python(delimiter);
        let escaped = Flavour { escape: Some(b'\\'), ..plain };
        let single = Flavour { quote: b'\'', ..plain };
        match plain.quoted_fields(sample, is_cut) {
            Some(0) => match single.quoted_fields(sample, is_cut) {
                Some(1..) => single,
                _ => plain,
            },
            Some(_) => plain,
            None if escaped.quoted_fields(sample, is_cut).is_some() => escaped,
            None => Flavour { quote: 0, ..plain },
        }
    }

    /// How many fields are quoted; none where a quote has no other, or one in the wrong place.
    fn quoted_fields(self, content: &[u8], is_cut: bool) -> Option<usize> {
        let mut fields = 0;
        let mut at = 0;
        while at < content.len() {
            if content[at] == self.quote {
                match self.end_of_quoted(content, at + 1) {
                    Some(end) => at = end,
                    None => return is_cut.then_some(fields),
                }
                if content.get(at).is_some_and(|it| !self.ends_field(*it)) {
                    return None;
                }
                fields += 1;
            }
            while content.get(at).is_some_and(|it| !self.ends_field(*it)) {
                at += 1;
            }
            at += 1;
        }
        Some(fields)
    }

    /// Behind the quote that ends what begins at `at`.
    fn end_of_quoted(self, content: &[u8], mut at: usize) -> Option<usize> {
        loop {
            let byte = *content.get(at)?;
            let is_doubled = byte == self.quote && content.get(at + 1) == Some(&self.quote);
            match self.escape {
                Some(escape) if byte == escape => at += 2,
                None if is_doubled => at += 2,
                _ if byte == self.quote => return Some(at + 1),
                _ => at += 1,
            }
        }
    }

    fn ends_field(self, byte: u8) -> bool {
        byte == self.delimiter || byte == b'\n' || byte == b'\r'
    }

    /// The content with all its rows: where there is one column, an empty line is a row with nothing in it, which the
    /// reader would pass over.
    pub(super) fn whole(self, content: Vec<u8>, columns: usize) -> Vec<u8> {
        if columns != 1 {
            return content;
        }
        let quote = if self.quote == 0 { b'"' } else { self.quote };
        let mut whole = Vec::with_capacity(content.len());
        let (mut is_quoted, mut is_empty) = (false, true);
        for (at, &byte) in content.iter().enumerate() {
            let ends_line = !is_quoted && matches!(byte, b'\n' | b'\r');
            let is_second_half = byte == b'\n' && at > 0 && content[at - 1] == b'\r';
            if ends_line && is_empty && !is_second_half && !whole.is_empty() {
                whole.extend([quote, quote]);
            }
            whole.push(byte);
            is_quoted ^= byte == self.quote;
            is_empty = ends_line;
        }
        whole
    }
}
