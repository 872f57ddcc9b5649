//! The parts of a text between delimiters. The engine's own function gives no parts of an empty text, DuckDB's one that is
//! empty.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, ListBuilder, StringBuilder};
use arrow::datatypes::DataType;
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};

use super::kernel::Kernel;

/// `string_split(text, delimiter)`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Split;

impl Kernel for Split {
    fn name(&self) -> &'static str {
        "string_split"
    }

    fn signature(&self) -> Signature {
        Signature::exact(vec![DataType::Utf8, DataType::Utf8], Volatility::Immutable)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::new_list(DataType::Utf8, true))
    }

    fn compute(&self, arguments: &[ArrayRef]) -> Result<ArrayRef> {
        let [texts, delimiters] = arguments else { return exec_err!("`{}` takes two arguments", self.name()) };
        let mut lists = ListBuilder::new(StringBuilder::new());
        for pair in texts.as_string::<i32>().iter().zip(delimiters.as_string::<i32>()) {
            match pair {
                (Some(text), Some("")) if !text.is_empty() => {
                    text.chars().for_each(|it| lists.values().append_value(it.encode_utf8(&mut [0; 4])));
                }
                (Some(text), Some("")) => lists.values().append_value(text),
                (Some(text), Some(delimiter)) => text.split(delimiter).for_each(|it| lists.values().append_value(it)),
                _ => {}
            }
            lists.append(pair.0.is_some() && pair.1.is_some());
        }
        Ok(Arc::new(lists.finish()))
    }
}
