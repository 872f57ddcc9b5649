//! `int` and `float`, which give a default for what is no number.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, Value};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter(
        "int",
        |value: Value, default: Option<Value>, base: Option<u32>, named: Kwargs| -> Result<Value, Error> {
            let default = default.or(named.get::<Option<Value>>("default")?).unwrap_or_else(|| Value::from(0));
            let base = base.or(named.get::<Option<u32>>("base")?).unwrap_or(10);
            named.assert_all_used()?;
            Ok(whole(&value, base).unwrap_or(default))
        },
    );
    environment.add_filter("float", |value: Value, default: Option<Value>, named: Kwargs| -> Result<Value, Error> {
        let default = default.or(named.get::<Option<Value>>("default")?).unwrap_or_else(|| Value::from(0.0));
        named.assert_all_used()?;
        Ok(floating(&value).map_or(default, Value::from))
    });
}

/// A value as a floating number, as Python's `float` reads it.
fn floating(value: &Value) -> Option<f64> {
    match value.kind() {
        ValueKind::Bool => Some(f64::from(u8::from(value.is_true()))),
        ValueKind::Number => f64::try_from(value.clone()).ok().or_else(|| value.to_string().parse().ok()),
        ValueKind::String => value.as_str()?.trim().replace('_', "").parse().ok(),
        _ => None,
    }
}

fn whole(value: &Value, base: u32) -> Option<Value> {
    match value.kind() {
        ValueKind::Number if value.is_integer() => return Some(value.clone()),
        ValueKind::String => {
            let text = value.as_str()?.trim().replace('_', "");
            let (sign, digits) = text.strip_prefix('-').map_or((1, text.trim_start_matches('+')), |it| (-1, it));
            let prefix = match base {
                2 => "0b",
                8 => "0o",
                16 => "0x",
                _ => "",
            };
            let lower = digits.to_ascii_lowercase();
            let digits = lower.strip_prefix(prefix).unwrap_or(&lower);
            if (2..=36).contains(&base)
                && let Ok(number) = i128::from_str_radix(digits, base)
            {
                return Some(small(sign * number));
            }
        }
        _ => {}
    }
    let number = floating(value)?.trunc();
    (number.abs() < 1e38).then(|| small(number as i128))
}

fn small(number: i128) -> Value {
    i64::try_from(number).map_or_else(|_| Value::from(number), Value::from)
}
