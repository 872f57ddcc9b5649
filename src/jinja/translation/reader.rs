//! A reader of one tag's tokens, and the changes that it has found so far.

use std::cell::OnceCell;
use std::ops::Range;

use super::tokens::{Kind, Token};
use crate::jinja::rewriting::Change;

/// Deeper nesting is left to the engine, which refuses it.
const DEEPEST: usize = 120;

/// Words of templates that calculate with time.
const TIMES: [&str; 4] = ["datetime", "timedelta", "run_started_at", "pytz"];

/// What an expression is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operand {
    Number,
    Text,
    /// `none`, `true`, `false`.
    Constant,
    /// A list, of nothing but constants or not.
    List {
        constant: bool,
    },
    /// A call, which alone the engine takes after `do` and `call`.
    Call,
    Other,
}

/// A reader of one tag's tokens.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a [Token],
    pub(super) at: usize,
    pub(super) changes: Vec<Change>,
    /// Whether the template has to do with points in time; found when an operator asks.
    times: &'a OnceCell<bool>,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a [Token], times: &'a OnceCell<bool>) -> Self {
        Reader { text, tokens, at: 0, changes: Vec::new(), times, depth: 0 }
    }

    /// Whether operands may be durations, which can be multiplied and divided.
    pub(super) fn times(&self) -> bool {
        *self.times.get_or_init(|| TIMES.iter().any(|it| self.text.contains(it)))
    }

    /// A token's text; empty behind the last one.
    pub(super) fn word(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).map_or("", |it| &self.text[it.range.clone()])
    }

    pub(super) fn is_name(&self, ahead: usize) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(|it| it.kind == Kind::Name)
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Goes past a word or sign, if it is the next one.
    pub(super) fn skip(&mut self, word: &str) -> bool {
        let found = self.word(0) == word;
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, word: &str) -> Option<()> {
        self.skip(word).then_some(())
    }

    /// Goes past a name.
    pub(super) fn name(&mut self) -> Option<Range<usize>> {
        let token = self.tokens.get(self.at).filter(|it| it.kind == Kind::Name)?;
        self.at += 1;
        Some(token.range.clone())
    }

    /// Where the next token begins.
    pub(super) fn start(&self) -> usize {
        self.tokens.get(self.at).map_or_else(|| self.end(), |it| it.range.start)
    }

    /// Where the last token ended.
    pub(super) fn end(&self) -> usize {
        self.at.checked_sub(1).and_then(|it| self.tokens.get(it)).map_or(0, |it| it.range.end)
    }

    /// The next token's place.
    pub(super) fn range(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(0..0, |it| it.range.clone())
    }

    pub(super) fn insert(&mut self, mark: usize, at: usize, text: &'static str) {
        self.changes.insert(mark, (at..at, text.into()));
    }

    pub(super) fn push(&mut self, range: Range<usize>, text: &'static str) {
        self.changes.push((range, text.into()));
    }

    /// Reads what is nested, unless it is nested too deeply.
    pub(super) fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Option<Operand>) -> Option<Operand> {
        if self.depth >= DEEPEST {
            return None;
        }
        self.depth += 1;
        let found = read(self);
        self.depth -= 1;
        found
    }
}
