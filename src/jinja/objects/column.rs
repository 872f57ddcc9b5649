//! A column as templates have it: dbt's `Column`.
//! Written after <https://docs.getdbt.com/reference/dbt-classes#column>.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use crate::jinja::database::ColumnType;
use crate::jinja::functions::split;

/// Names of text types.
const TEXT: [&str; 4] = ["text", "character varying", "character", "varchar"];
/// Names of exact numbers.
const NUMERIC: [&str; 2] = ["numeric", "decimal"];
/// Names of floating-point numbers, as dbt-duckdb has them.
const FLOAT: [&str; 5] = ["real", "float4", "float", "float8", "double"];
/// Names of whole numbers, as dbt-duckdb has them.
const INTEGER: [&str; 18] = [
    "tinyint",
    "smallint",
    "integer",
    "bigint",
    "hugeint",
    "utinyint",
    "usmallint",
    "uinteger",
    "ubigint",
    "int1",
    "int2",
    "int4",
    "int8",
    "short",
    "int",
    "signed",
    "long",
    "serial",
];

/// A column of a relation.
#[derive(Debug, Clone)]
pub(in crate::jinja) struct Column {
    name: String,
    data_type: String,
    char_size: Option<i64>,
    precision: Option<i64>,
    scale: Option<i64>,
}

impl From<ColumnType> for Column {
    fn from(column: ColumnType) -> Column {
        let ColumnType { name, data_type } = column;
        Column { name, data_type, char_size: None, precision: None, scale: None }
    }
}

impl Column {
    /// `api.Column(column, dtype, char_size, numeric_precision, numeric_scale)`.
    pub(in crate::jinja) fn create(args: &[Value]) -> Result<Value, Error> {
        let (positional, named) = split(args);
        let get = |at: usize, keys: &[&str]| {
            let named = || keys.iter().find_map(|key| named.as_ref()?.get::<Option<Value>>(key).ok().flatten());
            positional.get(at).cloned().or_else(named).filter(|it| !it.is_none())
        };
        let missing = |what: &str| Error::new(ErrorKind::MissingArgument, format!("a column needs a {what}"));
        let name = get(0, &["column", "name"]).ok_or_else(|| missing("name"))?.to_string();
        let data_type = get(1, &["dtype", "label_or_dtype"]).ok_or_else(|| missing("type"))?.to_string();
        let number = |at: usize, key: &str| get(at, &[key]).and_then(|it| it.as_i64());
        Ok(Value::from_object(Column {
            name,
            data_type,
            char_size: number(2, "char_size"),
            precision: number(3, "numeric_precision"),
            scale: number(4, "numeric_scale"),
        }))
    }

    fn is_one_of(&self, names: &[&str]) -> bool {
        names.contains(&self.data_type.to_lowercase().as_str())
    }

    fn quoted(&self) -> String {
        format!("\"{}\"", self.name.replace('"', "\"\""))
    }

    fn string_size(&self) -> i64 {
        match self.char_size {
            Some(size) if !self.is_one_of(&["text"]) => size,
            _ => 256,
        }
    }

    /// The type with its size.
    fn full_type(&self) -> String {
        if self.is_one_of(&TEXT) {
            string_type(self.string_size())
        } else if self.is_one_of(&NUMERIC) {
            numeric_type(&self.data_type, self.precision, self.scale)
        } else {
            self.data_type.clone()
        }
    }
}

fn string_type(size: i64) -> String {
    format!("character varying({size})")
}

fn numeric_type(name: &str, precision: Option<i64>, scale: Option<i64>) -> String {
    match (precision, scale) {
        (Some(precision), Some(scale)) => format!("{name}({precision},{scale})"),
        _ => name.to_owned(),
    }
}

/// What dbt calls a string is text here.
fn translate(data_type: &str) -> String {
    if data_type.eq_ignore_ascii_case("string") { "TEXT".to_owned() } else { data_type.to_owned() }
}

const MEMBERS: [&str; 9] = [
    "name",
    "column",
    "quoted",
    "dtype",
    "data_type",
    "expanded_data_type",
    "char_size",
    "numeric_precision",
    "numeric_scale",
];

impl Object for Column {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let number = |it: Option<i64>| it.map_or(Value::from(()), Value::from);
        Some(match key.as_str()? {
            "name" | "column" => Value::from(self.name.as_str()),
            "quoted" => Value::from(self.quoted()),
            "dtype" => Value::from(self.data_type.as_str()),
            "data_type" | "expanded_data_type" => Value::from(self.full_type()),
            "char_size" => number(self.char_size),
            "numeric_precision" => number(self.precision),
            "numeric_scale" => number(self.scale),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&MEMBERS)
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        Ok(match method {
            "is_string" => Value::from(self.is_one_of(&TEXT)),
            "is_numeric" => Value::from(self.is_one_of(&NUMERIC)),
            "is_float" => Value::from(self.is_one_of(&FLOAT)),
            "is_integer" => Value::from(self.is_one_of(&INTEGER)),
            "is_number" => Value::from(self.is_one_of(&NUMERIC) || self.is_one_of(&FLOAT) || self.is_one_of(&INTEGER)),
            "string_size" => Value::from(self.string_size()),
            "literal" => {
                let value = args.first().map(ToString::to_string).unwrap_or_default();
                Value::from(format!("{value}::{}", self.full_type()))
            }
            "can_expand_to" => {
                let (positional, named) = split(args);
                let named = || named.as_ref().and_then(|it| it.get::<Option<Value>>("other_column").ok().flatten());
                let other = positional.first().cloned().or_else(named);
                let other = other.as_ref().and_then(|it| it.downcast_object_ref::<Column>());
                let both = |it: &&Column| self.is_one_of(&TEXT) && it.is_one_of(&TEXT);
                Value::from(other.filter(both).is_some_and(|it| it.string_size() > self.string_size()))
            }
            _ => return Err(Error::new(ErrorKind::UnknownMethod, format!("a column has no method `{method}`"))),
        })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Column {} ({})>", self.name, self.full_type())
    }
}

/// `api.Column`: makes columns, and the names of types.
#[derive(Debug)]
pub(in crate::jinja) struct ColumnClass;

impl Object for ColumnClass {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        Column::create(args)
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let text = |at: usize| args.get(at).map(ToString::to_string).unwrap_or_default();
        let number = |at: usize| args.get(at).and_then(Value::as_i64);
        match method {
            "create" => Column::create(&[Value::from(text(0)), Value::from(translate(&text(1)))]),
            "translate_type" => Ok(Value::from(translate(&text(0)))),
            "numeric_type" => Ok(Value::from(numeric_type(&text(0), number(1), number(2)))),
            "string_type" => Ok(Value::from(string_type(number(0).unwrap_or(256)))),
            _ => Err(Error::new(ErrorKind::UnknownMethod, format!("api.Column has no method `{method}`"))),
        }
    }
}
