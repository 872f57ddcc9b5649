//! What all functions computed here share: arguments come as arrays of one length, and an array goes back.

use std::fmt::Debug;
use std::hash::Hash;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};

/// One function.
pub(super) trait Kernel: Debug + Clone + PartialEq + Eq + Hash + Send + Sync + 'static {
    /// Its name in SQL.
    fn name(&self) -> &'static str;

    /// What it takes.
    fn signature(&self) -> Signature;

    /// The type of its result.
    ///
    /// # Errors
    /// Arguments that it does not take.
    fn return_type(&self, arguments: &[DataType]) -> Result<DataType>;

    /// The types that it is called with; only asked where the signature leaves that open.
    ///
    /// # Errors
    /// Arguments that it does not take.
    fn coerce(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arguments.to_vec())
    }

    /// The results.
    ///
    /// # Errors
    /// Values that have none.
    fn compute(&self, arguments: &[ArrayRef]) -> Result<ArrayRef>;

    /// The argument in whose order the results are, if there is one.
    fn keeps_order_of(&self) -> Option<usize> {
        None
    }
}

/// A kernel as the engine's function.
pub(super) fn function(kernel: impl Kernel) -> ScalarUDF {
    ScalarUDF::from(Function { signature: kernel.signature(), kernel })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Function<K: Kernel> {
    signature: Signature,
    kernel: K,
}

impl<K: Kernel> ScalarUDFImpl for Function<K> {
    fn name(&self) -> &str {
        self.kernel.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.kernel.return_type(arguments)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.kernel.coerce(arguments)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = arguments.args.iter().all(|it| matches!(it, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let result = self.kernel.compute(&arrays)?;
        if scalar && !arrays.is_empty() {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        let kept = self.kernel.keeps_order_of().and_then(|it| inputs.get(it));
        Ok(kept.map_or(SortProperties::Unordered, |it| it.sort_properties))
    }
}
