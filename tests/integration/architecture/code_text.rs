//! Rust text without what is no code: comments and the insides of literals become spaces.
//! Lines and columns stay, so that places in the result are places in the file.

use libtest_mimic::{Failed, Trial};

/// The text with comments and the insides of string and character literals blanked.
pub(super) fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => comment_end(bytes, at),
            b'"' => string_end(bytes, at + 1),
            b'r' | b'b' | b'c' if !follows_name(bytes, at) => raw_string_end(bytes, at).unwrap_or(at + 1),
            b'\'' => character_end(bytes, at),
            _ => at + 1,
        };
        if end > at + 1 {
            for byte in &mut out[at..end] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        at = end;
    }
    // Whole characters were blanked byte by byte, so what is left is text.
    String::from_utf8(out).unwrap()
}

/// What stands before the module of tests.
pub(super) fn without_tests(text: &str) -> &str {
    let start = text.match_indices("#[cfg(test)]\n").find(|(at, attribute)| {
        let is_line_start = *at == 0 || text[..*at].ends_with('\n');
        is_line_start && text[at + attribute.len()..].starts_with("mod ")
    });
    start.map_or(text, |(at, _)| &text[..at])
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|it| *it == b'\n').map_or(bytes.len(), |it| from + it)
}

/// Block comments nest.
fn comment_end(bytes: &[u8], from: usize) -> usize {
    let (mut at, mut depth) = (from + 2, 1);
    while at < bytes.len() && depth > 0 {
        if bytes[at..].starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if bytes[at..].starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
        } else {
            at += 1;
        }
    }
    at
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// `r"…"`, `r#"…"#`, `br"…"`; `None` where none starts.
fn raw_string_end(bytes: &[u8], from: usize) -> Option<usize> {
    let prefix = bytes[from..].iter().take_while(|it| matches!(it, b'r' | b'b' | b'c')).count();
    let hashes = bytes[from + prefix..].iter().take_while(|it| **it == b'#').count();
    let open = from + prefix + hashes;
    if bytes.get(open) != Some(&b'"') || !bytes[from..from + prefix].contains(&b'r') {
        return None;
    }
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let inside = bytes[open + 1..].windows(close.len()).position(|it| it == close);
    Some(inside.map_or(bytes.len(), |it| open + 1 + it + close.len()))
}

/// A character literal, or only the quote where it starts a lifetime.
fn character_end(bytes: &[u8], from: usize) -> usize {
    let rest = &bytes[from + 1..];
    if rest.first() == Some(&b'\\') {
        // The escaped character itself may be a quote.
        return rest.iter().skip(2).position(|it| *it == b'\'').map_or(bytes.len(), |it| from + 1 + it + 3);
    }
    let length = std::str::from_utf8(&rest[..rest.len().min(4)])
        .map_or_else(|error| error.valid_up_to(), str::len)
        .min(rest.len());
    let first = std::str::from_utf8(&rest[..length]).ok().and_then(|it| it.chars().next()).map_or(1, char::len_utf8);
    if rest.get(first) == Some(&b'\'') { from + 1 + first + 1 } else { from + 1 }
}

fn follows_name(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

pub(super) fn trials() -> Vec<Trial> {
    fn literals_and_comments() -> Result<(), Failed> {
        let check = |text: &str, expected: &str| assert_eq!(code_only(text), expected, "{text}");
        check("a // crate::x\nb", "a            \nb");
        check("a /* x /* y */ z */ b", "a                   b");
        check("f(\"crate::x \\\" y\") + 1", "f(               ) + 1");
        let blank = |length: usize| " ".repeat(length);
        check("r#\"a \"b\" c\"# + b\"x\" + y", &format!("{} + b{} + y", blank(12), blank(3)));
        check("let c = '\"'; let d: &'a str = \"x\";", "let c =    ; let d: &'a str =    ;");
        check("'\\'' '\\u{1}' 'é' x", "                  x");
        Ok(())
    }

    fn tests_are_left_out() -> Result<(), Failed> {
        assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {\n}\n"), "a\n");
        assert_eq!(without_tests("#[cfg(test)]\nuse a;\nb\n"), "#[cfg(test)]\nuse a;\nb\n");
        Ok(())
    }

    vec![
        Trial::test("architecture::code_text::blanks_literals_and_comments", literals_and_comments),
        Trial::test("architecture::code_text::leaves_tests_out", tests_are_left_out),
    ]
}
