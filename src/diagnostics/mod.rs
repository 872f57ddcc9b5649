//! What is wrong, where, and what to do about it.
//! Holds source texts, spans, stable codes and the renderers; knows nothing of projects or SQL.

mod code;
mod render;
mod span;

pub use code::Code;
pub use render::{render_github, render_json, render_terminal};
pub use span::{SourceText, Span};

/// How much a [`Diagnostic`] weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The user should look; work goes on.
    Warning,
    /// Nothing is run while one of these stands.
    Error,
}

impl Severity {
    /// The word that people and machines read: `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One finding about the user's project.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Stable code with its own section in `docs/diagnostics.md`.
    pub code: Code,
    /// One sentence: lower case, no final dot, names in backticks.
    pub message: String,
    /// The place in the user's own file, where there is one.
    pub place: Option<Span>,
    /// Further places that explain the first one, each with a label.
    pub related: Vec<(Span, String)>,
    /// Facts that help to understand.
    pub notes: Vec<String>,
    /// What to do next.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A finding that stops the run.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// A finding that doesn't.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    fn new(severity: Severity, code: Code, message: impl Into<String>) -> Self {
        Diagnostic {
            severity,
            code,
            message: message.into(),
            place: None,
            related: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Points at a place in a file.
    pub fn at(mut self, span: Span) -> Self {
        self.place = Some(span);
        self
    }

    /// Points at a place, where one is known.
    pub fn at_if(mut self, span: Option<Span>) -> Self {
        self.place = span.or(self.place);
        self
    }

    /// Adds a second place with its own label.
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// Adds a fact.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds a fact, where there is one.
    pub fn note_if(mut self, note: Option<String>) -> Self {
        self.notes.extend(note);
        self
    }

    /// Adds a way out.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds a way out built from `value`, where there is one.
    pub fn help_if<T>(self, value: Option<T>, make: impl FnOnce(T) -> String) -> Self {
        match value {
            Some(value) => self.help(make(value)),
            None => self,
        }
    }

    /// Message, place and ways out on one line, for logs.
    pub fn one_line(&self) -> String {
        let place = self.place.as_ref().map(|span| format!("{span}: ")).unwrap_or_default();
        let help = self.help.first().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{place}{}{help}", self.message)
    }
}

/// Everything found so far, in the order of finding.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
}

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Adds all of another collection.
    pub fn extend(&mut self, other: Diagnostics) {
        self.found.extend(other.found);
    }

    /// Whether anything found stops the run.
    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.found.iter().filter(|it| it.severity == Severity::Error).count()
    }

    /// How many warnings there are.
    pub fn warnings(&self) -> usize {
        self.found.len() - self.errors()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The findings, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter()
    }

    /// Sorts by file and place and drops repetitions, so that the same project always prints the same text.
    pub fn sorted(mut self) -> Self {
        let key = |it: &Diagnostic| {
            let place = it.place.as_ref().map(|span| (span.source.path.clone(), span.range.start));
            (std::cmp::Reverse(it.severity), place, it.message.clone())
        };
        self.found.sort_by_key(key);
        self.found.dedup_by(|a, b| key(a) == key(b) && a.code == b.code);
        self
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        Diagnostics { found: vec![one] }
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(iter: I) -> Self {
        Diagnostics { found: iter.into_iter().collect() }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.found.into_iter()
    }
}

/// The candidate that `typed` most likely meant, if any comes close.
///
/// Damerau–Levenshtein distance of at most a third of the length, as rustc and cargo do.
pub fn closest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lowered = typed.to_lowercase();
    let limit = (typed.chars().count().max(3)) / 3;
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lowered, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closest_takes_a_near_name_and_no_far_one() {
        let names = ["int_sessions", "stg_events", "fct_funnel"];
        assert_eq!(closest("int_sesions", names), Some("int_sessions"));
        assert_eq!(closest("STG_EVENT", names), Some("stg_events"));
        assert_eq!(closest("customers", names), None);
    }
}
