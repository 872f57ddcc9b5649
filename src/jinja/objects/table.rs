//! The rows of a query as templates have them: the part of agate's `Table` that macros use.
//! <https://agate.readthedocs.io/en/latest/api/table.html>

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use super::cell;
use crate::jinja::database::Rows;
use crate::jinja::scope::{LogLine, Scope};
use crate::jinja::values;

/// A result.
#[derive(Debug)]
pub(in crate::jinja) struct Table {
    names: Arc<Vec<String>>,
    types: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl From<&Rows> for Table {
    fn from(rows: &Rows) -> Table {
        Table {
            names: Arc::new(rows.columns.iter().map(|it| it.name.clone()).collect()),
            types: rows.columns.iter().map(|it| it.data_type.clone()).collect(),
            rows: rows.rows.iter().map(|row| row.iter().map(cell::value).collect()).collect(),
        }
    }
}

impl Table {
    /// The rows as plain lists, as `load_result(…).data` has them.
    pub(in crate::jinja) fn data(&self) -> Value {
        self.rows.iter().map(|row| Value::from(row.clone())).collect()
    }

    fn named_rows(&self) -> impl Iterator<Item = Value> {
        self.rows.iter().map(|values| Value::from_object(Named::new(&self.names, values.clone())))
    }

    fn rows(&self) -> Value {
        Value::from_object(Named { names: None, values: self.named_rows().collect() })
    }

    fn columns(&self) -> Value {
        let column = |(at, name): (usize, &String)| {
            let values = self.rows.iter().map(|row| row.get(at).cloned().unwrap_or_default()).collect();
            let data_type = self.types.get(at).cloned().unwrap_or_default();
            Value::from_object(ResultColumn { name: name.clone(), data_type, values })
        };
        let columns = self.names.iter().enumerate().map(column).collect();
        Value::from_object(Named { names: Some(Arc::clone(&self.names)), values: columns })
    }

    /// A table of some of the columns.
    fn with_columns(&self, wanted: impl Fn(&str) -> bool) -> Table {
        let kept: Vec<usize> = (0..self.names.len()).filter(|at| wanted(&self.names[*at])).collect();
        let pick = |row: &Vec<Value>| kept.iter().filter_map(|at| row.get(*at).cloned()).collect();
        Table {
            names: Arc::new(kept.iter().map(|at| self.names[*at].clone()).collect()),
            types: kept.iter().filter_map(|at| self.types.get(*at).cloned()).collect(),
            rows: self.rows.iter().map(pick).collect(),
        }
    }

    fn with_rows(&self, rows: Vec<Vec<Value>>) -> Table {
        Table { names: Arc::clone(&self.names), types: self.types.clone(), rows }
    }

    /// The form of agate's `print_table`.
    fn print(&self) -> String {
        let text = |value: &Value| if value.is_none() { String::new() } else { value.to_string() };
        let width = |at: usize| {
            let widest = self.rows.iter().filter_map(|row| row.get(at)).map(|it| text(it).chars().count()).max();
            widest.unwrap_or(0).max(self.names[at].chars().count())
        };
        let widths: Vec<usize> = (0..self.names.len()).map(width).collect();
        let line = |cells: Vec<String>| {
            let padded = cells.iter().zip(&widths).map(|(cell, width)| format!(" {cell:<width$} "));
            format!("|{}|", padded.collect::<Vec<_>>().join("|"))
        };
        let rule =
            format!("|{}|", widths.iter().map(|it| format!(" {} ", "-".repeat(*it))).collect::<Vec<_>>().join("|"));
        let mut lines = vec![line(self.names.to_vec()), rule];
        lines.extend(self.rows.iter().map(|row| line(row.iter().map(text).collect())));
        lines.join("\n")
    }
}

/// The texts of a list, or the one text.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(one) if one.as_str().is_some() => vec![one.to_string()],
        Some(many) => many.try_iter().map(|it| it.map(|it| it.to_string()).collect()).unwrap_or_default(),
        None => Vec::new(),
    }
}

