//! The way back from rendered text to the template that it came from.
//!
//! The engine below sees rendered SQL; the user wrote a template. Both texts are cut into words and compared: what is
//! equal stands at a known place, and what a `{{ … }}` produced lies in the gap between two known places. Templates are
//! never changed for this, and the work is done only when there is an error to show.

use std::ops::Range;
use std::sync::Arc;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::diagnostics::{SourceText, Span};

/// Where a range of rendered text comes from.
pub struct Traced {
    /// The same text in the template, or the expression that produced it.
    pub span: Span,
    /// All that the expression produced, as a range of the rendered text; nothing for text that stands in the template.
    pub produced: Option<Range<usize>>,
}

/// A template and its rendering, aligned.
pub struct SourceMap<'a> {
    source: &'a Arc<SourceText>,
    rendered: &'a str,
}

impl<'a> SourceMap<'a> {
    /// Pairs a template with what it rendered to.
    pub fn new(source: &'a Arc<SourceText>, rendered: &'a str) -> Self {
        SourceMap { source, rendered }
    }

    /// The place in the template of a range of the rendered text.
    pub fn trace(&self, range: Range<usize>) -> Traced {
        let template = &self.source.text;
        if template.trim_end() == self.rendered.trim_end() {
            return Traced { span: Span::new(self.source, range), produced: None };
        }
        let (old, new) = (words(template), words(self.rendered));
        let old_text: Vec<&str> = old.iter().map(|it| &template[it.clone()]).collect();
        let new_text: Vec<&str> = new.iter().map(|it| &self.rendered[it.clone()]).collect();
        let wanted = new.partition_point(|it| it.end <= range.start).min(new.len().saturating_sub(1));
        for op in capture_diff_slices(Algorithm::Myers, &old_text, &new_text) {
            let DiffOp::Equal { old_index, new_index, len } = op else {
                if op.new_range().contains(&wanted) {
                    let from = old.get(op.old_range().start).map_or(template.len(), |it| it.start);
                    let gap = &new[op.new_range()];
                    let produced = gap.first().zip(gap.last()).map(|(first, last)| first.start..last.end);
                    return Traced { span: self.expression_near(from), produced };
                }
                continue;
            };
            if (new_index..new_index + len).contains(&wanted) {
                let word = &old[old_index + wanted - new_index];
                let within = range.start.saturating_sub(new[wanted].start);
                let length = range.len().min(word.len() - within.min(word.len()));
                let start = word.start + within;
                // A range over several words keeps its length where the template agrees with it.
                let whole = template.get(start..start + range.len());
                let agrees = whole.is_some() && whole == self.rendered.get(range.clone());
                let span = Span::new(self.source, start..start + if agrees { range.len() } else { length });
                return Traced { span, produced: None };
            }
        }
        Traced { span: Span::file(self.source), produced: None }
    }

    /// The `{{ … }}` or `{% … %}` that begins around a place.
    fn expression_near(&self, from: usize) -> Span {
        let text = &self.source.text;
        let line_start = text[..from].rfind('\n').map_or(0, |at| at + 1);
        let opened_before = text[line_start..from].rfind("{{").map(|at| line_start + at);
        let start =
            opened_before.or_else(|| text[from..].find("{{").map(|at| from + at)).unwrap_or(from.min(text.len()));
        let end = text[start..].find("}}").map_or(start + 1, |at| start + at + 2);
        Span::new(self.source, start..end)
    }
}

/// Ranges of words, runs of white space left out, every other character on its own.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        if c.is_alphanumeric() || c == '_' {
            start.get_or_insert(at);
            continue;
        }
        if let Some(start) = start.take() {
            found.push(start..at);
        }
        if !c.is_whitespace() {
            found.push(at..at + c.len_utf8());
        }
    }
    if let Some(start) = start {
        found.push(start..text.len());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, rendered: &str, wanted: &str, expected: &str) {
        let source = SourceText::new("a.sql", template);
        let start = rendered.find(wanted).unwrap();
        let span = SourceMap::new(&source, rendered).trace(start..start + wanted.len()).span;
        assert_eq!(span.text(), expected);
    }

    #[test]
    fn literal_text_is_found_behind_expressions() {
        check(
            "{{ config(x=1) }}\nselect a, b_typo from {{ ref('t') }} where c",
            "\nselect a, b_typo from \"t\" where c",
            "b_typo",
            "b_typo",
        );
    }

    #[test]
    fn produced_text_points_at_its_expression() {
        check("select {{ cols('a') }} from t", "select x, yy, z from t", "yy", "{{ cols('a') }}");
    }
}
