//! Diagnostics as text: for a terminal, as JSON lines, as GitHub annotations.
//! All three say the same things.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{Diagnostic, Diagnostics, Severity, Span};

/// For people: message, the lines concerned, notes and help. Colour only when asked.
pub fn render_terminal(diagnostics: &Diagnostics, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    diagnostics.iter().map(|it| render_one(it, &renderer) + "\n").collect::<Vec<_>>().join("\n")
}

fn render_one(diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.as_str()).elements(
        diagnostic.place.iter().map(|span| snippet(span).annotation(AnnotationKind::Primary.span(visible(span)))),
    );
    for (span, label) in &diagnostic.related {
        group =
            group.element(snippet(span).annotation(AnnotationKind::Context.span(visible(span)).label(label.as_str())));
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

fn snippet<'a, T: Clone>(span: &'a Span) -> Snippet<'a, T> {
    Snippet::source(span.source.text.as_str()).path(span.source.path.as_str())
}

/// A span over many lines is shown by its first line: the place matters, not the extent.
fn visible(span: &Span) -> std::ops::Range<usize> {
    let first_line = span.text().split('\n').next().unwrap_or_default().trim_end();
    span.range.start..span.range.start + first_line.len()
}

/// For machines: one JSON object, its fields those of the human form.
pub fn render_json(diagnostics: &Diagnostics) -> serde_json::Value {
    let place = |span: &Span| {
        let (line, column) = span.line_column();
        let (end_line, end_column) = span.source.line_column(span.range.end);
        serde_json::json!({
            "path": span.source.path, "line": line, "column": column,
            "end_line": end_line, "end_column": end_column,
        })
    };
    let one = |it: &Diagnostic| {
        let related = it.related.iter().map(|(span, label)| {
            let mut value = place(span);
            value["label"] = label.as_str().into();
            value
        });
        serde_json::json!({
            "severity": it.severity.as_str(),
            "code": it.code.as_str(),
            "message": it.message,
            "place": it.place.as_ref().map(place),
            "related": related.collect::<Vec<_>>(),
            "notes": it.notes,
            "help": it.help,
        })
    };
    serde_json::json!({
        "errors": diagnostics.errors(),
        "warnings": diagnostics.warnings(),
        "diagnostics": diagnostics.iter().map(one).collect::<Vec<_>>(),
    })
}

/// For GitHub Actions: workflow commands that annotate a pull request's files.
pub fn render_github(diagnostics: &Diagnostics) -> String {
    // The escapes are those of the workflow-command format.
    let escape = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let mut out = String::new();
    for it in diagnostics.iter() {
        let place = it.place.as_ref().map_or(String::new(), |span| {
            let (line, column) = span.line_column();
            format!("file={},line={line},col={column},", span.source.path)
        });
        let mut message = it.message.clone();
        for (span, label) in &it.related {
            message.push_str(&format!("\n{label}: {span}"));
        }
        for extra in it.notes.iter().chain(&it.help) {
            message.push('\n');
            message.push_str(extra);
        }
        let command = it.severity.as_str();
        out.push_str(&format!("::{command} {place}title={}::{}\n", it.code.as_str(), escape(&message)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Code, SourceText};
    use super::*;

    fn sample() -> Diagnostics {
        let source = SourceText::new("models/a.sql", "select *\nfrom {{ ref('b') }}\n");
        let span = Span::new(&source, 21..22);
        [Diagnostic::error(Code::UnknownRef, "model `a` refers to unknown model `b`")
            .at(span)
            .help("did you mean `c`?")]
        .into_iter()
        .collect()
    }

    #[test]
    fn terminal_form_points_at_the_place() {
        let expected = "error[unknown-ref]: model `a` refers to unknown model `b`\n \
             --> models/a.sql:2:13\n  |\n2 | from {{ ref('b') }}\n  |             ^\n  |\n  = help: did you mean `c`?\n";
        assert_eq!(render_terminal(&sample(), false), expected);
    }

    #[test]
    fn github_form_is_one_workflow_command() {
        let expected = "::error file=models/a.sql,line=2,col=13,title=unknown-ref::model `a` refers to unknown model `b`%0Adid you mean `c`?\n";
        assert_eq!(render_github(&sample()), expected);
    }
}
