//! A point in time with the methods of Python's `datetime` that templates use.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

/// `run_started_at`.
#[derive(Debug)]
pub(in crate::jinja) struct Moment(pub(in crate::jinja) DateTime<Utc>);

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        match method {
            "strftime" => {
                let format = args.first().map(ToString::to_string).unwrap_or_default();
                let mut text = String::new();
                fmt::write(&mut text, format_args!("{}", self.0.format(&format)))
                    .map_err(|_| Error::new(ErrorKind::InvalidOperation, format!("bad time format `{format}`")))?;
                Ok(Value::from(text))
            }
            "isoformat" => Ok(Value::from(self.0.to_rfc3339_opts(SecondsFormat::Micros, false))),
            "timestamp" => Ok(Value::from(self.0.timestamp_micros() as f64 / 1e6)),
            "date" => Ok(Value::from(self.0.format("%Y-%m-%d").to_string())),
            "astimezone" | "replace" => Ok(Value::from_dyn_object(Arc::clone(self))),
            _ => Err(Error::new(ErrorKind::UnknownMethod, format!("a time has no method `{method}`"))),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d %H:%M:%S%.6f+00:00"))
    }
}
