//! JSON that is made, and what a text of JSON is.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::json::writer::{LineDelimited, WriterBuilder};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};

use super::kernel::Kernel;

/// A function of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Json {
    /// `to_json(value)`; a struct is an object, a list an array.
    From,
    /// `json_valid(text)`.
    Valid,
    /// `json_type(text)`.
    Type,
}

impl Kernel for Json {
    fn name(&self) -> &'static str {
        match self {
            Json::From => "to_json",
            Json::Valid => "json_valid",
            Json::Type => "json_type",
        }
    }

    fn signature(&self) -> Signature {
        match self {
            Json::From => Signature::any(1, Volatility::Immutable),
            Json::Valid | Json::Type => Signature::exact(vec![DataType::Utf8], Volatility::Immutable),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(if *self == Json::Valid { DataType::Boolean } else { DataType::Utf8 })
    }

    fn compute(&self, arguments: &[ArrayRef]) -> Result<ArrayRef> {
        let [values] = arguments else { return exec_err!("`{}` takes one argument", self.name()) };
        let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text);
        Ok(match self {
            Json::From => Arc::new(written(values)?),
            Json::Valid => {
                let valid = values.as_string::<i32>().iter().map(|it| it.map(|text| parsed(text).is_ok()));
                Arc::new(valid.collect::<BooleanArray>())
            }
            Json::Type => {
                let one = |text: Option<&str>| match text.map(|it| (it, parsed(it))) {
                    None => Ok(None),
                    Some((_, Ok(value))) => Ok(Some(kind(&value))),
                    Some((text, Err(_))) => exec_err!("the text `{text}` is no JSON"),
                };
                Arc::new(values.as_string::<i32>().iter().map(one).collect::<Result<StringArray>>()?)
            }
        })
    }
}

fn kind(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "NULL",
        serde_json::Value::Bool(_) => "BOOLEAN",
        serde_json::Value::Number(it) if it.is_u64() => "UBIGINT",
        serde_json::Value::Number(it) if it.is_i64() => "BIGINT",
        serde_json::Value::Number(_) => "DOUBLE",
        serde_json::Value::String(_) => "VARCHAR",
        serde_json::Value::Array(_) => "ARRAY",
        serde_json::Value::Object(_) => "OBJECT",
    }
}

/// One line for each row, an object with the value alone.
fn written(values: &ArrayRef) -> Result<StringArray> {
    let field = Field::new("v", values.data_type().clone(), true);
    let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![Arc::clone(values)])?;
    let mut bytes = Vec::new();
    let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(&mut bytes);
    writer.write(&batch)?;
    writer.finish()?;
    drop(writer);
    let text = String::from_utf8_lossy(&bytes);
    let mut rows = StringBuilder::with_capacity(values.len(), bytes.len());
    for (at, line) in text.lines().enumerate() {
        match line.strip_prefix("{\"v\":").and_then(|it| it.strip_suffix('}')) {
            Some(value) if values.is_valid(at) => rows.append_value(value),
            _ => rows.append_null(),
        }
    }
    Ok(rows.finish())
}
