//! `holds(condition, otherwise)`: true, and the end of the query where the condition is anything else.

use std::sync::LazyLock;

use arrow::array::AsArray;
use arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use datafusion::scalar::ScalarValue;

/// That a condition holds for all rows; the message where it does not.
pub fn holds(condition: Expr, otherwise: &str) -> Expr {
    static FUNCTION: LazyLock<ScalarUDF> = LazyLock::new(|| ScalarUDF::from(Holds::default()));
    FUNCTION.call(vec![condition, lit(otherwise)])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Holds {
    signature: Signature,
}

impl Default for Holds {
    fn default() -> Holds {
        Holds { signature: Signature::exact(vec![DataType::Boolean, DataType::Utf8], Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Holds {
    fn name(&self) -> &str {
        "holds"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let (condition, otherwise) = match arguments.args.as_slice() {
            [condition, ColumnarValue::Scalar(otherwise)] => (condition, otherwise.try_as_str().flatten()),
            [condition, _] => (condition, None),
            _ => return Err(DataFusionError::Internal("`holds` takes a condition and a text".to_owned())),
        };
        let conditions = condition.to_array(rows)?;
        let conditions = conditions.as_boolean();
        if conditions.true_count() < conditions.len() {
            return Err(DataFusionError::Execution(otherwise.unwrap_or_default().to_owned()));
        }
        Ok(ColumnarValue::Scalar(ScalarValue::Boolean(Some(true))))
    }
}
