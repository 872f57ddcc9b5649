//! The type of a column by its values, as `agate` tests them: number, date, time, ISO time, boolean, and text for all
//! the rest. A type that one value rules out stays ruled out; empty fields and `null` rule out nothing.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, TimeUnit};

use super::values::{Number, boolean, date, is_null, iso_time, number, plain_time};
use crate::project::Dialect;

/// What a column can still be.
#[derive(Debug, Clone)]
pub(super) struct Guess {
    number: bool,
    date: bool,
    plain_time: bool,
    iso_time: bool,
    boolean: bool,
    /// Of numbers: the most that one of them needs.
    width: Width,
}

/// What a number needs, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Width {
    Integer,
    BigInt,
    /// More digits than any integer; a double would lose some of them.
    Digits,
    Double,
}

impl Default for Guess {
    fn default() -> Guess {
        Guess { number: true, date: true, plain_time: true, iso_time: true, boolean: true, width: Width::Integer }
    }
}

impl Guess {
    /// Looks at more values: a column of text.
    pub(super) fn look_at(&mut self, column: &ArrayRef) {
        let Some(texts) = column.as_string_opt::<i32>() else { return };
        for at in 0..texts.len() {
            if !(self.number || self.date || self.plain_time || self.iso_time || self.boolean) {
                return;
            }
            if texts.is_valid(at) {
                self.look_at_one(texts.value(at));
            }
        }
    }

    fn look_at_one(&mut self, text: &str) {
        let text = text.trim();
        if is_null(text) {
            return;
        }
        if self.number {
            match number(text) {
                Some(Number::Whole(it)) if i32::try_from(it).is_ok() => {}
                Some(Number::Whole(_)) => self.width = self.width.max(Width::BigInt),
                Some(Number::Digits(_)) => self.width = self.width.max(Width::Digits),
                Some(Number::Double(_)) => self.width = Width::Double,
                None => self.number = false,
            }
        }
        self.date = self.date && date(text).is_some();
        self.plain_time = self.plain_time && plain_time(text).is_some();
        self.iso_time = self.iso_time && iso_time(text, true).is_some();
        self.boolean = self.boolean && boolean(text).is_some();
    }

    /// The first of the types that all values have. A column of nothing is one of integers.
    pub(super) fn data_type(&self, dialect: Dialect) -> DataType {
        if self.number {
            return match self.width {
                Width::Integer if dialect != Dialect::DataFusion => DataType::Int32,
                Width::Integer | Width::BigInt => DataType::Int64,
                Width::Digits => DataType::Utf8,
                Width::Double => DataType::Float64,
            };
        }
        if self.date {
            return DataType::Date32;
        }
        if self.plain_time || self.iso_time {
            return DataType::Timestamp(TimeUnit::Microsecond, None);
        }
        if self.boolean { DataType::Boolean } else { DataType::Utf8 }
    }
}
