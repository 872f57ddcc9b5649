//! `may_repeat(condition, key…)`: whether a key may occur in more than one of the rows in which a condition holds.
//!
//! Keys are told apart by a hash of 64 bits. Where all hashes differ, all keys do, and that is certain. Where two are
//! equal the keys nearly always are: who wants to be sure asks again. Eight bytes for each row is all that is kept,
//! whatever the keys are, where a `group by` keeps the keys.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt64Array};
use arrow::compute::prep_null_mask_filter;
use arrow::datatypes::{DataType, Field, FieldRef, UInt64Type};
use datafusion::common::hash_utils::{HLL_RANDOM_STATE, create_hashes};
use datafusion::common::{ScalarValue, exec_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility};

/// Whether a key may occur in more than one row for which `condition` holds. Nulls are equal to one another.
pub fn may_repeat(condition: Expr, key: Vec<Expr>) -> Expr {
    static FUNCTION: LazyLock<Arc<AggregateUDF>> = LazyLock::new(|| Arc::new(AggregateUDF::from(MayRepeat::default())));
    let mut arguments = vec![condition];
    arguments.extend(key);
    FUNCTION.call(arguments)
}

/// Whether values of a type that are equal have equal bits, so that equal keys have equal hashes.
/// Floats have two zeros, intervals many forms of a day, and what is nested may hold either.
pub fn can_tell_apart(data_type: &DataType) -> bool {
    match data_type {
        DataType::Boolean | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => true,
        DataType::Interval(_) => false,
        other => other.is_integer() || other.is_temporal() || other.is_decimal(),
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct MayRepeat {
    signature: Signature,
}

impl Default for MayRepeat {
    fn default() -> MayRepeat {
        MayRepeat { signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for MayRepeat {
    fn name(&self) -> &str {
        "may_repeat"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn state_fields(&self, _: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let hashes = Field::new("hashes", DataType::new_list(DataType::UInt64, true), true);
        let repeats = Field::new("repeats", DataType::Boolean, true);
        Ok(vec![FieldRef::new(hashes), FieldRef::new(repeats)])
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Hashes::default()))
    }
}

#[derive(Debug, Default)]
struct Hashes {
    seen: Vec<u64>,
    /// Known already; nothing more has to be kept.
    repeats: bool,
    buffer: Vec<u64>,
}

impl Hashes {
    fn settle(&mut self) {
        if !self.repeats {
            // What comes from several streams is made of sorted stretches, which this sort makes use of.
            self.seen.sort();
            self.repeats = self.seen.windows(2).any(|pair| pair[0] == pair[1]);
        }
        if self.repeats {
            self.seen = Vec::new();
        }
    }
}

impl Accumulator for Hashes {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [condition, key @ ..] = values else { return exec_err!("`may_repeat` takes a condition and a key") };
        if self.repeats {
            return Ok(());
        }
        let holds = true_rows(condition.as_boolean());
        self.buffer.clear();
        self.buffer.resize(condition.len(), 0);
        create_hashes(key, &HLL_RANDOM_STATE, &mut self.buffer)?;
        if holds.true_count() == holds.len() {
            self.seen.extend_from_slice(&self.buffer);
        } else {
            self.seen.extend(holds.values().set_indices().map(|at| self.buffer[at]));
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.settle();
        Ok(ScalarValue::Boolean(Some(self.repeats)))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + (self.seen.capacity() + self.buffer.capacity()) * size_of::<u64>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.settle();
        let hashes = UInt64Array::from(std::mem::take(&mut self.seen));
        let list = datafusion::common::utils::SingleRowListArrayBuilder::new(Arc::new(hashes)).build_list_scalar();
        Ok(vec![list, ScalarValue::Boolean(Some(self.repeats))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [hashes, repeats] = states else { return exec_err!("`may_repeat` has two states") };
        self.repeats |= repeats.as_boolean().true_count() > 0;
        if self.repeats {
            self.seen = Vec::new();
            return Ok(());
        }
        for hashes in hashes.as_list::<i32>().iter().flatten() {
            self.seen.extend_from_slice(hashes.as_primitive::<UInt64Type>().values());
        }
        Ok(())
    }
}

/// Where a condition is true, without nulls.
fn true_rows(condition: &BooleanArray) -> BooleanArray {
    if condition.null_count() == 0 { condition.clone() } else { prep_null_mask_filter(condition) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray};

    fn check(condition: &[Option<bool>], key: Vec<ArrayRef>, expected: bool) {
        let condition: ArrayRef = Arc::new(BooleanArray::from(condition.to_vec()));
        let arguments: Vec<ArrayRef> = [condition].into_iter().chain(key).collect();
        let mut whole = Hashes::default();
        whole.update_batch(&arguments).unwrap();
        assert_eq!(whole.evaluate().unwrap(), ScalarValue::Boolean(Some(expected)));
        // The same rows, seen by several that are merged.
        let mut merged = Hashes::default();
        for row in 0..arguments[0].len() {
            let mut part = Hashes::default();
            let slice: Vec<ArrayRef> = arguments.iter().map(|it| it.slice(row, 1)).collect();
            part.update_batch(&slice).unwrap();
            let state: Vec<ArrayRef> = part.state().unwrap().iter().map(|it| it.to_array().unwrap()).collect();
            merged.merge_batch(&state).unwrap();
        }
        assert_eq!(merged.evaluate().unwrap(), ScalarValue::Boolean(Some(expected)));
    }

    #[test]
    fn keys_are_told_apart() {
        let (yes, no) = (Some(true), Some(false));
        let ids = |ids: &[Option<i64>]| Arc::new(Int64Array::from(ids.to_vec())) as ArrayRef;
        let names = |names: &[&str]| Arc::new(StringArray::from(names.to_vec())) as ArrayRef;
        check(&[yes, yes, yes], vec![ids(&[Some(1), Some(2), Some(3)])], false);
        check(&[yes, yes, yes], vec![ids(&[Some(1), Some(2), Some(1)])], true);
        check(&[yes, yes, no], vec![ids(&[Some(1), Some(2), Some(1)])], false);
        check(&[yes, yes, None], vec![ids(&[Some(1), Some(2), Some(1)])], false);
        check(&[yes, yes, yes], vec![ids(&[None, Some(2), None])], true);
        check(&[yes, yes], vec![ids(&[Some(1), Some(1)]), names(&["a", "b"])], false);
        check(&[yes, yes], vec![ids(&[Some(1), Some(1)]), names(&["b", "b"])], true);
        check(&[], vec![ids(&[])], false);
    }
}
