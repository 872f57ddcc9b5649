//! What is watched: what each kind of monitor asks, and what it makes of the answers. Pure: knows configuration, numbers
//! and how SQL is written; knows neither the engine nor where answers come from.
//! To add a kind: a file in `kinds`, and its line in the list there.

mod answers;
mod checks;
mod fields;
mod history;
mod kinds;
mod shown;
mod statistics;
#[cfg(test)]
mod tests;
mod windows;

pub use answers::{Answer, Around, Asked, MustBe, Piece, Question, TestEnd, TestSelection, ValueType};
pub use checks::{Check, MonitorResult, Severity, Status};
pub use history::{HISTORY, Past};
pub use kinds::Watch;

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, closest};
use crate::monitors::fields::Fields;
use crate::project::MonitorProperties;

/// One thing to watch, as the project defines it.
#[derive(Debug, Clone)]
pub struct Monitor {
    /// What a failure means.
    pub severity: Severity,
    /// The name of its kind.
    pub kind: &'static str,
    /// What it asks and how it judges.
    pub watch: Arc<dyn Watch>,
}

/// Reads one monitor; nothing where it can't be used, which is reported.
pub fn read(properties: &MonitorProperties, found: &mut Diagnostics) -> Option<Monitor> {
    let name = &properties.name;
    let severity = match &properties.severity {
        None => Severity::Critical,
        Some(text) => match Severity::ALL.into_iter().find(|it| it.as_str() == text.value.to_ascii_lowercase()) {
            Some(severity) => severity,
            None => {
                found.push(
                    Diagnostic::error(
                        Code::WrongValue,
                        format!(
                            "`severity` of monitor `{}` must be `critical` or `warn`, but is `{}`",
                            name.value, text.value
                        ),
                    )
                    .at(text.span.clone()),
                );
                Severity::Critical
            }
        },
    };
    let known = || kinds::ALL.iter().map(|it| it.name());
    let mut of_kind = None;
    for (key, entries) in &properties.kinds {
        let Some(kind) = kinds::ALL.iter().find(|it| it.name() == key.value) else {
            let own = ["config", "description", "enabled", "meta", "severity", "tags"];
            found.push(
                Diagnostic::error(Code::UnknownKey, format!("there is no kind of monitor `{}`", key.value))
                    .at(key.span.clone())
                    .help_if(closest(&key.value, known().chain(own)), |it| format!("did you mean `{it}`?"))
                    .note(format!("there are {}", known().collect::<Vec<_>>().join(", "))),
            );
            return None;
        };
        if of_kind.is_some() {
            found.push(
                Diagnostic::error(Code::WrongValue, format!("monitor `{}` is of two kinds", name.value))
                    .at(key.span.clone())
                    .help("make two monitors of it"),
            );
            return None;
        }
        of_kind = Some((kind, key, entries));
    }
    let Some((kind, key, entries)) = of_kind else {
        let kinds: Vec<String> = known().map(|it| format!("`{it}`")).collect();
        found.push(
            Diagnostic::error(Code::MissingKey, format!("monitor `{}` does not say what it watches", name.value))
                .at(name.span.clone())
                .help(format!("give it one of {}", kinds.join(", "))),
        );
        return None;
    };
    let Some(entries) = entries else {
        let words = format!("`{}` of monitor `{}` must be a mapping", key.value, name.value);
        found.push(Diagnostic::error(Code::WrongValue, words).at(key.span.clone()));
        return None;
    };
    let mut fields = Fields::new(&name.value, key, entries, kind.keys(), found);
    let watch = kind.read(&mut fields)?;
    Some(Monitor { severity, kind: kind.name(), watch })
}