impl Object for Table {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    /// Its rows.
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.named_rows().collect())
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str()? {
            "columns" => self.columns(),
            "rows" => self.rows(),
            "column_names" => self.names.iter().map(|it| Value::from(it.as_str())).collect(),
            "column_types" => self.types.iter().map(|it| Value::from(it.as_str())).collect(),
            _ => return None,
        })
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let number = |at: usize| args.get(at).and_then(Value::as_usize);
        let table = match method {
            "print_table" | "print_csv" | "print_json" => {
                Scope::of(state)?.captured().lines.push(LogLine { visible: true, text: self.print() });
                return Ok(Value::from(""));
            }
            "select" => {
                let wanted = texts(args.first());
                self.with_columns(|it| wanted.iter().any(|name| name == it))
            }
            "exclude" => {
                let unwanted = texts(args.first());
                self.with_columns(|it| !unwanted.iter().any(|name| name == it))
            }
            "limit" => {
                let (start, end) = match (number(0), number(1)) {
                    (Some(start), Some(end)) => (start, end),
                    (end, _) => (0, end.unwrap_or(usize::MAX)),
                };
                self.with_rows(self.rows.iter().take(end).skip(start).cloned().collect())
            }
            "distinct" => {
                let mut rows: Vec<Vec<Value>> = Vec::new();
                for row in &self.rows {
                    if !rows.contains(row) {
                        rows.push(row.clone());
                    }
                }
                self.with_rows(rows)
            }
            "rename" => {
                let new = texts(args.first());
                let names = if new.len() == self.names.len() { Arc::new(new) } else { Arc::clone(&self.names) };
                Table { names, types: self.types.clone(), rows: self.rows.clone() }
            }
            _ => return Err(Error::new(ErrorKind::UnknownMethod, format!("a result has no method `{method}`"))),
        };
        Ok(Value::from_object(table))
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<agate.Table>")
    }
}

/// Values in order that have names too: a row, the columns, and (without names) the rows.
#[derive(Debug)]
struct Named {
    names: Option<Arc<Vec<String>>>,
    values: Vec<Value>,
}

impl Named {
    fn new(names: &Arc<Vec<String>>, values: Vec<Value>) -> Named {
        Named { names: Some(Arc::clone(names)), values }
    }

    fn names(&self) -> &[String] {
        self.names.as_deref().map_or(&[], Vec::as_slice)
    }

    fn by_name(&self, name: &str) -> Option<Value> {
        let names = self.names();
        let exact = names.iter().position(|it| it == name);
        let at = exact.or_else(|| names.iter().position(|it| it.eq_ignore_ascii_case(name)))?;
        self.values.get(at).cloned()
    }
}

impl Object for Named {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match (key.as_str(), key.as_i64()) {
            (Some(name), _) => self.by_name(name),
            (None, Some(at)) => {
                let at = if at < 0 { at + i64::try_from(self.values.len()).ok()? } else { at };
                self.values.get(usize::try_from(at).ok()?).cloned()
            }
            (None, None) => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.values.len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let pairs = || self.names().iter().map(|it| Value::from(it.as_str())).zip(self.values.iter().cloned());
        Ok(match method {
            "values" => Value::from(self.values.clone()),
            "keys" => pairs().map(|(name, _)| name).collect(),
            "items" => pairs().map(|(name, value)| Value::from(vec![name, value])).collect(),
            "dict" => values::dict(pairs().collect()),
            "get" => {
                let found = args.first().and_then(|it| self.get_value(it));
                found.or_else(|| args.get(1).cloned()).unwrap_or(Value::from(()))
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }
}

/// One column of a result with its values.
#[derive(Debug)]
struct ResultColumn {
    name: String,
    data_type: String,
    values: Vec<Value>,
}

impl Object for ResultColumn {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str() {
            Some("name") => Some(Value::from(self.name.as_str())),
            Some("data_type") => Some(Value::from(self.data_type.as_str())),
            Some(_) => None,
            None => self.values.get(key.as_usize()?).cloned(),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.values.len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        let mut values = self.values.clone();
        match method {
            "values" => {}
            "values_distinct" => {
                let mut distinct = Vec::new();
                for value in values {
                    if !distinct.contains(&value) {
                        distinct.push(value);
                    }
                }
                values = distinct;
            }
            "values_sorted" => values.sort(),
            "values_without_nulls" => values.retain(|it| !it.is_none()),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(Value::from(values))
    }
}
