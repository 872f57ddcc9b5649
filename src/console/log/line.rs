//! One line of the log, in dbt's two forms. Its shape is that of `EventMsg` in dbt's `dbt_common.events`.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::events::Level;

/// Something that happened, in dbt's words.
#[derive(Debug, Clone)]
pub(in crate::console) struct Line {
    pub(super) name: &'static str,
    pub(super) code: &'static str,
    pub(super) level: Level,
    pub(super) text: String,
    pub(super) data: Value,
    thread: String,
}

impl Line {
    /// A line of the thread that makes it. `(name, code)` are those of dbt's event.
    pub(super) fn new(event: (&'static str, &'static str), level: Level, text: impl Into<String>, data: Value) -> Line {
        let current = std::thread::current();
        let thread = current.name().filter(|it| *it != "main").unwrap_or("MainThread");
        Line { name: event.0, code: event.1, level, text: text.into(), data, thread: thread.to_owned() }
    }

    /// Whether it is what a command was asked for; it is printed even when only errors are.
    pub(super) fn is_result(&self) -> bool {
        self.name == "PrintEvent"
    }

    /// For machines.
    pub(super) fn json(&self, invocation_id: &str, now: DateTime<Utc>) -> Value {
        json!({
            "data": self.data,
            "info": {
                "category": "", "code": self.code, "extra": {}, "invocation_id": invocation_id,
                "level": level(self.level), "msg": self.text, "name": self.name, "pid": std::process::id(),
                "thread": self.thread, "ts": timestamp(now),
            },
        })
    }

    /// For people who look into the log file.
    pub(super) fn text(&self, now: DateTime<Utc>) -> String {
        let time = now.format("%H:%M:%S%.6f");
        format!("{time} [{:<5}] [{}]: {}", level(self.level), self.thread, self.text)
    }
}

/// `2026-11-21T09:54:20.279474Z`.
pub(super) fn timestamp(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warning => "warn",
        Level::Error => "error",
    }
}

/// `1 of 7 OK created sql view model main.a ..... [OK in 0.23s]`, filled up to dbt's 80 characters.
pub(super) fn dotted(position: (usize, usize), text: &str, status: &str, seconds: Option<f64>) -> String {
    let (index, total) = position;
    let text = format!("{index} of {total} {text} ");
    let time = seconds.map(|it| format!(" in {it:.2}s")).unwrap_or_default();
    format!("{text:.<80} [{status}{time}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_keys_that_dbt_writes() {
        // As dbt-core 1.11.16 wrote it; only the run's own values are put in.
        let theirs = concat!(
            r#"{"data":{"log_version":3,"version":"=1.11.16"},"info":{"category":"","code":"A001","extra":{},"#,
            r#""invocation_id":"374ce894-67bb-4009-bb73-e07244227525","level":"info","msg":"Running with dbt=1.11.16","#,
            r#""name":"MainReportVersion","pid":PID,"thread":"THREAD","ts":"2026-11-21T09:54:20.279474Z"}}"#,
        );
        let data = json!({"log_version": 3, "version": "=1.11.16"});
        let line = Line::new(("MainReportVersion", "A001"), Level::Info, "Running with dbt=1.11.16", data);
        let now: DateTime<Utc> = "2026-11-21T09:54:20.279474Z".parse().unwrap();
        let expected = theirs.replace("PID", &std::process::id().to_string()).replace("THREAD", &line.thread);
        assert_eq!(line.json("374ce894-67bb-4009-bb73-e07244227525", now).to_string(), expected);
        let text = line.text(now).replace(&line.thread, "MainThread");
        assert_eq!(text, "09:54:20.279474 [info ] [MainThread]: Running with dbt=1.11.16");
    }

    #[test]
    fn texts_are_as_wide_as_those_of_dbt() {
        assert_eq!(
            dotted((2, 7), "OK created sql view model main.stg_orders", "OK", Some(0.234)),
            "2 of 7 OK created sql view model main.stg_orders ............................... [OK in 0.23s]"
        );
    }
}
