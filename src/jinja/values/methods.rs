//! Methods of values that are no objects of ours: texts, numbers, tuples, the engine's own lists and dicts.

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::arguments::Arguments;
use super::view::View;
use super::{dict, failed, format, list, repr, text};

/// The method of a value, or that there is none.
pub(super) fn method(state: &mut State<'_, '_>, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    let arguments = Arguments::new(name, args);
    let found = match value.kind() {
        ValueKind::String => match value.as_str() {
            Some(it) if name == "format" => Some(Value::from(format::braces(state, it, args)?)),
            Some(it) => text::method(it, &arguments)?,
            None => None,
        },
        ValueKind::Map => of_dict(value, &arguments)?,
        ValueKind::Seq | ValueKind::Iterable => of_list(value, &arguments)?,
        ValueKind::Number | ValueKind::Bool => of_number(value, &arguments),
        _ => None,
    };
    match found {
        Some(found) => Ok(found),
        None => minijinja_contrib::pycompat::unknown_method_callback(state, value, name, args),
    }
}

fn of_dict(value: &Value, arguments: &Arguments<'_>) -> Result<Option<Value>, Error> {
    let view = |name: &'static str, items: Vec<Value>| Some(Value::from_object(View { name, items }));
    let keys = || -> Result<Vec<Value>, Error> { Ok(value.try_iter()?.collect()) };
    Ok(match arguments.of {
        "get" => {
            let key = arguments.needed(0, "key")?;
            let found = value.as_object().and_then(|it| it.get_value(&key)).filter(|it| !it.is_undefined());
            Some(found.or_else(|| arguments.given(1, "default")).unwrap_or_else(|| Value::from(())))
        }
        "keys" => view("dict_keys", keys()?),
        "values" => {
            let values = keys()?.iter().map(|it| value.get_item(it)).collect::<Result<_, _>>()?;
            view("dict_values", values)
        }
        "items" => {
            let pair = |key: Value| Ok(super::tuple(vec![key.clone(), value.get_item(&key)?]));
            view("dict_items", keys()?.into_iter().map(pair).collect::<Result<_, Error>>()?)
        }
        "copy" => {
            let entry = |key: Value| Ok((key.clone(), value.get_item(&key)?));
            Some(dict(keys()?.into_iter().map(entry).collect::<Result<_, Error>>()?))
        }
        _ => None,
    })
}

fn of_list(value: &Value, arguments: &Arguments<'_>) -> Result<Option<Value>, Error> {
    Ok(match arguments.of {
        "count" => {
            let wanted = arguments.needed(0, "value")?;
            Some(Value::from(value.try_iter()?.filter(|it| *it == wanted).count()))
        }
        "index" => {
            let wanted = arguments.needed(0, "value")?;
            let start = usize::try_from(arguments.whole_or(1, "start", 0)?).unwrap_or(0);
            let found = value.try_iter()?.enumerate().skip(start).find(|(_, it)| *it == wanted);
            let (at, _) = found.ok_or_else(|| failed(format!("{} is not in the list", repr(&wanted))))?;
            Some(Value::from(at))
        }
        "copy" => Some(list(value.try_iter()?.collect())),
        _ => None,
    })
}

fn of_number(value: &Value, arguments: &Arguments<'_>) -> Option<Value> {
    let floating = f64::try_from(value.clone()).ok();
    Some(match arguments.of {
        "is_integer" => Value::from(floating?.fract() == 0.0),
        "bit_length" => {
            let whole = i128::try_from(value.clone()).ok()?;
            Value::from(i128::BITS - whole.unsigned_abs().leading_zeros())
        }
        "conjugate" => value.clone(),
        _ => return None,
    })
}
