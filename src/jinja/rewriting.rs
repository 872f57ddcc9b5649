//! Small changes to a template before it is compiled, and the way back from its offsets to the user's.

use std::borrow::Cow;
use std::ops::Range;

/// A part of a text and what takes its place.
pub(super) type Change = (Range<usize>, Cow<'static, str>);

/// Replacements, and the offsets behind each: in the changed text, and in the original.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(Vec<(usize, usize)>);

impl Places {
    /// An offset in the changed text as one in the original.
    pub(super) fn original(&self, offset: usize) -> usize {
        match self.0.iter().rev().find(|(at, _)| *at <= offset) {
            Some((at, original)) => original + offset - at,
            None => offset,
        }
    }
}

/// Applies changes that don't overlap. Those at one place keep their order.
pub(super) fn apply(text: &str, mut changes: Vec<Change>) -> (String, Places) {
    changes.sort_by_key(|(range, _)| range.start);
    let (mut changed, mut places, mut done) = (String::with_capacity(text.len()), Vec::new(), 0);
    for (range, replacement) in changes {
        changed.push_str(&text[done..range.start]);
        changed.push_str(&replacement);
        places.push((changed.len(), range.end));
        done = range.end;
    }
    changed.push_str(&text[done..]);
    (changed, Places(places))
}
