//! Holds a piece of a file against its contract, all rows at once. Words are found for bad rows only.
//! Knows batches and rules; knows neither files nor what becomes of the rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, new_null_array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{
    CastOptions, and, can_cast_types, cast_with_options, filter_record_batch, is_not_null, is_null, or,
};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::ingest::contract::{Column, Contract};
use crate::ingest::duplicates::{KeyDigest, key_digests};
use crate::ingest::reading::Piece;
use crate::ingest::rules::{Values, texts};

/// Characters of a value that a reason shows.
const SHOWN: usize = 60;

/// Which column of a file each column of the contract is; `None` where the file has none.
pub(crate) type Mapping = Vec<Option<usize>>;

/// What is made of a file's columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    /// The contract's columns.
    pub(crate) mapping: Mapping,
    /// Columns beyond the contract that are kept as they are: name, type, and which of the file's it is.
    pub(crate) extra: Vec<(String, DataType, usize)>,
}

/// Rows that were looked at.
pub(crate) struct Validated {
    /// All of them.
    pub(crate) rows: usize,
    /// Those that meet the contract, with its columns, and behind these the ones beyond it.
    pub(crate) valid: RecordBatch,
    /// Where each of these stood, from 0.
    pub(crate) positions: Vec<u32>,
    /// Their keys, where the contract has one.
    pub(crate) keys: Vec<KeyDigest>,
    /// Those that don't, in their order.
    pub(crate) invalid: Vec<InvalidRow>,
    /// Columns that some rows have beyond those of the file.
    pub(crate) late: BTreeSet<String>,
}

/// A row that breaks rules.
#[derive(Debug)]
pub(crate) struct InvalidRow {
    /// Where it stood, from 0.
    pub(crate) position: u32,
    /// Its bytes.
    pub(crate) text: Vec<u8>,
    /// All that is wrong with it.
    pub(crate) reasons: Vec<Reason>,
}

/// One thing that is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    /// The rule: `amount.range`.
    pub(crate) rule: Arc<str>,
    /// In words: `"-3" is below 0`.
    pub(crate) words: String,
}

/// A rule that some rows break.
struct Broken<'a> {
    rule: Arc<str>,
    rows: BooleanArray,
    /// The values as they are in the file, for rules about one column.
    raw: Option<ArrayRef>,
    words: &'a str,
}

/// Looks at all rows of a piece.
///
/// # Errors
/// A rule can't be computed.
pub(crate) fn validate(contract: &Contract, layout: &Layout, piece: Piece) -> Result<Validated, ArrowError> {
    let count = piece.positions.len();
    let raw: Vec<ArrayRef> = layout
        .mapping
        .iter()
        .map(|it| it.map_or_else(|| new_null_array(&DataType::Utf8, count), |at| Arc::clone(&piece.columns[at])))
        .collect();
    let typed: Result<Vec<ArrayRef>, ArrowError> =
        contract.columns.iter().zip(&raw).map(|(column, raw)| as_values(column, raw)).collect();
    let mut typed = typed?;
    let mut fields: Vec<_> = contract.row_schema().fields().iter().cloned().collect();
    for (name, data_type, at) in &layout.extra {
        typed.push(Arc::clone(&piece.columns[*at]));
        fields.push(Arc::new(Field::new(name, data_type.clone(), true)));
    }
    let schema = Arc::new(Schema::new(fields));
    let options = arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(count));
    let rows = RecordBatch::try_new_with_options(schema, typed, &options)?;
    let broken = broken_rules(contract, &raw, &rows)?;
    let mut is_bad = BooleanArray::new(BooleanBuffer::new_unset(count), None);
    for it in &broken {
        is_bad = or(&is_bad, &it.rows)?;
    }
    let is_good = BooleanArray::new(!is_bad.values(), None);
    let valid = if is_bad.true_count() == 0 { rows } else { filter_record_batch(&rows, &is_good)? };
    let positions = is_good.values().set_indices().map(|at| piece.positions[at]).collect();
    let keys = if contract.key.is_empty() { Vec::new() } else { key_digests(&valid, &contract.key)? };
    let mut invalid: Vec<InvalidRow> = Vec::new();
    for at in is_bad.values().set_indices() {
        let of_row = broken.iter().filter(|it| it.rows.value(at));
        let reasons = of_row.map(|it| Reason { rule: Arc::clone(&it.rule), words: it.words_for(at) }).collect();
        let position = piece.positions[at];
        invalid.push(InvalidRow { position, text: piece.raw.text(position)?, reasons });
    }
    for (position, reason) in piece.broken {
        invalid.push(InvalidRow { position, text: piece.raw.text(position)?, reasons: vec![reason] });
    }
    invalid.sort_by_key(|it| it.position);
    Ok(Validated { rows: piece.rows, valid, positions, keys, invalid, late: piece.late })
}

