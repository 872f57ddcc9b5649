//! One tag of a template, cut into tokens as Jinja2 cuts it. Knows nothing of what the tokens mean.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Number,
    Text,
    Sign,
}

/// A token and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// The tokens of a tag, and where it ends.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) tokens: Vec<Token>,
    /// The offset behind the end marker.
    pub(super) behind: usize,
}

/// Cuts the tag whose inside begins at `start` and that `marker` closes; `None` where nothing closes it.
pub(super) fn tag(text: &str, start: usize, marker: &str) -> Option<Tag> {
    let bytes = text.as_bytes();
    let closes = |at: usize| bytes.get(at..at + marker.len()) == Some(marker.as_bytes());
    let (mut tokens, mut at, mut depth) = (Vec::new(), start, 0_usize);
    while at < bytes.len() {
        if depth == 0 {
            if closes(at) {
                return Some(Tag { tokens, behind: at + marker.len() });
            }
            if matches!(bytes[at], b'-' | b'+') && closes(at + 1) {
                return Some(Tag { tokens, behind: at + 1 + marker.len() });
            }
        }
        let byte = bytes[at];
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let (kind, length) = match byte {
            b'\'' | b'"' => (Kind::Text, text_length(&bytes[at..])?),
            b'0'..=b'9' => {
                let after_dot = tokens.last().is_some_and(|it: &Token| &text[it.range.clone()] == ".");
                (Kind::Number, number_length(&bytes[at..], after_dot))
            }
            _ if byte == b'_' || byte.is_ascii_alphabetic() || !byte.is_ascii() => {
                (Kind::Name, name_length(&text[at..]))
            }
            _ => (Kind::Sign, sign_length(&bytes[at..])),
        };
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        tokens.push(Token { kind, range: at..at + length });
        at += length;
    }
    None
}

fn text_length(bytes: &[u8]) -> Option<usize> {
    let quote = bytes.first()?;
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            it if it == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

fn number_length(bytes: &[u8], after_dot: bool) -> usize {
    let digits = |from: usize| bytes[from..].iter().take_while(|it| it.is_ascii_alphanumeric() || **it == b'_').count();
    let mut length = digits(0);
    if after_dot {
        return length;
    }
    let signed_exponent = |length: usize| {
        matches!(bytes.get(length - 1), Some(b'e' | b'E'))
            && !bytes.starts_with(b"0x")
            && matches!(bytes.get(length), Some(b'+' | b'-'))
            && bytes.get(length + 1).is_some_and(u8::is_ascii_digit)
    };
    if bytes.get(length) == Some(&b'.') && bytes.get(length + 1).is_some_and(u8::is_ascii_digit) {
        length += 1 + digits(length + 1);
    }
    if signed_exponent(length) {
        length += 1 + digits(length + 1);
    }
    length
}

fn name_length(text: &str) -> usize {
    let length = text.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(text.len());
    // A character that no name can have is a token of its own, and whoever parses it refuses it.
    length.max(text.chars().next().map_or(1, char::len_utf8))
}

fn sign_length(bytes: &[u8]) -> usize {
    const PAIRS: [&[u8]; 6] = [b"**", b"//", b"==", b"!=", b"<=", b">="];
    if PAIRS.iter().any(|it| bytes.starts_with(it)) { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(inside: &str, expected: &str) {
        let found = tag(inside, 0, "}}").map(|it| {
            let words: Vec<&str> = it.tokens.iter().map(|it| &inside[it.range.clone()]).collect();
            format!("{}|{}", words.join(" "), &inside[it.behind..])
        });
        assert_eq!(found.unwrap_or_default(), expected);
    }

    #[test]
    fn tags_end_outside_of_brackets_and_texts() {
        check(" a+1.5e-3 -}}x", "a + 1.5e-3|x");
        check("{'a': {'}}': b[1:2]}}.c}}", "{ 'a' : { '}}' : b [ 1 : 2 ] } } . c|");
        check("a.0.1**2//x!='\\''}}", "a . 0 . 1 ** 2 // x != '\\''|");
        check("größe~'ü'}}", "größe ~ 'ü'|");
        check("a", "");
        check("'a", "");
    }
}
