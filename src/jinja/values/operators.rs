//! What operators mean for Python's values: sums of lists, texts with `%`, points in time, slices. The template
//! engine calculates with numbers and texts alone, so a translated template calls these instead.

use minijinja::value::{Rest, ValueKind};
use minijinja::{Environment, Error, Value};

use super::set::Set;
use super::{failed, format, list, repr, tuple};
use crate::jinja::modules;

/// No list or text that is multiplied gets longer.
const LONGEST: usize = 10_000_000;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function("__add", |a: Value, b: Value| add(&a, &b));
    environment.add_function("__sub", |a: Value, b: Value| subtract(&a, &b));
    environment.add_function("__mul", |a: Value, b: Value| multiply(&a, &b));
    environment.add_function("__div", |a: Value, b: Value| divide(&a, &b, "/"));
    environment.add_function("__floordiv", |a: Value, b: Value| divide(&a, &b, "//"));
    environment.add_function("__mod", |a: Value, b: Value| remainder(&a, &b));
    environment.add_function("__neg", |a: Value| multiply(&a, &Value::from(-1)));
    environment.add_function("__slice", slice);
    environment.add_function("__do", |_: Rest<Value>| Value::UNDEFINED);
}

/// Two numbers, as whole ones or as floating ones.
enum Numbers {
    Whole(i128, i128),
    Floating(f64, f64),
}

fn numbers(a: &Value, b: &Value) -> Option<Numbers> {
    let is_number = |it: &Value| matches!(it.kind(), ValueKind::Number | ValueKind::Bool);
    if !is_number(a) || !is_number(b) {
        return None;
    }
    let whole = |it: &Value| match it.kind() {
        ValueKind::Bool => Some(i128::from(it.is_true())),
        _ if it.is_integer() => i128::try_from(it.clone()).ok(),
        _ => None,
    };
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(Numbers::Whole(a, b)),
        _ => {
            let floating = |it: &Value| whole(it).map(|it| it as f64).or_else(|| f64::try_from(it.clone()).ok());
            Some(Numbers::Floating(floating(a)?, floating(b)?))
        }
    }
}

fn number(whole: i128) -> Value {
    i64::try_from(whole).map_or_else(|_| Value::from(whole), Value::from)
}

/// The words of Python's own error.
fn unsupported(sign: &str, a: &Value, b: &Value) -> Error {
    let undefined = |it: &Value| if it.is_undefined() { " (is a name misspelt or not set?)" } else { "" };
    failed(format!(
        "`{sign}` can't be used with {} and {}{}{}",
        described(a),
        described(b),
        undefined(a),
        if a.is_undefined() { "" } else { undefined(b) }
    ))
}

fn described(value: &Value) -> String {
    match value.kind() {
        ValueKind::Undefined => "an undefined value".to_owned(),
        ValueKind::Seq | ValueKind::Iterable => "a list".to_owned(),
        ValueKind::Map => "a dict".to_owned(),
        _ => repr(value),
    }
}

fn too_large(sign: &str, a: &Value, b: &Value) -> Error {
    failed(format!("{a} {sign} {b} is too large"))
}

fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

fn add(a: &Value, b: &Value) -> Result<Value, Error> {
    if let (Some(a), Some(b)) = (a.as_str(), b.as_str()) {
        return Ok(Value::from([a, b].concat()));
    }
    match numbers(a, b) {
        Some(Numbers::Whole(x, y)) => return x.checked_add(y).map(number).ok_or_else(|| too_large("+", a, b)),
        Some(Numbers::Floating(x, y)) => return Ok(Value::from(x + y)),
        None => {}
    }
    if is_list(a) && is_list(b) && a.is_tuple() == b.is_tuple() {
        let items = a.try_iter()?.chain(b.try_iter()?).collect();
        return Ok(if a.is_tuple() { tuple(items) } else { list(items) });
    }
    modules::add(a, b)?.ok_or_else(|| unsupported("+", a, b))
}

fn subtract(a: &Value, b: &Value) -> Result<Value, Error> {
    match numbers(a, b) {
        Some(Numbers::Whole(x, y)) => return x.checked_sub(y).map(number).ok_or_else(|| too_large("-", a, b)),
        Some(Numbers::Floating(x, y)) => return Ok(Value::from(x - y)),
        None => {}
    }
    if let (Some(a), Some(b)) = (a.downcast_object_ref::<Set>(), b.downcast_object_ref::<Set>()) {
        return Ok(a.without(b));
    }
    modules::subtract(a, b)?.ok_or_else(|| unsupported("-", a, b))
}

