//! `range(stop)`, `range(start, stop, step)`.

use minijinja::{Environment, Error, State, Value};

use super::arguments::Arguments;
use super::view::Range;
use super::{failed, function};

/// As many as Jinja2's sandbox allows.
const MOST: u64 = 100_000;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_global("range", function("range", range));
}

fn range(_: &mut State<'_, '_>, arguments: &Arguments<'_>) -> Result<Value, Error> {
    let first = arguments.whole(0, "start")?;
    let (start, stop) = match arguments.positional.len() {
        0 | 1 => (0, first),
        _ => (first, arguments.whole(1, "stop")?),
    };
    let step = arguments.whole_or(2, "step", 1)?;
    if step == 0 {
        return Err(failed("the step of a range can't be 0"));
    }
    let distance = if step > 0 { i128::from(stop) - i128::from(start) } else { i128::from(start) - i128::from(stop) };
    let step_size = i128::from(step.unsigned_abs());
    let length = if distance > 0 { (distance + step_size - 1) / step_size } else { 0 };
    if length > i128::from(MOST) {
        return Err(failed(format!("a range has no more than {MOST} items")));
    }
    let length = usize::try_from(length).unwrap_or(0);
    Ok(Value::from_object(Range { start, stop, step, length }))
}
