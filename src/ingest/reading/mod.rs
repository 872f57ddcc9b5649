//! Raw files on their way to rows: bytes, unpacked; blocks of whole rows; pieces of rows in columns, each row with its
//! place, and with its own bytes where it is to be kept as it was. Memory does not grow with the file. What the bytes mean
//! is known by the formats; nothing here knows contracts.

mod columns;
mod objects;
mod text;

pub(crate) use columns::{TextColumn, unwanted};
pub(crate) use objects::{Keys, Objects, keys_of};
pub(crate) use text::{LineEnds, Parts, RowEnds, Text, fits, lines};

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use bytes::Bytes;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use crate::ingest::validate::Reason;
use crate::project::Json;

/// Rows of a file that were read together.
pub(crate) struct Piece {
    /// How many rows, broken ones among them.
    pub(crate) rows: usize,
    /// The file's columns, with the rows that could be taken apart.
    pub(crate) columns: Vec<ArrayRef>,
    /// Where each of these rows stands in the piece, from 0.
    pub(crate) positions: Vec<u32>,
    /// Rows that could not be taken apart, by their places.
    pub(crate) broken: Vec<(u32, Reason)>,
    /// All rows as they are in the file.
    pub(crate) raw: Box<dyn RawRows>,
    /// Columns that some of the rows have beyond those of the file.
    pub(crate) late: BTreeSet<String>,
}

/// Rows as they are in the file.
pub(crate) trait RawRows: Send {
    /// The bytes of the row at a place.
    ///
    /// # Errors
    /// They can't be had any more.
    fn text(&self, position: u32) -> Result<Vec<u8>, ArrowError>;
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawColumn {
    /// Its name there.
    pub(crate) name: String,
    /// Its type, as far as the file tells: text where it is text.
    pub(crate) data_type: DataType,
}

/// Part of a file, not taken apart yet. Parts are taken apart side by side.
pub(crate) trait Block: Send {
    /// Takes it apart.
    ///
    /// # Errors
    /// The file can't be read any further.
    fn split(self: Box<Self>) -> Result<Piece, Unreadable>;
}

/// Blocks in their order.
pub(crate) type Blocks = BoxStream<'static, Result<Box<dyn Block>, Unreadable>>;

/// A file whose columns are known.
pub(crate) struct Reading {
    /// Its columns.
    pub(crate) columns: Vec<RawColumn>,
    /// Whether every row has all of them. Where each row names its own, a column that no row had is not missing.
    pub(crate) is_fixed: bool,
    /// Gives its blocks in their order, with those columns that are wanted; the others may be null.
    pub(crate) blocks: Box<dyn FnOnce(Vec<bool>) -> Blocks + Send>,
}

/// A file that can't be read, or not to its end.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreadable(pub(crate) String);

/// A file to be read.
#[derive(Clone)]
pub(crate) struct RawFile {
    /// Where it is.
    pub(crate) store: Arc<dyn ObjectStore>,
    /// Which.
    pub(crate) meta: ObjectMeta,
    /// How it is packed.
    pub(crate) compression: FileCompressionType,
    /// `header`, `delimiter` and the like.
    pub(crate) options: serde_json::Map<String, Json>,
    /// Bytes that a row may have.
    pub(crate) max_row_bytes: usize,
    /// Columns that rows may have even if the first ones don't.
    pub(crate) expected: Vec<String>,
}

impl RawFile {
    /// Its bytes as they are stored, packed or not.
    ///
    /// # Errors
    /// It can't be opened.
    pub(crate) async fn packed(&self) -> Result<BoxStream<'static, object_store::Result<Bytes>>, Unreadable> {
        let got = self.store.get(&self.meta.location).await;
        Ok(got.map_err(|error| cannot_read(&error))?.into_stream())
    }

    /// Its bytes, unpacked.
    ///
    /// # Errors
    /// It can't be opened.
    pub(crate) async fn bytes(&self) -> Result<BoxStream<'static, Result<Vec<u8>, Unreadable>>, Unreadable> {
        let stream = self.packed().await?.map(|it| it.map_err(Into::into)).boxed();
        let unpacked = self.compression.convert_stream(stream);
        let unpacked = unpacked.map_err(|error| Unreadable(error.strip_backtrace()))?;
        let compression = self.compression;
        let bytes = unpacked.map(move |it| {
            it.map(Into::into).map_err(|_| match compression {
                FileCompressionType::UNCOMPRESSED => cut_off(),
                _ => Unreadable("it can't be unpacked to its end: it is cut off or damaged".to_owned()),
            })
        });
        Ok(bytes.boxed())
    }

    /// The text of an option.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.options.get(key).and_then(Json::as_str)
    }

    /// An option that is on or off.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.options.get(key).and_then(Json::as_bool)
    }
}

/// A file that was opened, and whose bytes stop coming.
pub(crate) fn cut_off() -> Unreadable {
    Unreadable("it can't be read to its end".to_owned())
}

fn cannot_read(error: &object_store::Error) -> Unreadable {
    let words = error.to_string();
    let why = if words.contains("Permission denied") { "no permission to read it" } else { "it can't be opened" };
    Unreadable(why.to_owned())
}
