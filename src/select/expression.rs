//! What a selector says, taken apart: criteria, and groups of them that are joined by 'or', 'and' and 'but not'.
//! Made by the parsers only, so that every criterion has a method and a value that the method can work with.

use std::fmt;

use crate::diagnostics::Span;
use crate::select::IndirectSelection;
use crate::select::methods::{Method, Wanted};

/// A whole selector.
#[derive(Debug, Clone)]
pub struct Expression {
    pub(super) root: Part,
}

/// One criterion, or several that are joined.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Criterion(Criterion),
    Group(Group),
}

/// Parts that are joined.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) combine: Combine,
    pub(super) parts: Vec<Part>,
    /// How tests that wait for their other nodes are taken: as the command line says where this says nothing.
    pub(super) mode: Option<IndirectSelection>,
    pub(super) span: Span,
}

/// How parts are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Combine {
    /// What fits any.
    Union,
    /// What fits all.
    Intersection,
    /// What fits the first and none of the others.
    Difference,
}

/// One `method:value` with its graph operators.
#[derive(Debug, Clone)]
pub(super) struct Criterion {
    pub(super) method: &'static dyn Method,
    /// What follows the method's name: `materialized` in `config.materialized:table`.
    pub(super) arguments: Vec<String>,
    pub(super) value: String,
    pub(super) relatives: Relatives,
    /// Which tests come along, where this criterion says so itself.
    pub(super) mode: Option<IndirectSelection>,
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
        matches!(&self.root, Part::Group(group) if group.parts.is_empty())
    }

    /// Whether some part of it uses the method of this name.
    pub fn uses(&self, method: &str) -> bool {
        self.root.uses(method)
    }
}

impl Part {
    fn uses(&self, method: &str) -> bool {
        match self {
            Part::Criterion(criterion) => criterion.method.name() == method,
            Part::Group(group) => group.parts.iter().any(|it| it.uses(method)),
        }
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
        self.root.fmt(f)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Criterion(criterion) => criterion.fmt(f),
            Part::Group(group) => {
                let parts: Vec<String> = group.parts.iter().map(Part::to_string).collect();
                f.write_str(&parts.join(match group.combine {
                    Combine::Union => " ",
                    Combine::Intersection => ",",
                    Combine::Difference => " but not ",
                }))
            }
        }
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
