//! Template errors as diagnostics: the deepest place that the engine knows, in the user's own file.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::{Error, ErrorKind};

use crate::diagnostics::{Code, Diagnostic, SourceText, Span, closest};
use crate::jinja::Macros;
use crate::jinja::rewriting::Places;

/// An error that already knows its code and its way out; travels inside the engine's own error.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Problem {
    pub(super) fn error(code: Code, message: impl Into<String>, help: Option<String>) -> Error {
        let message = message.into();
        Error::new(ErrorKind::InvalidOperation, message.clone()).with_source(Problem { code, message, help })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// The chain of engine errors, outermost first, and our own problem at its end, if it is one.
fn chain(error: &Error) -> (Vec<&Error>, Option<&Problem>) {
    let mut errors = Vec::new();
    let mut current: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(it) = current {
        if let Some(problem) = it.downcast_ref::<Problem>() {
            return (errors, Some(problem));
        }
        errors.extend(it.downcast_ref::<Error>());
        current = it.source();
    }
    (errors, None)
}

/// What went wrong, at the deepest known place.
pub(super) fn explain(
    error: &Error,
    source: &Arc<SourceText>,
    sources: &BTreeMap<String, Arc<SourceText>>,
    macros: &Macros,
) -> Diagnostic {
    let (errors, problem) = chain(error);
    let deepest = errors.last().copied().unwrap_or(error);
    let places: Vec<Span> = errors.iter().filter_map(|it| place(it, source, sources, macros)).collect();
    let diagnostic = match problem {
        Some(problem) => {
            Diagnostic::error(problem.code, problem.message.as_str()).help_if(problem.help.as_ref(), Clone::clone)
        }
        None => describe(deepest, source, macros),
    };
    let diagnostic = match diagnostic.place {
        Some(_) => diagnostic,
        None => diagnostic.at_if(places.last().cloned().or_else(|| Some(Span::file(source)))),
    };
    // A macro's mistake is shown in the macro, and where the user's own file called it.
    match places.iter().find(|it| it.source.path == source.path) {
        Some(caller) if places.last().is_some_and(|it| it.source.path != source.path) => {
            diagnostic.related(caller.clone(), "called here")
        }
        _ => diagnostic,
    }
}

fn place(
    error: &Error,
    source: &Arc<SourceText>,
    sources: &BTreeMap<String, Arc<SourceText>>,
    macros: &Macros,
) -> Option<Span> {
    let name = error.name()?;
    if let (Some(file), Some(range)) = (macros.files().iter().find(|it| it.source.path == name), error.range()) {
        return Some(Span::new(&file.source, original(&file.places, &range, &file.source)));
    }
    let source = if name == source.path { source } else { sources.get(name)? };
    match (error.range(), error.line()) {
        (Some(range), _) => {
            let (_, places) = super::as_written(source);
            Some(Span::new(source, original(&places, &range, source)))
        }
        (None, Some(line)) => {
            let start = source.offset(line, 1);
            Some(Span::new(source, start..source.offset(line, usize::MAX)))
        }
        (None, None) => None,
    }
}

fn original(places: &Places, range: &std::ops::Range<usize>, source: &SourceText) -> std::ops::Range<usize> {
    let offset = |it: usize| places.original(it).min(source.text.len());
    offset(range.start)..offset(range.end)
}

fn describe(error: &Error, source: &Arc<SourceText>, macros: &Macros) -> Diagnostic {
    let detail = error.detail().unwrap_or_default();
    if let Some(name) = detail.split_once("(`").and_then(|(_, it)| it.strip_suffix("` is undefined)")) {
        return Diagnostic::error(Code::UnknownMacro, format!("there is no package or variable `{name}`"))
            .help("packages lie below `packages-install-path`; variables are set with `{% set %}` before their use");
    }
    if detail.contains("recursion limit") {
        return Diagnostic::error(Code::BadJinja, "macros call each other without end");
    }
    match error.kind() {
        ErrorKind::UnknownFunction => {
            let name = detail.split_whitespace().next().unwrap_or_default();
            let candidates = macros.names().chain(super::functions::NAMES.iter().copied());
            Diagnostic::error(Code::UnknownMacro, format!("there is no macro or function `{name}`"))
                .help_if(closest(name, candidates), |it| format!("did you mean `{it}`?"))
                .help_if(macros.names().next().is_none().then_some(()), |()| {
                    "this project defines no macros; are `macro-paths` right, and its packages installed?".to_owned()
                })
        }
        ErrorKind::SyntaxError if detail.starts_with("unexpected end of input") => match unclosed_block(source) {
            Some((place, word)) => Diagnostic::error(Code::BadJinja, format!("`{word}` is never closed"))
                .at(place)
                .help(format!("close it with `{{% end{word} %}}`")),
            None => Diagnostic::error(Code::BadJinja, format!("invalid Jinja: {detail}")),
        },
        ErrorKind::UnknownFilter => {
            let name = detail.strip_prefix("filter ").and_then(|it| it.strip_suffix(" is unknown"));
            Diagnostic::error(Code::BadJinja, format!("there is no filter `{}`", name.unwrap_or(detail)))
        }
        ErrorKind::SyntaxError => {
            let detail = detail.replace("end of variable block", "`}}`").replace("end of block", "`%}`");
            Diagnostic::error(Code::BadJinja, format!("invalid Jinja: {detail}"))
        }
        _ if detail.is_empty() => Diagnostic::error(Code::BadJinja, format!("Jinja failed: {}", error.kind())),
        _ => Diagnostic::error(Code::BadJinja, format!("Jinja failed: {}: {detail}", error.kind())),
    }
}

/// The innermost block that is open at the end of a text.
fn unclosed_block(source: &Arc<SourceText>) -> Option<(Span, &'static str)> {
    const BLOCKS: [&str; 9] = ["autoescape", "block", "call", "filter", "for", "if", "macro", "test", "with"];
    let mut open = Vec::new();
    for (at, _) in source.text.match_indices("{%") {
        let tag = source.text[at + 2..].trim_start_matches(['-', '+']).trim_start();
        let word = &tag[..tag.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(tag.len())];
        if let Some(opened) = BLOCKS.iter().find(|it| **it == word) {
            let end = source.text[at..].find("%}").map_or(source.text.len(), |it| at + it + 2);
            open.push((Span::new(source, at..end), *opened));
        } else if word.starts_with("end") {
            open.pop();
        }
    }
    open.pop()
}
