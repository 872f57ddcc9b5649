//! `coalesce(day, '2099-01-01')`: a text beside times is one, where the engine finds no common type; a day beside times
//! becomes one of their precision.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::error::Result;
use datafusion::functions::core::coalesce::CoalesceFunc;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature};

/// The engine's, with more types.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Coalesce {
    inner: CoalesceFunc,
}

impl ScalarUDFImpl for Coalesce {
    fn name(&self) -> &str {
        "coalesce"
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arguments)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<arrow::datatypes::FieldRef> {
        self.inner.return_field_from_args(arguments)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match common_time(arguments) {
            Some(time) => Ok(vec![time; arguments.len()]),
            None => self.inner.coerce_types(arguments),
        }
    }

    fn simplify(&self, arguments: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.inner.simplify(arguments, info)
    }

    fn conditional_arguments<'a>(&self, arguments: &'a [Expr]) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.inner.conditional_arguments(arguments)
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.inner.invoke_with_args(arguments)
    }
}

/// The type of times among which there are texts or days.
fn common_time(arguments: &[DataType]) -> Option<DataType> {
    let mut time: Option<DataType> = None;
    let (mut texts, mut days) = (false, false);
    for argument in arguments {
        match argument {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => texts = true,
            DataType::Null => {}
            DataType::Date32 => {
                days = true;
                time = time.or(Some(DataType::Date32));
            }
            DataType::Timestamp(_, zone) => time = Some(DataType::Timestamp(TimeUnit::Microsecond, zone.clone())),
            _ => return None,
        }
    }
    // A day beside times: the engine would take nanoseconds, which end in 2262.
    let mixed = days && matches!(time, Some(DataType::Timestamp(..)));
    time.filter(|_| texts || mixed)
}
