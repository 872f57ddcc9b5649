//! Keys that are known, and a function that says whether a value is one of them.
//! A join would carry all columns of the rows along; this looks at the key alone.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::known_texts::KnownTexts;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{HashSet, ScalarValue, exec_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// A set of keys of one type.
#[derive(Debug)]
pub struct KnownKeys {
    signature: Signature,
    keys: Keys,
}

#[derive(Debug)]
enum Keys {
    /// Numbers and times that are whole numbers.
    Whole(HashSet<i64>),
    Texts(KnownTexts),
}

impl KnownKeys {
    /// No keys yet; `None` for types whose values can't be looked up.
    pub fn new(data_type: &DataType) -> Option<KnownKeys> {
        let keys = match data_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Keys::Texts(KnownTexts::default()),
            DataType::UInt64 => return None,
            other if is_whole(other) => Keys::Whole(HashSet::new()),
            _ => return None,
        };
        Some(KnownKeys { signature: Signature::any(1, Volatility::Immutable), keys })
    }

    /// Adds keys. Nulls are none. Gives the bytes that all keys take, about.
    ///
    /// # Errors
    /// Keys of another type.
    pub fn add(&mut self, keys: &ArrayRef) -> Result<usize> {
        match &mut self.keys {
            Keys::Whole(known) => known.extend(whole(keys)?.as_primitive::<Int64Type>().iter().flatten()),
            Keys::Texts(known) => known.add(keys)?,
        }
        Ok(self.bytes())
    }

    fn bytes(&self) -> usize {
        match &self.keys {
            Keys::Whole(known) => known.capacity() * 2 * size_of::<i64>(),
            Keys::Texts(known) => known.size(),
        }
    }

    /// Whether the value of an expression is one of the keys; null is none.
    pub fn contains(self: &Arc<Self>, value: Expr) -> Expr {
        ScalarUDF::from(IsKnown(Arc::clone(self))).call(vec![value])
    }

    fn look_up(&self, values: &ArrayRef) -> Result<BooleanArray> {
        Ok(match &self.keys {
            Keys::Whole(known) => {
                let values = whole(values)?;
                let values = values.as_primitive::<Int64Type>();
                values.iter().map(|it| Some(it.is_some_and(|it| known.contains(&it)))).collect()
            }
            Keys::Texts(known) => known.look_up(values)?,
        })
    }
}

fn is_whole(data_type: &DataType) -> bool {
    match data_type {
        DataType::Interval(_) | DataType::Duration(_) => false,
        other => other.is_integer() || other.is_temporal(),
    }
}

/// Values as whole numbers.
fn whole(values: &ArrayRef) -> Result<ArrayRef> {
    let number = match values.data_type() {
        DataType::Date32 | DataType::Time32(_) => cast(values, &DataType::Int32)?,
        _ => Arc::clone(values),
    };
    Ok(cast(&number, &DataType::Int64)?)
}

/// The function. Two are the same where they look into the same set.
#[derive(Debug)]
struct IsKnown(Arc<KnownKeys>);

impl PartialEq for IsKnown {
    fn eq(&self, other: &IsKnown) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for IsKnown {}

impl Hash for IsKnown {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

impl ScalarUDFImpl for IsKnown {
    fn name(&self) -> &str {
        "is_known"
    }

    fn signature(&self) -> &Signature {
        &self.0.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match arguments.args.as_slice() {
            [ColumnarValue::Array(values)] => Ok(ColumnarValue::Array(Arc::new(self.0.look_up(values)?))),
            [ColumnarValue::Scalar(value)] => {
                let found = self.0.look_up(&value.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::Boolean(Some(found.value(0)))))
            }
            _ => exec_err!("`is_known` takes one argument"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Date32Array, Int32Array, StringArray};

    fn check(known: ArrayRef, asked: ArrayRef, expected: &[bool]) {
        let mut keys = KnownKeys::new(known.data_type()).unwrap();
        keys.add(&known).unwrap();
        let found = keys.look_up(&asked).unwrap();
        assert_eq!(found.iter().map(|it| it.unwrap()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn keys_are_found() {
        let texts = |texts: &[Option<&str>]| Arc::new(StringArray::from(texts.to_vec())) as ArrayRef;
        check(texts(&[Some("a"), None]), texts(&[Some("a"), Some("b"), None]), &[true, false, false]);
        let ids = |ids: &[Option<i32>]| Arc::new(Int32Array::from(ids.to_vec())) as ArrayRef;
        check(ids(&[Some(1), Some(1)]), ids(&[Some(1), Some(2), None]), &[true, false, false]);
        let days = |days: &[i32]| Arc::new(Date32Array::from(days.to_vec())) as ArrayRef;
        check(days(&[20_000]), days(&[20_000, 20_001]), &[true, false]);
        assert!(KnownKeys::new(&DataType::Float64).is_none());
    }
}
