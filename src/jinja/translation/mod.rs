//! From Jinja2's language, as dbt has it, to the template engine's: small changes to the text, each at its place.
//!
//! The engine reads most of what Jinja2 reads. Where it doesn't (a colon behind `if`, `varargs`, lists that change,
//! arithmetic with points in time), the tag is written otherwise. A tag that is not understood stays as it is, so that
//! the engine says what is wrong with it.

mod definitions;
mod expressions;
mod reader;
mod tags;
mod tokens;

pub(super) use definitions::Definition;

use std::cell::OnceCell;

use super::rewriting::Change;
use reader::Reader;
use tags::Effect;
use tokens::Kind;

/// What a template becomes.
#[derive(Debug, Default)]
pub(super) struct Translation {
    pub(super) changes: Vec<Change>,
    /// The macros that it defines, in order.
    pub(super) definitions: Vec<Definition>,
}

/// Reads a template.
pub(super) fn translate(text: &str) -> Translation {
    let mut translation = Translation::default();
    // Definitions that are open, innermost last.
    let mut open: Vec<usize> = Vec::new();
    let times = OnceCell::new();
    let mut at = 0;
    while let Some(start) = text[at..].find('{').map(|it| at + it) {
        let marker = match text.as_bytes().get(start + 1) {
            Some(b'#') => {
                at = text[start..].find("#}").map_or(text.len(), |it| start + it + 2);
                continue;
            }
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            _ => {
                at = start + 1;
                continue;
            }
        };
        let signed = matches!(text.as_bytes().get(start + 2), Some(b'-' | b'+'));
        let Some(tag) = tokens::tag(text, start + 2 + usize::from(signed), marker) else { break };
        at = tag.behind;
        let first = tag.tokens.first().map_or("", |it| &text[it.range.clone()]);
        if marker == "%}" && first == "raw" {
            at = behind_raw(text, at);
            continue;
        }
        let mut reader = Reader::new(text, &tag.tokens, &times);
        let effect =
            if marker == "}}" { tags::output(&mut reader).map(|()| Effect::None) } else { tags::block(&mut reader) };
        if effect.is_some() {
            translation.changes.append(&mut reader.changes);
        }
        match effect {
            Some(Effect::Opens(definition)) => {
                open.push(translation.definitions.len());
                translation.definitions.push(*definition);
            }
            Some(Effect::Closes) => {
                let closed = open.pop().and_then(|it| translation.definitions.get(it));
                translation.changes.extend(closed.and_then(Definition::hidden_parameters));
            }
            Some(Effect::None) | None => {
                if let Some(definition) = open.last().and_then(|it| translation.definitions.get_mut(*it)) {
                    for token in tag.tokens.iter().filter(|it| it.kind == Kind::Name) {
                        definition.sees(&text[token.range.clone()]);
                    }
                }
            }
        }
    }
    translation
}

/// The offset behind `{% endraw %}`.
fn behind_raw(text: &str, start: usize) -> usize {
    let mut at = start;
    while let Some(found) = text[at..].find("{%").map(|it| at + it) {
        let inside = text[found + 2..].trim_start_matches(['-', '+']).trim_start();
        if inside.starts_with("endraw") {
            return text[found..].find("%}").map_or(text.len(), |it| found + it + 2);
        }
        at = found + 2;
    }
    text.len()
}

#[cfg(test)]
mod tests;
