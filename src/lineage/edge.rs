//! One step from a column to one that it comes from, and in what manner.

use std::fmt;

use crate::parse::NodeId;

/// In what manner a column comes from another one.
///
/// The first five are direct: values go from one to the other. The rest are indirect: the origin decides which rows or
/// which values there are, and its own values go nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The same value under the same name.
    Copy,
    /// The same value under another name.
    Rename,
    /// A value computed from that of the same row.
    Transform,
    /// A value computed from those of several rows that become one.
    Aggregate,
    /// A value computed from those of several rows, for each of them.
    Window,
    /// Decides which of several values it is: the condition of a `case`.
    Condition,
    /// Decides which rows count: `where`, `having`, `qualify`, and the `filter` of an aggregate.
    Filter,
    /// Decides which rows belong together: `group by`, `distinct`, `union` without `all`.
    Group,
    /// Decides which rows of two relations belong together.
    Join,
    /// In the `partition by` or the `order by` of a window function.
    Over,
    /// Decides the order of rows, for the whole or within an aggregate.
    Sort,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 11] = [
        Kind::Copy,
        Kind::Rename,
        Kind::Transform,
        Kind::Aggregate,
        Kind::Window,
        Kind::Condition,
        Kind::Filter,
        Kind::Group,
        Kind::Join,
        Kind::Over,
        Kind::Sort,
    ];

    /// Its name in reports and artifacts.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Copy => "copy",
            Kind::Rename => "rename",
            Kind::Transform => "transform",
            Kind::Aggregate => "aggregate",
            Kind::Window => "window",
            Kind::Condition => "condition",
            Kind::Filter => "filter",
            Kind::Group => "group",
            Kind::Join => "join",
            Kind::Over => "over",
            Kind::Sort => "sort",
        }
    }

    /// Whether values go from one column to the other.
    pub fn is_direct(self) -> bool {
        matches!(self, Kind::Copy | Kind::Rename | Kind::Transform | Kind::Aggregate | Kind::Window)
    }

    /// Whether values stay what they are.
    pub fn keeps_values(self) -> bool {
        matches!(self, Kind::Copy | Kind::Rename)
    }

    /// The manner of both steps together, where this one comes after another. What decides about a value decides about
    /// all that is made of it; of two ways of computing, the one with more rows counts.
    pub fn after(self, inner: Kind) -> Kind {
        let strength = |it: Kind| match it {
            Kind::Copy => 0,
            Kind::Rename => 1,
            Kind::Transform => 2,
            Kind::Window => 3,
            _ => 4,
        };
        match (self.is_direct(), inner.is_direct()) {
            (true, true) if strength(inner) > strength(self) => inner,
            (true, true) | (false, _) => self,
            (true, false) => inner,
        }
    }
}

/// What a column is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// A node of the project.
    Node(NodeId),
    /// A table or file that no node is of, by the name that the query gives it.
    Outside(String),
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Relation::Node(id) => id.fmt(f),
            Relation::Outside(name) => f.write_str(name),
        }
    }
}

/// A column of a relation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnRef {
    /// Of what.
    pub relation: Relation,
    /// Its name.
    pub column: String,
}

impl ColumnRef {
    /// As it is compared: names of columns are the same in any case.
    pub(super) fn folded(&self) -> ColumnRef {
        ColumnRef { relation: self.relation.clone(), column: self.column.to_lowercase() }
    }
}

impl fmt::Display for ColumnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.relation, self.column)
    }
}

/// That a column comes from another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// The origin.
    pub from: ColumnRef,
    /// In what manner.
    pub kind: Kind,
}
