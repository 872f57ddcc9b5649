//! The keys of one monitor, read with their types; what is wrong is reported at its place.

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, closest};
use crate::freshness::Limit;
use crate::project::{Json, Located, MonitorEntry};

/// Nothing is compared with what was more than a century ago, in seconds.
const LONGEST: i64 = 36_525 * 86_400;

/// The keys of a monitor's kind.
pub(super) struct Fields<'a> {
    monitor: &'a str,
    kind: &'a Located<String>,
    entries: &'a [MonitorEntry],
    found: &'a mut Diagnostics,
}

impl<'a> Fields<'a> {
    /// The entries; those that mean nothing are warned of.
    pub(super) fn new(
        monitor: &'a str,
        kind: &'a Located<String>,
        entries: &'a [MonitorEntry],
        known: &[&str],
        found: &'a mut Diagnostics,
    ) -> Fields<'a> {
        for entry in entries.iter().filter(|it| !known.contains(&it.key.value.as_str())) {
            let key = &entry.key;
            found.push(
                Diagnostic::warning(
                    Code::UnknownKey,
                    format!("unknown key `{}` in `{}` of monitor `{monitor}`", key.value, kind.value),
                )
                .at(key.span.clone())
                .help_if(closest(&key.value, known.iter().copied()), |it| format!("did you mean `{it}`?")),
            );
        }
        Fields { monitor, kind, entries, found }
    }

    fn entry(&self, key: &str) -> Option<&'a MonitorEntry> {
        self.entries.iter().find(|it| it.key.value == key)
    }

    /// Where the kind is named.
    pub(super) fn place(&self) -> Span {
        self.kind.span.clone()
    }

    /// A value as it is.
    pub(super) fn value(&self, key: &str) -> Option<&'a Located<Json>> {
        self.entry(key).map(|it| &it.value)
    }

    /// Reports a value: `max` of monitor `x` must be a number.
    pub(super) fn wrong(&mut self, at: &Span, key: &str, what: &str, help: &str) {
        let words = format!("`{key}` of monitor `{}` {what}", self.monitor);
        self.found.push(
            Diagnostic::error(Code::WrongValue, words)
                .at(at.clone())
                .help_if((!help.is_empty()).then_some(help), str::to_owned),
        );
    }

    /// Reports a key that may not be there.
    pub(super) fn refuse_if_there(&mut self, key: &str, what: &str, help: &str) {
        if let Some(entry) = self.entry(key) {
            self.wrong(&entry.key.span, key, what, help);
        }
    }

    /// Reports that one of these keys must be there.
    pub(super) fn missing(&mut self, keys: &[&str], help: &str) {
        let keys: Vec<String> = keys.iter().map(|it| format!("`{it}`")).collect();
        let words = format!("`{}` of monitor `{}` has no {}", self.kind.value, self.monitor, keys.join(" and no "));
        self.found.push(Diagnostic::error(Code::MissingKey, words).at(self.kind.span.clone()).help(help));
    }

    /// Text; of other scalars, their text.
    pub(super) fn text(&mut self, key: &str) -> Option<Located<String>> {
        let value = self.value(key)?;
        let text = scalar(&value.value);
        if text.is_none() {
            self.wrong(&value.span, key, "must be a text", "");
        }
        Some(Located::new(text?, value.span.clone()))
    }

    /// Text that must be there.
    pub(super) fn required(&mut self, key: &str, help: &str) -> Option<Located<String>> {
        if self.entry(key).is_none() {
            self.missing(&[key], help);
        }
        self.text(key)
    }

    /// One text or a list of them.
    pub(super) fn texts(&mut self, key: &str) -> Vec<Located<String>> {
        let Some(entry) = self.entry(key) else { return Vec::new() };
        let one = std::slice::from_ref(&entry.value);
        let items = if entry.value.value.is_array() { entry.items.as_slice() } else { one };
        let mut texts = Vec::new();
        for item in items {
            match scalar(&item.value) {
                Some(text) => texts.push(Located::new(text, item.span.clone())),
                None => self.wrong(&item.span, key, "must be a text or a list of texts", ""),
            }
        }
        texts
    }

    /// A number.
    pub(super) fn number(&mut self, key: &str) -> Option<f64> {
        let value = self.value(key)?;
        let number = as_number(&value.value);
        if number.is_none() {
            self.wrong(&value.span, key, "must be a number", "");
        }
        number
    }

    /// A share: `0.05` or `5%`.
    pub(super) fn share(&mut self, key: &str) -> Option<f64> {
        let value = self.value(key)?;
        let of_percent = || Some(value.value.as_str()?.trim().strip_suffix('%')?.trim().parse::<f64>().ok()? / 100.0);
        let share = of_percent().or_else(|| as_number(&value.value)).filter(|it| (0.0..=1.0).contains(it));
        if share.is_none() {
            self.wrong(&value.span, key, "must be a share between 0 and 1", "write `0.05` or `5%`");
        }
        share
    }

    /// A whole number above 0.
    pub(super) fn count(&mut self, key: &str, most: u32) -> Option<u32> {
        let value = self.value(key)?;
        let whole = as_number(&value.value).filter(|it| it.fract() == 0.0 && *it >= 1.0 && *it <= f64::from(most));
        if whole.is_none() {
            self.wrong(&value.span, key, &format!("must be a whole number between 1 and {most}"), "");
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 1 and `most`")]
        whole.map(|it| it as u32)
    }

    /// Two numbers, the first not above the second.
    pub(super) fn range(&mut self, key: &str) -> Option<(f64, f64)> {
        let value = self.value(key)?;
        let numbers: Option<Vec<f64>> = value.value.as_array().and_then(|items| items.iter().map(as_number).collect());
        match numbers.as_deref() {
            Some([low, high]) if low <= high => Some((*low, *high)),
            _ => {
                self.wrong(&value.span, key, "must be two numbers, the smaller one first", "write `[0.5, 2]`");
                None
            }
        }
    }

    /// `{count: 1, period: day}`.
    pub(super) fn limit(&mut self, key: &str) -> Option<Limit> {
        let value = self.value(key)?;
        match Limit::read(key, Some(&value.value)) {
            Ok(Some(limit)) if (1..=LONGEST / limit.period.seconds()).contains(&limit.count) => Some(limit),
            Ok(_) => {
                self.wrong(
                    &value.span,
                    key,
                    "must be between a minute and a century",
                    "write `{count: 7, period: day}`",
                );
                None
            }
            Err(problem) => {
                let kind = format!("`{}` of monitor `{}` {problem}", self.kind.value, self.monitor);
                let problem = Diagnostic::error(Code::WrongValue, kind).at(value.span.clone());
                self.found.push(problem.help("write `{count: 7, period: day}`"));
                None
            }
        }
    }
}

fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn as_number(value: &Json) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|it: &f64| it.is_finite())
}
