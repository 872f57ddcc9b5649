//! `mode`: the most frequent value; of several, the first.

use std::mem::size_of_val;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{ScalarValue, exec_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};
use indexmap::IndexMap;

/// The aggregate function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Mode {
    signature: Signature,
}

impl Default for Mode {
    fn default() -> Mode {
        Mode { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Mode {
    fn name(&self) -> &str {
        "mode"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [one] => Ok(one.clone()),
            _ => exec_err!("`mode` takes one argument"),
        }
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |name: &str, of: DataType| FieldRef::new(Field::new(name, DataType::new_list(of, true), true));
        let of = arguments.return_field.data_type().clone();
        Ok(vec![list("values", of), list("counts", DataType::Int64)])
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Counts { data_type: arguments.return_field.data_type().clone(), counts: IndexMap::new() }))
    }
}

#[derive(Debug)]
struct Counts {
    data_type: DataType,
    counts: IndexMap<ScalarValue, i64>,
}

impl Accumulator for Counts {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for values in values {
            for at in 0..values.len() {
                if values.is_valid(at) {
                    *self.counts.entry(ScalarValue::try_from_array(values, at)?).or_default() += 1;
                }
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut best: Option<(&ScalarValue, i64)> = None;
        for (value, count) in &self.counts {
            if best.is_none_or(|(_, most)| *count > most) {
                best = Some((value, *count));
            }
        }
        match best {
            Some((value, _)) => Ok(value.clone()),
            None => ScalarValue::try_from(&self.data_type),
        }
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.counts.keys().map(|it| it.size() + size_of::<i64>() * 2).sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Vec<ScalarValue> = self.counts.keys().cloned().collect();
        let counts: Vec<ScalarValue> = self.counts.values().map(|it| ScalarValue::Int64(Some(*it))).collect();
        Ok(vec![
            ScalarValue::List(ScalarValue::new_list_nullable(&values, &self.data_type)),
            ScalarValue::List(ScalarValue::new_list_nullable(&counts, &DataType::Int64)),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        use arrow::array::{Array, AsArray};
        let [values, counts] = states else { return exec_err!("`mode` has two states") };
        let (values, counts) = (values.as_list::<i32>(), counts.as_list::<i32>());
        for row in 0..values.len() {
            let (values, counts) = (values.value(row), counts.value(row));
            let counts = counts.as_primitive::<arrow::datatypes::Int64Type>();
            for at in 0..values.len() {
                *self.counts.entry(ScalarValue::try_from_array(&values, at)?).or_default() += counts.value(at);
            }
        }
        Ok(())
    }
}
