//! Digests: short names for what something is. Equal digests mean equal things.

use std::fmt;

use serde::{Deserialize, Serialize};

/// 128 bits of BLAKE3, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of parts in their order. `kind` keeps things of different kinds apart.
    pub fn of<'a>(kind: &str, parts: impl IntoIterator<Item = &'a Digest>) -> Digest {
        Digest::write(kind, parts.into_iter().map(|it| it.0.as_bytes()))
    }

    /// The digest of parts whose order means nothing.
    pub fn of_set<'a>(kind: &str, parts: impl IntoIterator<Item = &'a Digest>) -> Digest {
        let mut parts: Vec<&Digest> = parts.into_iter().collect();
        parts.sort();
        Digest::of(kind, parts)
    }

    /// The digest of a text.
    pub fn text(kind: &str, text: &str) -> Digest {
        Digest::write(kind, [text.as_bytes()])
    }

    /// The digest of texts in their order.
    pub fn texts<'a>(kind: &str, texts: impl IntoIterator<Item = &'a str>) -> Digest {
        Digest::write(kind, texts.into_iter().map(str::as_bytes))
    }

    /// The digest of bytes.
    pub fn bytes(kind: &str, bytes: &[u8]) -> Digest {
        Digest::write(kind, [bytes])
    }

    fn write<'a>(kind: &str, parts: impl IntoIterator<Item = &'a [u8]>) -> Digest {
        let mut hasher = blake3::Hasher::new();
        // Each part after its length, so that no two lists of parts are the same bytes.
        let mut add = |part: &[u8]| {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        };
        add(kind.as_bytes());
        parts.into_iter().for_each(&mut add);
        let hash = hasher.finalize();
        Digest(hash.as_bytes()[..16].iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn parts_are_kept_apart() {
        let (a, b) = (Digest::text("it", "a"), Digest::text("it", "b"));
        assert_ne!(Digest::texts("it", ["ab", "c"]), Digest::texts("it", ["a", "bc"]));
        assert_ne!(Digest::of("it", [&a, &b]), Digest::of("it", [&b, &a]));
        assert_eq!(Digest::of_set("it", [&a, &b]), Digest::of_set("it", [&b, &a]));
        assert_ne!(Digest::text("this", "a"), Digest::text("that", "a"));
        assert_eq!(a.to_string().len(), 32);
    }
}
