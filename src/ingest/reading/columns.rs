//! Columns of texts that grow field by field, without a string for each.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, new_null_array};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

/// One column of texts.
pub(crate) struct TextColumn {
    offsets: Vec<i32>,
    values: Vec<u8>,
    present: Vec<bool>,
    nulls: usize,
}

impl TextColumn {
    pub(crate) fn with_capacity(rows: usize, bytes: usize) -> TextColumn {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        TextColumn { offsets, values: Vec::with_capacity(bytes), present: Vec::with_capacity(rows), nulls: 0 }
    }

    /// Adds a value; its bytes are UTF-8.
    pub(crate) fn push(&mut self, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.values.extend_from_slice(value);
        }
        self.present.push(value.is_some());
        self.nulls += usize::from(value.is_none());
        // Blocks are far smaller than two gibibytes.
        self.offsets.push(i32::try_from(self.values.len()).unwrap_or(i32::MAX));
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.present.len()
    }

    /// All of them.
    ///
    /// # Errors
    /// Bytes that are not UTF-8.
    pub(crate) fn finish(self) -> Result<ArrayRef, ArrowError> {
        let nulls = (self.nulls > 0).then(|| NullBuffer::from(self.present));
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        Ok(Arc::new(StringArray::try_new(offsets, Buffer::from_vec(self.values), nulls)?))
    }
}

/// A column that nobody wants.
pub(crate) fn unwanted(rows: usize) -> ArrayRef {
    new_null_array(&DataType::Utf8, rows)
}