/// A column as the contract has it, null where a text is no value of its type.
fn as_values(column: &Column, raw: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let options = CastOptions { safe: true, ..CastOptions::default() };
    match &column.convert {
        Some(named) => named.convert.convert(raw),
        None if raw.data_type() == &column.data_type => Ok(Arc::clone(raw)),
        None if !can_cast_types(raw.data_type(), &column.data_type) => Ok(new_null_array(&column.data_type, raw.len())),
        None => cast_with_options(raw, &column.data_type, &options),
    }
}

fn broken_rules<'a>(
    contract: &'a Contract,
    raw: &[ArrayRef],
    rows: &RecordBatch,
) -> Result<Vec<Broken<'a>>, ArrowError> {
    let mut broken = Vec::new();
    for (at, column) in contract.columns.iter().enumerate() {
        let (raw, typed) = (&raw[at], rows.column(at));
        let mut add = |rule: Arc<str>, rows: BooleanArray, words: &'a str| {
            if rows.true_count() > 0 {
                broken.push(Broken { rule, rows, raw: Some(Arc::clone(raw)), words });
            }
        };
        if !Arc::ptr_eq(raw, typed) {
            let lost = and(&is_not_null(raw)?, &is_null(typed)?)?;
            match &column.convert {
                Some(named) => add(Arc::clone(&named.name), lost, named.convert.words()),
                None => add(format!("{}.type", column.name).into(), lost, type_words(&column.data_type)),
            }
        }
        for rule in &column.rules {
            add(Arc::clone(&rule.name), rule.check.broken(&Values { raw, typed, rows })?, rule.check.words());
        }
    }
    for rule in &contract.row_rules {
        let nothing = new_null_array(&DataType::Null, rows.num_rows());
        let bad = rule.check.broken(&Values { raw: &nothing, typed: &nothing, rows })?;
        if bad.true_count() > 0 {
            broken.push(Broken { rule: Arc::clone(&rule.name), rows: bad, raw: None, words: rule.check.words() });
        }
    }
    Ok(broken)
}

/// What is wrong with a text that is no value of a type.
fn type_words(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "is neither true nor false",
        it if it.is_integer() => "is no whole number, or too large",
        it if it.is_numeric() => "is no number, or too large",
        DataType::Date32 | DataType::Date64 => "is no date",
        DataType::Timestamp(..) => "is no time",
        _ => "is no value of the column's type",
    }
}

impl Broken<'_> {
    fn words_for(&self, at: usize) -> String {
        let text = self.raw.as_ref().filter(|it| it.is_valid(at)).and_then(|it| {
            let text = texts(&it.slice(at, 1)).ok()?;
            Some(text.as_string::<i32>().value(0).to_owned())
        });
        match text {
            Some(text) if text.chars().count() > SHOWN => {
                let start: String = text.chars().take(SHOWN).collect();
                format!("\"{start}…\" {}", self.words)
            }
            Some(text) => format!("\"{text}\" {}", self.words),
            None => self.words.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringArray};

    use super::*;
    use crate::ingest::reading::RawRows;

    struct Numbers;

    impl RawRows for Numbers {
        fn text(&self, position: u32) -> Result<Vec<u8>, ArrowError> {
            Ok(format!("row {position}").into_bytes())
        }
    }

    /// A piece of three rows, of which the second could not be taken apart.
    fn piece(columns: Vec<ArrayRef>) -> Piece {
        let reason = Reason { rule: "row.fields".into(), words: "3 fields where 2 are expected".to_owned() };
        Piece {
            rows: 3,
            columns,
            positions: vec![0, 2],
            broken: vec![(1, reason)],
            raw: Box::new(Numbers),
            late: BTreeSet::new(),
        }
    }

    #[test]
    fn every_row_goes_one_way() {
        let contract = Contract::of_columns(&[("id", DataType::Int64), ("name", DataType::Utf8)]);
        let layout = Layout { mapping: vec![Some(0), None], extra: vec![("x".to_owned(), DataType::Utf8, 1)] };
        let ids: ArrayRef = Arc::new(StringArray::from(vec!["1", "two"]));
        let extra: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
        let found = validate(&contract, &layout, piece(vec![ids, extra])).unwrap();
        assert_eq!((found.rows, found.positions.as_slice()), (3, [0].as_slice()));
        assert_eq!(found.valid.column(0).as_ref(), &Int64Array::from(vec![1]));
        assert_eq!(found.valid.column(1).null_count(), 1);
        assert_eq!(found.valid.column_by_name("x").unwrap().as_ref(), &StringArray::from(vec!["a"]));
        let bad: Vec<String> = found
            .invalid
            .iter()
            .map(|it| {
                let reasons = it.reasons.iter().map(|it| format!("{}: {}", it.rule, it.words));
                format!("{} {}", String::from_utf8_lossy(&it.text), reasons.collect::<String>())
            })
            .collect();
        assert_eq!(
            bad,
            [
                "row 1 row.fields: 3 fields where 2 are expected",
                "row 2 id.type: \"two\" is no whole number, or too large"
            ]
        );
    }
}
