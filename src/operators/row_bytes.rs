//! `row_bytes(a, b, …)`: values as bytes that are equal where the values are, and sort as they do, whatever their types:
//! nulls are equal to one another and come first, so are all NaNs, and there is one zero.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray, PrimitiveArray, make_array};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The bytes of a row of these values.
pub fn row_bytes(values: Vec<Expr>) -> Expr {
    static FUNCTION: LazyLock<ScalarUDF> = LazyLock::new(|| ScalarUDF::from(RowBytes::default()));
    FUNCTION.call(values)
}

/// What turns values into bytes and back.
///
/// # Errors
/// Values of one of these types have no bytes.
pub fn row_converter<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Result<RowConverter> {
    Ok(RowConverter::new(types.into_iter().map(|it| SortField::new(it.clone())).collect())?)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RowBytes {
    signature: Signature,
}

impl Default for RowBytes {
    fn default() -> RowBytes {
        RowBytes { signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for RowBytes {
    fn name(&self) -> &str {
        "row_bytes"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let settled = arrays.iter().map(settled).collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
        let converter = row_converter(settled.iter().map(|it| it.data_type()))?;
        Ok(ColumnarValue::Array(Arc::new(converter.convert_columns(&settled)?.try_into_binary()?)))
    }
}

/// The same values, with one NaN and one zero at all depths.
fn settled(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(match array.data_type() {
        DataType::Float32 => {
            let numbers: PrimitiveArray<Float32Type> =
                array.as_primitive::<Float32Type>().unary(|it| if it.is_nan() { f32::NAN } else { it + 0.0 });
            Arc::new(numbers)
        }
        DataType::Float64 => {
            let numbers: PrimitiveArray<Float64Type> =
                array.as_primitive::<Float64Type>().unary(|it| if it.is_nan() { f64::NAN } else { it + 0.0 });
            Arc::new(numbers)
        }
        _ if array.to_data().child_data().is_empty() => Arc::clone(array),
        _ => {
            let data = array.to_data();
            let within = data.child_data().iter().map(|it| Ok(settled(&make_array(it.clone()))?.to_data()));
            let within = within.collect::<Result<Vec<_>, ArrowError>>()?;
            make_array(data.into_builder().child_data(within).build()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, ListArray};
    use arrow::datatypes::Float64Type;

    use super::*;

    fn bytes(array: ArrayRef) -> Vec<Vec<u8>> {
        let array = settled(&array).unwrap();
        let converter = row_converter([array.data_type()]).unwrap();
        let rows = converter.convert_columns(&[array]).unwrap();
        rows.iter().map(|it| it.as_ref().to_vec()).collect()
    }

    #[test]
    fn numbers_that_look_alike_are_alike() {
        let other_nan = f64::from_bits(f64::NAN.to_bits() ^ 1);
        let found =
            bytes(Arc::new(Float64Array::from(vec![Some(0.0), Some(-0.0), Some(f64::NAN), Some(other_nan), None])));
        assert_eq!(found[0], found[1]);
        assert_eq!(found[2], found[3]);
        assert!(found[4] < found[0] && found[0] < found[2]);
    }

    #[test]
    fn within_lists_too() {
        let lists = [Some(vec![Some(-0.0)]), Some(vec![Some(0.0)]), Some(vec![None]), None];
        let found = bytes(Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(lists)));
        assert_eq!(found[0], found[1]);
        assert!(found[2] != found[3] && found[2] != found[0]);
    }
}
