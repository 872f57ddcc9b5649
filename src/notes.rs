//! What one process notes for those after it: lines of text by digests of what they follow from. They hold for as long as
//! Arrowmill, the engine and their options are the same. What can't be made out is not there, and found out again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::reuse::Digest;

/// Notes that nobody asks for are kept up to this number.
const MOST_UNUSED: usize = 500;

/// Notes of one kind. Shared by all who read and write some.
#[derive(Debug, Default)]
pub struct Notes {
    /// What they are about, and options that change what they say.
    about: String,
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    known: BTreeMap<String, String>,
    used: BTreeSet<String>,
    has_new: bool,
}

impl Notes {
    /// What an earlier process has written about the same with [`Notes::written`]; nothing of it where anything about it
    /// is wrong.
    pub fn read(text: &str, about: &str) -> Notes {
        let mut notes = Notes { about: about.to_owned(), ..Notes::default() };
        if let Some((_, rest)) = text.split_once('\n').filter(|(head, rest)| *head == notes.heading(rest)) {
            let known = rest.lines().filter_map(|it| it.split_once(' '));
            let known = known.map(|(key, line)| (key.to_owned(), line.to_owned())).collect();
            notes.lines = Mutex::new(Lines { known, ..Lines::default() });
        }
        notes
    }

    /// What is known now, for [`Notes::read`]; nothing where that is no more than was read.
    pub fn written(&self) -> Option<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if !lines.has_new {
            return None;
        }
        let (used, unused): (Vec<_>, Vec<_>) = lines.known.iter().partition(|(key, _)| lines.used.contains(*key));
        let kept = used.into_iter().chain(unused.into_iter().take(MOST_UNUSED));
        let rest: String = kept.map(|(key, line)| format!("{key} {line}\n")).collect();
        Some(format!("{}\n{rest}", self.heading(&rest)))
    }

    /// The first line: who has written the rest, and that it is whole.
    fn heading(&self, rest: &str) -> String {
        let own = env!("CARGO_PKG_VERSION");
        let engine = datafusion::DATAFUSION_VERSION;
        let whole = Digest::texts("notes", [self.about.as_str(), rest]);
        format!("notes of arrowmill {own}, datafusion {engine}, {whole}")
    }

    /// What is noted under a digest.
    pub fn get(&self, key: &Digest) -> Option<String> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key.to_string();
        let line = lines.known.get(&key)?.clone();
        lines.used.insert(key);
        Some(line)
    }

    /// Notes one line of text.
    pub fn keep(&self, key: &Digest, line: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.used.insert(key.to_string());
        lines.known.insert(key.to_string(), line);
        lines.has_new = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_known_to_the_next_process() {
        let (one, other) = (Digest::text("it", "one"), Digest::text("it", "other"));
        let notes = Notes::read("", "options");
        assert_eq!(notes.written(), None);
        notes.keep(&one, "a line".to_owned());
        let text = notes.written().unwrap();
        let next = Notes::read(&text, "options");
        assert_eq!(Notes::read(&text, "other options").get(&one), None);
        assert_eq!(next.get(&one).as_deref(), Some("a line"));
        assert_eq!(next.get(&other), None);
        assert_eq!(next.written(), None);
    }

    #[test]
    fn damaged_notes_are_none() {
        let one = Digest::text("it", "one");
        let notes = Notes::default();
        notes.keep(&one, "a line".to_owned());
        let text = notes.written().unwrap();
        for damaged in
            [&text[..text.len() / 2], &text.replace("datafusion", "another"), &text.replace('a', "1"), "", "\n"]
        {
            assert_eq!(Notes::read(damaged, "").get(&one), None);
        }
    }
}