fn multiply(a: &Value, b: &Value) -> Result<Value, Error> {
    match numbers(a, b) {
        Some(Numbers::Whole(x, y)) => return x.checked_mul(y).map(number).ok_or_else(|| too_large("*", a, b)),
        Some(Numbers::Floating(x, y)) => return Ok(Value::from(x * y)),
        None => {}
    }
    let (repeated, times) = if a.is_number() { (b, a) } else { (a, b) };
    if let Some(times) = times.as_i64() {
        let times = usize::try_from(times).unwrap_or(0);
        let fits = |length: usize| length.checked_mul(times).is_some_and(|it| it <= LONGEST);
        if let Some(text) = repeated.as_str() {
            return if fits(text.len()) { Ok(Value::from(text.repeat(times))) } else { Err(too_large("*", a, b)) };
        }
        if is_list(repeated) {
            let items: Vec<Value> = repeated.try_iter()?.collect();
            if !fits(items.len()) {
                return Err(too_large("*", a, b));
            }
            let items = std::iter::repeat_n(items, times).flatten().collect();
            return Ok(if repeated.is_tuple() { tuple(items) } else { list(items) });
        }
    }
    modules::multiply(a, b)?.ok_or_else(|| unsupported("*", a, b))
}

fn divide(a: &Value, b: &Value, sign: &'static str) -> Result<Value, Error> {
    let by_zero = || failed("division by zero");
    match (numbers(a, b), sign) {
        (Some(Numbers::Whole(_, 0)), _) => Err(by_zero()),
        (Some(Numbers::Floating(_, 0.0)), _) => Err(by_zero()),
        (Some(Numbers::Whole(x, y)), "//") => {
            let quotient = x.checked_div_euclid(y).ok_or_else(|| too_large(sign, a, b))?;
            // Python rounds down; Euclid's remainder is never negative.
            Ok(number(if y < 0 && x.checked_rem_euclid(y) != Some(0) { quotient - 1 } else { quotient }))
        }
        (Some(Numbers::Floating(x, y)), "//") => Ok(Value::from((x / y).floor())),
        (Some(Numbers::Whole(x, y)), _) => Ok(Value::from(x as f64 / y as f64)),
        (Some(Numbers::Floating(x, y)), _) => Ok(Value::from(x / y)),
        (None, _) => modules::divide(a, b, sign == "//")?.ok_or_else(|| unsupported(sign, a, b)),
    }
}

fn remainder(a: &Value, b: &Value) -> Result<Value, Error> {
    if let Some(text) = a.as_str() {
        return format::printf(text, b).map(Value::from);
    }
    match numbers(a, b) {
        Some(Numbers::Whole(_, 0)) => Err(failed("division by zero")),
        Some(Numbers::Whole(x, y)) => {
            let rest = x.checked_rem(y).unwrap_or(0);
            Ok(number(if rest != 0 && (rest < 0) != (y < 0) { rest + y } else { rest }))
        }
        Some(Numbers::Floating(_, 0.0)) => Err(failed("division by zero")),
        Some(Numbers::Floating(x, y)) => Ok(Value::from(x - y * (x / y).floor())),
        None => Err(unsupported("%", a, b)),
    }
}

/// `value[start:stop:step]`, eager, with Python's meaning of negative numbers.
fn slice(value: Value, start: Value, stop: Value, step: Option<Value>) -> Result<Value, Error> {
    let whole = |it: Option<&Value>| match it {
        Some(it) if !it.is_none() && !it.is_undefined() => {
            it.as_i64().map(Some).ok_or_else(|| failed("a slice goes from whole number to whole number"))
        }
        _ => Ok(None),
    };
    let step = whole(step.as_ref())?.unwrap_or(1);
    let (start, stop) = (whole(Some(&start))?, whole(Some(&stop))?);
    if step == 0 {
        return Err(failed("the step of a slice can't be 0"));
    }
    if value.is_undefined() {
        return Ok(value);
    }
    let pick = |length: usize| positions(length, start, stop, step);
    if let Some(text) = value.as_str() {
        let characters: Vec<char> = text.chars().collect();
        return Ok(Value::from(pick(characters.len()).filter_map(|it| characters.get(it)).collect::<String>()));
    }
    if !is_list(&value) {
        return Err(failed(format!("{} can't be sliced", described(&value))));
    }
    let items: Vec<Value> = value.try_iter()?.collect();
    let picked = pick(items.len()).filter_map(|it| items.get(it).cloned()).collect();
    Ok(if value.is_tuple() { tuple(picked) } else { list(picked) })
}

/// The positions that a slice of so many items means.
fn positions(length: usize, start: Option<i64>, stop: Option<i64>, step: i64) -> impl Iterator<Item = usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let (lowest, highest) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let bound = |it: i64| if it < 0 { it.saturating_add(length).max(lowest) } else { it.min(highest) };
    let (first, last) = if step > 0 { (0, length) } else { (length - 1, -1) };
    let (start, stop) = (start.map_or(first, bound), stop.map_or(last, bound));
    std::iter::successors(Some(start), move |it| it.checked_add(step))
        .take_while(move |it| if step > 0 { *it < stop } else { *it > stop })
        .filter_map(|it| usize::try_from(it).ok())
}
