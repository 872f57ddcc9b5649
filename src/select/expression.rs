//! What a selector says, taken apart: words that are joined by 'or', of criteria that are joined by 'and'.
//! Made by the parser only, so that every criterion has a method and a value that the method can work with.

use std::fmt;

use crate::diagnostics::Span;
use crate::select::methods::{Method, Wanted};

/// A whole selector: a node fits when it fits any word.
#[derive(Debug, Clone)]
pub struct Expression {
    pub(super) words: Vec<Word>,
}

/// Criteria without a space between them: a node fits when it fits all.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) criteria: Vec<Criterion>,
    pub(super) span: Span,
}

/// One `method:value` with its graph operators.
#[derive(Debug, Clone)]
pub(super) struct Criterion {
    pub(super) method: &'static dyn Method,
    /// What follows the method's name: `materialized` in `config.materialized:table`.
    pub(super) arguments: Vec<String>,
    pub(super) value: String,
    pub(super) relatives: Relatives,
    pub(super) span: Span,
}

/// The relatives that are taken along.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Relatives {
    /// `@`: descendants, and all ancestors of these.
    pub(super) whole_family: bool,
    /// `+` before.
    pub(super) ancestors: Option<Depth>,
    /// `+` behind.
    pub(super) descendants: Option<Depth>,
}

/// How far a `+` reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// To the end.
    All,
    /// So many steps.
    Steps(usize),
}

impl Expression {
    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

impl Criterion {
    /// What its method is to look for.
    pub(super) fn wanted(&self) -> Wanted<'_> {
        Wanted { arguments: &self.arguments, value: &self.value }
    }
}

/// The selector with every method spelt out: `+fqn:a tag:b,path:models/c`.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.words.iter().map(Word::to_string).collect();
        f.write_str(&words.join(" "))
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let criteria: Vec<String> = self.criteria.iter().map(Criterion::to_string).collect();
        f.write_str(&criteria.join(","))
    }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = |depth: Depth| match depth {
            Depth::All => String::new(),
            Depth::Steps(steps) => steps.to_string(),
        };
        if self.relatives.whole_family {
            f.write_str("@")?;
        }
        if let Some(depth) = self.relatives.ancestors {
            write!(f, "{}+", steps(depth))?;
        }
        f.write_str(self.method.name())?;
        for argument in &self.arguments {
            write!(f, ".{argument}")?;
        }
        write!(f, ":{}", self.value)?;
        match self.relatives.descendants {
            Some(depth) => write!(f, "+{}", steps(depth)),
            None => Ok(()),
        }
    }
}
