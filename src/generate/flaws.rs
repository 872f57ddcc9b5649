//! Broken rows, for those who try out what finds them: which rows of a run are broken, and how.
//! In: the share of them. Out: for each row in turn what is wrong with it, if anything; and a field made so.
//! Knows nothing of events or of files.

use super::chance::{Chance, Purpose};

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Its id is cut off.
    Id,
    /// Nobody knows whose it is.
    Client,
    /// Nothing has this name.
    Name,
    /// It happened at no time that there is.
    Time,
    /// Its page has no scheme.
    Page,
    /// Its data are no JSON.
    Data,
    /// It is no line of its kind: a field too many, or cut off.
    Line,
}

/// What lines of text can have.
pub(super) const OF_TEXT: &[Flaw] =
    &[Flaw::Id, Flaw::Client, Flaw::Name, Flaw::Time, Flaw::Page, Flaw::Data, Flaw::Line];

/// What typed columns can have.
pub(super) const OF_COLUMNS: &[Flaw] = &[Flaw::Id, Flaw::Client, Flaw::Name, Flaw::Page, Flaw::Data];

/// Which rows are broken: exactly the share that was asked for, spread evenly.
pub(super) struct Flaws {
    seed: u64,
    per_million: u32,
    row: u64,
    kinds: &'static [Flaw],
}

impl Flaws {
    pub(super) fn new(seed: u64, per_million: u32, kinds: &'static [Flaw]) -> Self {
        Self { seed, per_million, row: 0, kinds }
    }

    /// What is wrong with the next row.
    pub(super) fn next(&mut self) -> Option<Flaw> {
        let until = |row: u64| u128::from(row) * u128::from(self.per_million) / 1_000_000;
        let row = self.row;
        self.row += 1;
        let mut chance = (until(row + 1) > until(row))
            .then(|| Chance::new(self.seed, Purpose::Flaw, (row >> 32) as u32, row as u32))?;
        Some(self.kinds[chance.index(self.kinds.len())])
    }
}

impl Flaw {
    /// Breaks one field, if that is the one. Fields are counted as the columns are.
    pub(super) fn spoil(self, column: usize, field: &mut String) -> bool {
        match (self, column) {
            (Self::Id, 0) => field.truncate(13),
            (Self::Client, 1) => field.clear(),
            (Self::Name, 3) => field.push_str("_?"),
            (Self::Time, 4) => field.replace_range(5..7, "13"),
            (Self::Page, 5) => *field = field.replacen("https://", "", 1),
            (Self::Data, 8) => {
                field.pop();
                field.push_str("{,");
            }
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Flaw, Flaws, OF_TEXT};

    #[test]
    fn as_many_are_broken_as_asked_for() {
        for (per_million, expected) in [(0, 0), (58_000, 5_800), (1_000_000, 100_000)] {
            let mut flaws = Flaws::new(42, per_million, OF_TEXT);
            let found: Vec<Flaw> = (0..100_000).filter_map(|_| flaws.next()).collect();
            assert_eq!(found.len(), expected);
            assert!(found.is_empty() || OF_TEXT.iter().all(|it| found.contains(it)));
        }
    }
}
