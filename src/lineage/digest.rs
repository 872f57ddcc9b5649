//! A short name for how something is computed, to tell whether it still is.

use std::fmt;

/// The beginning of a hash: equal for what is computed alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(u64);

impl Digest {
    /// Of a text and of what it is about.
    pub fn of(text: &str, parts: &[Digest]) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(text.as_bytes());
        for part in parts {
            // No text has this byte, so that nothing can pass for something else.
            hasher.update(&[0xff]).update(&part.0.to_le_bytes());
        }
        let mut first = [0; 8];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        Digest(u64::from_le_bytes(first))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
