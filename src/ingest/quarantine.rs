//! Bad rows as CSV: where each stood, its bytes as they were, and all that is wrong with it.

use std::io::{self, Write};

use crate::files::{Disk, NewFile};
use crate::ingest::validate::InvalidRow;

/// The first line.
const HEADER: &[u8] = b"row_number,raw,error_reason\n";

/// The quarantine of one file: there is a file where there are bad rows, and it is put in place whole.
pub(crate) struct Quarantine {
    files: Disk,
    path: String,
    file: Option<NewFile>,
}

impl Quarantine {
    /// Nothing is written before the first bad row.
    pub(crate) fn new(files: &Disk, path: String) -> Quarantine {
        Quarantine { files: files.clone(), path, file: None }
    }

    /// Adds a row; rows of a file are numbered from 1.
    ///
    /// # Errors
    /// It can't be written.
    pub(crate) fn add(&mut self, number: u64, row: &InvalidRow) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let mut file = self.files.begin(&self.path)?;
                file.write_all(HEADER)?;
                none.insert(file)
            }
        };
        let reasons: Vec<String> = row.reasons.iter().map(|it| format!("{}: {}", it.rule, it.words)).collect();
        let mut line = format!("{number},").into_bytes();
        push_quoted(&row.text, &mut line);
        line.push(b',');
        push_quoted(reasons.join("; ").as_bytes(), &mut line);
        line.push(b'\n');
        file.write_all(&line)
    }

    /// Puts the file in place, if there is one; gives its path.
    ///
    /// # Errors
    /// It can't be put there.
    pub(crate) fn finish(self) -> io::Result<Option<String>> {
        match self.file {
            Some(file) => file.put_in_place().map(|()| Some(self.path)),
            None => Ok(None),
        }
    }
}

/// In quotes, those within it doubled.
fn push_quoted(text: &[u8], line: &mut Vec<u8>) {
    line.push(b'"');
    for part in text.split_inclusive(|it| *it == b'"') {
        line.extend_from_slice(part);
        if part.ends_with(b"\"") {
            line.push(b'"');
        }
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::push_quoted;

    #[test]
    fn texts_are_kept_as_they_are() {
        let quoted = |text: &[u8]| {
            let mut line = Vec::new();
            push_quoted(text, &mut line);
            line
        };
        assert_eq!(quoted(b"a,\"b\""), b"\"a,\"\"b\"\"\"");
        assert_eq!(quoted(b"\"\""), b"\"\"\"\"\"\"");
        assert_eq!(quoted(b"\xff\n"), b"\"\xff\n\"");
    }
}
