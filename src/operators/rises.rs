//! `rises(condition, key)`: whether a key differs in all rows in which a condition holds, by looking at neighbours alone.
//!
//! Within a batch, each key must be greater than the one before, or each smaller. The stretches from the first to the
//! last key of each batch must not overlap. Then no key occurs twice, in whichever order batches come and whoever says
//! that the rows are sorted. Where it is not so, nothing is known.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt32Array};
use arrow::compute::kernels::cmp::{gt, lt};
use arrow::compute::{concat, filter, sort_to_indices, take};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{ScalarValue, exec_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility};

/// Whether `key` is known to differ in all rows for which `condition` holds. Worth asking of sorted rows only.
pub fn rises(condition: Expr, key: Expr) -> Expr {
    static FUNCTION: LazyLock<Arc<AggregateUDF>> = LazyLock::new(|| Arc::new(AggregateUDF::from(Rises::default())));
    FUNCTION.call(vec![condition, key])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Rises {
    signature: Signature,
}

impl Default for Rises {
    fn default() -> Rises {
        Rises { signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Rises {
    fn name(&self) -> &str {
        "rises"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let Some(key) = arguments.input_fields.get(1) else { return exec_err!("`rises` takes a condition and a key") };
        let list = DataType::new_list(key.data_type().clone(), true);
        let ends = ["lowest", "highest"].map(|it| FieldRef::new(Field::new(it, list.clone(), true)));
        let known = FieldRef::new(Field::new("known", DataType::Boolean, true));
        Ok(ends.into_iter().chain([known]).collect())
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let Some(key) = arguments.expr_fields.get(1) else { return exec_err!("`rises` takes a condition and a key") };
        Ok(Box::new(Stretches::new(key.data_type().clone())))
    }
}

/// From the lowest to the highest key of each batch.
#[derive(Debug)]
struct Stretches {
    key: DataType,
    lowest: Vec<ArrayRef>,
    highest: Vec<ArrayRef>,
    /// Whether each stretch is one of different keys.
    known: bool,
}

impl Stretches {
    fn new(key: DataType) -> Stretches {
        Stretches { key, lowest: Vec::new(), highest: Vec::new(), known: true }
    }

    fn joined(&self, ends: &[ArrayRef]) -> Result<ArrayRef> {
        let ends: Vec<&dyn Array> = ends.iter().map(AsRef::as_ref).collect();
        if ends.is_empty() { Ok(arrow::array::new_empty_array(&self.key)) } else { Ok(concat(&ends)?) }
    }

    fn give_up(&mut self) {
        self.known = false;
        self.lowest.clear();
        self.highest.clear();
    }
}

impl Accumulator for Stretches {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [condition, key] = values else { return exec_err!("`rises` takes a condition and a key") };
        if !self.known {
            return Ok(());
        }
        let condition = condition.as_boolean();
        let all = condition.true_count() == condition.len();
        let key = if all { Arc::clone(key) } else { filter(key, condition)? };
        let Some(last) = key.len().checked_sub(1) else { return Ok(()) };
        if key.null_count() > 0 {
            self.give_up();
            return Ok(());
        }
        let (these, next) = (key.slice(0, last), key.slice(1, last));
        let all_true = |compared: BooleanArray| compared.true_count() == last;
        // The first key and the last one, copied: a slice would keep the whole batch.
        let end = |at: usize| take(&key, &UInt32Array::from(vec![u32::try_from(at).unwrap_or(u32::MAX)]), None);
        if all_true(lt(&these, &next)?) {
            self.lowest.push(end(0)?);
            self.highest.push(end(last)?);
        } else if all_true(gt(&these, &next)?) {
            self.lowest.push(end(last)?);
            self.highest.push(end(0)?);
        } else {
            self.give_up();
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if !self.known {
            return Ok(ScalarValue::Boolean(Some(false)));
        }
        let (lowest, highest) = (self.joined(&self.lowest)?, self.joined(&self.highest)?);
        let order = sort_to_indices(&lowest, None, None)?;
        let (lowest, highest) = (take(&lowest, &order, None)?, take(&highest, &order, None)?);
        let between = lowest.len().saturating_sub(1);
        let apart = lt(&highest.slice(0, between), &lowest.slice(lowest.len() - between, between))?;
        Ok(ScalarValue::Boolean(Some(apart.true_count() == between)))
    }

    fn size(&self) -> usize {
        let ends = self.lowest.iter().chain(&self.highest);
        size_of::<Self>() + ends.map(|it| it.get_array_memory_size()).sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let list = |ends: ArrayRef| SingleRowListArrayBuilder::new(ends).build_list_scalar();
        let (lowest, highest) = (self.joined(&self.lowest)?, self.joined(&self.highest)?);
        Ok(vec![list(lowest), list(highest), ScalarValue::Boolean(Some(self.known))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [lowest, highest, known] = states else { return exec_err!("`rises` has three states") };
        let known = known.as_boolean();
        if known.true_count() < known.len() {
            self.give_up();
        }
        if self.known {
            self.lowest.extend(lowest.as_list::<i32>().iter().flatten());
            self.highest.extend(highest.as_list::<i32>().iter().flatten());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int64Array;

    /// Batches of keys, seen by two that are merged.
    fn check(batches: &[&[Option<i64>]], expected: bool) {
        let mut parts = [Stretches::new(DataType::Int64), Stretches::new(DataType::Int64)];
        for (at, batch) in batches.iter().enumerate() {
            let key: ArrayRef = Arc::new(Int64Array::from(batch.to_vec()));
            let condition: ArrayRef = Arc::new(arrow::compute::is_not_null(&key).unwrap());
            parts[at % 2].update_batch(&[condition, key]).unwrap();
        }
        let mut merged = Stretches::new(DataType::Int64);
        for part in &mut parts {
            let state: Vec<ArrayRef> = part.state().unwrap().iter().map(|it| it.to_array().unwrap()).collect();
            merged.merge_batch(&state).unwrap();
        }
        assert_eq!(merged.evaluate().unwrap(), ScalarValue::Boolean(Some(expected)), "{batches:?}");
    }

    #[test]
    fn neighbours_tell() {
        check(&[&[Some(1), Some(2)], &[Some(3), Some(9)], &[Some(10)]], true);
        check(&[&[Some(10)], &[Some(9), Some(3)], &[Some(2), Some(1), None]], true);
        check(&[&[None, None], &[]], true);
        check(&[], true);
        check(&[&[Some(1), Some(2)], &[Some(2), Some(9)]], false);
        check(&[&[Some(1), Some(1)]], false);
        check(&[&[Some(1), Some(9)], &[Some(3), Some(4)]], false);
        check(&[&[Some(1), Some(3), Some(2)]], false);
    }
}
