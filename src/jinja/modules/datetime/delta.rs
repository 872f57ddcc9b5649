//! `timedelta`: a duration of any sign, in microseconds.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use crate::jinja::values::{Arguments, failed};

/// Microseconds of a second.
pub(super) const SECOND: i128 = 1_000_000;
/// Microseconds of a day.
pub(super) const DAY: i128 = 86_400 * SECOND;

/// A duration in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delta(pub(super) i128);

impl Delta {
    /// A duration as a value; Python's range is 999999999 days.
    pub(super) fn value(microseconds: i128) -> Result<Value, Error> {
        if microseconds.div_euclid(DAY).abs() > 999_999_999 {
            return Err(failed("a timedelta has no more than 999999999 days"));
        }
        Ok(Value::from_object(Delta(microseconds)))
    }

    /// `timedelta(days, seconds, …)`.
    pub(super) fn from_arguments(arguments: &Arguments<'_>) -> Result<Value, Error> {
        const UNITS: [(&str, i128); 7] = [
            ("days", DAY),
            ("seconds", SECOND),
            ("microseconds", 1),
            ("milliseconds", 1000),
            ("minutes", 60 * SECOND),
            ("hours", 3600 * SECOND),
            ("weeks", 7 * DAY),
        ];
        let mut microseconds = 0_i128;
        for (at, (name, unit)) in UNITS.into_iter().enumerate() {
            let Some(value) = arguments.given(at, name) else { continue };
            microseconds += match value.as_i64() {
                Some(whole) if value.is_integer() => i128::from(whole) * unit,
                _ => {
                    let floating =
                        f64::try_from(value.clone()).map_err(|_| arguments.wrong(name, "a number", &value))?;
                    rounded(floating * unit as f64)?
                }
            };
        }
        Delta::value(microseconds)
    }

    pub(super) fn times(self, factor: &Value) -> Result<Option<Value>, Error> {
        if let Some(whole) = factor.as_i64().filter(|_| factor.is_integer()) {
            return self.0.checked_mul(i128::from(whole)).map(Delta::value).transpose();
        }
        match f64::try_from(factor.clone()) {
            Ok(floating) => Delta::value(rounded(self.0 as f64 * floating)?).map(Some),
            Err(_) => Ok(None),
        }
    }

    pub(super) fn divided(self, by: &Value, whole: bool) -> Result<Option<Value>, Error> {
        let by_zero = || failed("division by zero");
        if let Some(other) = by.downcast_object::<Delta>() {
            if other.0 == 0 {
                return Err(by_zero());
            }
            let quotient = self.0 as f64 / other.0 as f64;
            return Ok(Some(if whole { Value::from(floor(self.0, other.0)) } else { Value::from(quotient) }));
        }
        let Ok(divisor) = f64::try_from(by.clone()) else { return Ok(None) };
        if divisor == 0.0 {
            return Err(by_zero());
        }
        match by.as_i64().filter(|_| whole) {
            Some(divisor) => Delta::value(floor(self.0, i128::from(divisor))).map(Some),
            None => Delta::value(rounded(self.0 as f64 / divisor)?).map(Some),
        }
    }

    fn days(self) -> i128 {
        self.0.div_euclid(DAY)
    }

    fn seconds(self) -> i128 {
        self.0.rem_euclid(DAY) / SECOND
    }
}

fn floor(a: i128, b: i128) -> i128 {
    let quotient = a / b;
    if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
}

fn rounded(microseconds: f64) -> Result<i128, Error> {
    if !microseconds.is_finite() || microseconds.abs() > 1e21 {
        return Err(failed("a timedelta has no more than 999999999 days"));
    }
    Ok(microseconds.round_ties_even() as i128)
}

impl Object for Delta {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str()? {
            "days" => Value::from(self.days() as i64),
            "seconds" => Value::from(self.seconds() as i64),
            "microseconds" => Value::from(self.0.rem_euclid(SECOND) as i64),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.0 != 0
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.0.cmp(&other.downcast_ref::<Delta>()?.0))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        match method {
            "total_seconds" => Ok(Value::from(self.0 as f64 / SECOND as f64)),
            _ => Err(Error::new(ErrorKind::UnknownMethod, format!("a timedelta has no method `{method}`"))),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, seconds) = (self.days(), self.seconds());
        if days != 0 {
            write!(f, "{days} day{}, ", if days.abs() == 1 { "" } else { "s" })?;
        }
        write!(f, "{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        match self.0.rem_euclid(SECOND) {
            0 => Ok(()),
            microseconds => write!(f, ".{microseconds:06}"),
        }
    }
}
