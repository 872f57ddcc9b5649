//! From a number of failures to a verdict, by `severity`, `warn_if` and `error_if`.

use crate::diagnostics::{Code, Diagnostic, Span};
use crate::project::Config;

/// What a test found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing that matters.
    Pass,
    /// Something to look at.
    Warn,
    /// Something that must not be.
    Fail,
}

impl Verdict {
    /// What a test that passes not is configured to do, in dbt's words: `fail if != 0`.
    pub fn configured(self, config: &Config) -> String {
        let (word, key) = if self == Verdict::Fail { ("fail", "error_if") } else { ("warn", "warn_if") };
        format!("{word} if {}", config.text(key).unwrap_or("!= 0"))
    }
}

/// Judges as dbt does: severity `error` looks at `error_if` and then at `warn_if`, severity `warn` only at `warn_if`.
///
/// # Errors
/// A condition that can't be understood.
pub fn verdict(failures: i64, config: &Config, span: &Span) -> Result<Verdict, Diagnostic> {
    let holds = |key: &str| {
        let condition = config.text(key).unwrap_or("!= 0");
        evaluate(failures, condition).ok_or_else(|| {
            Diagnostic::error(
                Code::WrongValue,
                format!("`{key}` must be a comparison such as `> 10`, but is `{condition}`"),
            )
            .at(config.place(key).unwrap_or_else(|| span.clone()))
        })
    };
    let is_warning = config.text("severity").is_some_and(|it| it.eq_ignore_ascii_case("warn"));
    Ok(if !is_warning && holds("error_if")? {
        Verdict::Fail
    } else if holds("warn_if")? {
        Verdict::Warn
    } else {
        Verdict::Pass
    })
}

/// `!= 0`, `> 10`, `between 1 and 5`, `> 5 and < 100`.
fn evaluate(failures: i64, condition: &str) -> Option<bool> {
    let text = condition.trim().to_ascii_lowercase();
    if let Some(range) = text.strip_prefix("between ") {
        let (low, high) = range.split_once(" and ")?;
        return Some((number(low)?..=number(high)?).contains(&failures));
    }
    if let Some((left, right)) = text.split_once(" or ") {
        return Some(evaluate(failures, left)? | evaluate(failures, right)?);
    }
    if let Some((left, right)) = text.split_once(" and ") {
        return Some(evaluate(failures, left)? & evaluate(failures, right)?);
    }
    let digits = text.find(|c: char| c.is_ascii_digit() || c == '-')?;
    let value = number(&text[digits..])?;
    match text[..digits].trim() {
        "=" | "==" => Some(failures == value),
        "!=" | "<>" => Some(failures != value),
        ">" => Some(failures > value),
        ">=" => Some(failures >= value),
        "<" => Some(failures < value),
        "<=" => Some(failures <= value),
        _ => None,
    }
}

fn number(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::SourceText;
    use crate::project::Json;

    fn check(failures: i64, settings: &[(&str, &str)], expected: Option<Verdict>) {
        let mut config = Config::default();
        for (key, value) in settings {
            config.set(key, Json::from(*value), None);
        }
        let span = Span::file(&SourceText::new("a.yml", ""));
        assert_eq!(verdict(failures, &config, &span).ok(), expected, "{failures} {settings:?}");
    }

    #[test]
    fn verdicts_as_in_dbt() {
        check(0, &[], Some(Verdict::Pass));
        check(1, &[], Some(Verdict::Fail));
        check(1, &[("severity", "warn")], Some(Verdict::Warn));
        check(1, &[("severity", "WARN"), ("error_if", ">0")], Some(Verdict::Warn));
        check(5, &[("error_if", "> 10")], Some(Verdict::Warn));
        check(11, &[("error_if", ">10")], Some(Verdict::Fail));
        check(5, &[("error_if", "> 10"), ("warn_if", ">= 6")], Some(Verdict::Pass));
        check(3, &[("error_if", "between 2 and 4")], Some(Verdict::Fail));
        check(3, &[("error_if", "< 2 or > 4"), ("warn_if", "= 0")], Some(Verdict::Pass));
        check(3, &[("error_if", "lots")], None);
    }
}
