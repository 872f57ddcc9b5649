//! A trace for people: one line for each edge, the nearest first.

use crate::artifacts::Trace;
use crate::lineage::{ColumnRef, Direction, Relation, Target};

impl Trace {
    /// A table for each direction.
    pub fn to_table(&self) -> String {
        let tables: Vec<String> = self.ways.iter().map(|(direction, _)| self.table(*direction)).collect();
        tables.join("\n")
    }

    fn table(&self, direction: Direction) -> String {
        let mut lines = self.lines(direction);
        let (head, none) = match direction {
            Direction::Upstream => (["COLUMN", "KIND", "FROM"], "comes from no other column"),
            Direction::Downstream => (["COLUMN", "KIND", "INTO"], "is read by nothing"),
        };
        if lines.is_empty() {
            return match self.starts.as_slice() {
                [one] => format!("{} {none}\n", self.column_name(one)),
                several => {
                    several.first().map(|it| format!("{} {none}\n", self.name(&it.relation))).unwrap_or_default()
                }
            };
        }
        lines.insert(0, head.map(str::to_owned));
        let width = |at: usize| lines.iter().map(|it| it[at].chars().count()).max().unwrap_or_default();
        let (first, second) = (width(0), width(1));
        let padded = |[a, b, c]: &[String; 3]| format!("{a:first$}  {b:second$}  {c}").trim_end().to_owned() + "\n";
        lines.iter().map(padded).collect()
    }

    /// All edges of one relation together, in the order in which they were met, those of its rows last.
    fn lines(&self, direction: Direction) -> Vec<[String; 3]> {
        let steps = self.ways.iter().filter(|(it, _)| *it == direction).flat_map(|(_, steps)| steps);
        let mut relations: Vec<&Relation> = Vec::new();
        let mut columns: Vec<&ColumnRef> = self.starts.iter().collect();
        let mut lines = Vec::new();
        let mut add = |relation, column: Option<_>, line| {
            let place = position(&mut relations, relation);
            lines.push((place, column.map_or(usize::MAX, |it| position(&mut columns, it)), line));
        };
        if direction == Direction::Upstream {
            for (column, made) in &self.made {
                for what in made {
                    let line = [self.column_name(column), (*what).to_owned(), String::new()];
                    add(&column.relation, Some(column), line);
                }
            }
        }
        for step in steps {
            let (relation, column, to) = match &step.to {
                Target::Column(to) => (&to.relation, Some(to), self.column_name(to)),
                Target::Rows(relation) => (relation, None, format!("{} (rows)", self.name(relation))),
            };
            let (from, kind) = (self.column_name(&step.edge.from), step.edge.kind.as_str().to_owned());
            match direction {
                Direction::Upstream => add(relation, column, [to, kind, from]),
                Direction::Downstream => add(&step.edge.from.relation, Some(&step.edge.from), [from, kind, to]),
            }
        }
        lines.sort_by_key(|(relation, column, _)| (*relation, *column));
        lines.into_iter().map(|(_, _, line)| line).collect()
    }
}

/// Where something stands in the order in which things were met.
fn position<'a, T: PartialEq>(met: &mut Vec<&'a T>, it: &'a T) -> usize {
    met.iter().position(|known| *known == it).unwrap_or_else(|| {
        met.push(it);
        met.len() - 1
    })
}
