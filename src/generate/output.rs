//! Where bytes go: the outside of the generator.
//! In: a place that creates files. Out: bytes in them, and how many there were.
//! Knows no file system: the caller brings a [`Destination`].

use std::io::{self, Write};

use super::GenerateError;
use super::event::Event;

/// A place for files.
pub trait Destination {
    /// Begins the file `name`. It is complete once the returned writer has been flushed and dropped.
    ///
    /// # Errors
    /// When the place refuses the file.
    fn create(&self, name: &str) -> io::Result<Box<dyn Write + Send>>;
}

/// A file format for events.
pub(super) trait EventWriter {
    /// Adds events, which come in the order of their time.
    fn write(&mut self, events: &[Event]) -> Result<(), GenerateError>;

    /// Writes what is still held back.
    fn finish(self: Box<Self>) -> Result<Counted, GenerateError>;
}

/// A file that counts its bytes.
pub(super) struct Counted {
    file: Box<dyn Write + Send>,
    /// Bytes so far.
    pub(super) bytes: u64,
}

impl Counted {
    /// Begins the file `name`.
    pub(super) fn create(destination: &dyn Destination, name: &str) -> Result<Self, GenerateError> {
        let file =
            destination.create(name).map_err(|source| GenerateError::Create { file: name.to_owned(), source })?;
        Ok(Self { file, bytes: 0 })
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
