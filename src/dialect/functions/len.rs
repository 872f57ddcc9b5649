//! `len`: characters of a text, items of a list.

use arrow::datatypes::DataType;
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::functions::expr_fn::character_length;
use datafusion::functions_nested::expr_fn::array_length;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility, cast};

/// Which of the two it is depends on the argument's type, and is decided when plans are simplified.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Len {
    signature: Signature,
}

impl Default for Len {
    fn default() -> Len {
        Len { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Len {
    fn name(&self) -> &str {
        "len"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [it] if is_list(it) || it.is_string() || it.is_null() => Ok(DataType::Int64),
            _ => plan_err!(
                "Function 'len' failed to match any signature, errors: len requires String, but received {arguments:?}"
            ),
        }
    }

    fn simplify(&self, mut arguments: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let argument = arguments.swap_remove(0);
        let data_type = info.get_data_type(&argument)?;
        let length =
            if is_list(&data_type) { array_length(argument) } else { character_length(cast(argument, DataType::Utf8)) };
        Ok(ExprSimplifyResult::Simplified(cast(length, DataType::Int64)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        plan_err!("`len` has not been simplified")
    }
}

fn is_list(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _))
}
