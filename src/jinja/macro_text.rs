//! From text that a call of macros produced back to the macro that it is written in.
//! Like [`SourceMap`], by comparing words, and only when there is an error to show.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::diagnostics::{SourceText, Span};
use crate::jinja::macros::tags;
use crate::jinja::{MacroDefinition, Macros, SourceMap};

/// Macros that call one another are followed so far.
const DEEPEST: usize = 8;

impl Macros {
    /// The place in a macro of a range of text that `call` produced, and the package of that macro. `package` is whose
    /// template calls. Nothing where the text is no macro's own: an argument of the call, for one.
    pub fn written_in(&self, call: &str, package: &str, produced: &str, range: Range<usize>) -> Option<(Span, &str)> {
        let mut seen = BTreeSet::new();
        let mut calls = vec![call.to_owned()];
        for _ in 0..DEEPEST {
            let mut further = Vec::new();
            for definition in calls.iter().flat_map(|it| self.named_in(it, package)).collect::<Vec<_>>() {
                if !seen.insert(definition.full_name()) {
                    continue;
                }
                let Some(body) = body(definition) else { continue };
                let source = &definition.span.source;
                let text = SourceText::new(source.path.as_str(), &source.text[body.clone()]);
                let traced = SourceMap::new(&text, produced).trace(range.clone());
                if traced.produced.is_none() && is_of_text(&traced.span) {
                    let found = body.start + traced.span.range.start..body.start + traced.span.range.end;
                    return Some((Span::new(source, found), &definition.package));
                }
                further.push(text);
            }
            calls = further.iter().map(|it| tags(&it.text).collect::<Vec<_>>().join(" ")).collect();
        }
        None
    }

    /// The macros whose names are words of a text.
    fn named_in(&self, text: &str, package: &str) -> Vec<&MacroDefinition> {
        let words = text.split(|it: char| !it.is_alphanumeric() && it != '_').filter(|it| !it.is_empty());
        words.filter_map(|it| self.find(it, package)).collect()
    }
}

/// What stands between a macro's opening and its end.
fn body(definition: &MacroDefinition) -> Option<Range<usize>> {
    let text = &definition.span.source.text;
    let start = definition.span.range.end + text[definition.span.range.end..].find("%}")? + 2;
    let closings = ["endmacro", "endtest"].iter().filter_map(|it| text[start..].find(it));
    let end = text[start..start + closings.min()?].rfind("{%")?;
    Some(start..start + end)
}

/// Whether a place is text that the macro prints, and not part of a tag.
fn is_of_text(span: &Span) -> bool {
    let before = &span.source.text[..span.range.start];
    let within = |open: &str, close: &str| before.rfind(open) > before.rfind(close);
    !span.text().trim().is_empty() && !within("{{", "}}") && !within("{%", "%}") && !within("{#", "#}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Diagnostics;

    fn check(files: &[(&str, &str)], call: &str, produced: &str, wanted: &str, expected: Option<&str>) {
        let mut macros = Macros::new();
        for (package, text) in files {
            macros.add_file(package, &SourceText::new("macros/a.sql", *text), &mut Diagnostics::new());
        }
        let start = produced.find(wanted).unwrap();
        let found = macros.written_in(call, "shop", produced, start..start + wanted.len());
        let found = found.map(|(span, package)| format!("{package}:{span} {}", span.text()));
        assert_eq!(found.as_deref(), expected);
    }

    const CENTS: &str = "{% macro cents(column) %}\n  {{ column }} / hundred as amount\n{% endmacro %}\n";

    #[test]
    fn text_of_a_macro_is_found_in_it() {
        let produced = "price / hundred as amount";
        check(&[("shop", CENTS)], "{{ cents('price') }}", produced, "hundred", Some("shop:macros/a.sql:2:18 hundred"));
        check(&[("shop", CENTS)], "{{ cents('price') }}", produced, "price", None);
        check(&[("shop", CENTS)], "{{ other() }}", produced, "hundred", None);
    }

    #[test]
    fn text_of_a_macro_that_a_macro_calls_is_found() {
        let outer = "{% macro both() %}{{ cents('a') }}, {{ cents('b') }}{% endmacro %}";
        let produced = "\n  a / hundred as amount\n, b";
        let found = Some("shop:macros/a.sql:2:18 hundred");
        check(&[("shop", CENTS), ("shop", outer)], "{{ both() }}", produced, "hundred", found);
    }
}
