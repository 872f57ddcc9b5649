//! Wildcards as Python's `fnmatch` and `pathlib` have them, because dbt selects by these: `*` any text, `?` one
//! character, `[a-c]` one of a set, `[!a]` none of it. Case counts. Braces mean nothing, and a `[` that is never
//! closed means itself: that is why this is not `globset`.

/// Whether a text has wildcards.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', ']'])
}

/// Whether a pattern fits the whole text. Dots and slashes are characters like any other.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let tokens = tokens(pattern);
    let text: Vec<char> = text.chars().collect();
    let (mut token, mut at) = (0, 0);
    // Where to go on when what follows the last `*` does not fit: the `*` takes one character more.
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        match tokens.get(token) {
            Some(Token::AnyText) => {
                retry = Some((token, at));
                token += 1;
            }
            Some(one) if one.fits(text[at]) => {
                token += 1;
                at += 1;
            }
            Some(_) | None => {
                let Some((star, taken)) = retry else { return false };
                retry = Some((star, taken + 1));
                (token, at) = (star + 1, taken + 1);
            }
        }
    }
    tokens[token..].iter().all(|it| matches!(it, Token::AnyText))
}

/// Whether a pattern fits a path folder by folder: `*` stays within one name, `**` is any number of folders.
pub(super) fn fits_path(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((&"**", rest)), _) => (0..=path.len()).any(|skipped| fits_path(rest, &path[skipped..])),
        (Some(_), None) => false,
        (Some((first, rest)), Some((name, below))) => fits(first, name) && fits_path(rest, below),
    }
}

enum Token {
    AnyText,
    AnyCharacter,
    Character(char),
    OneOf { negated: bool, ranges: Vec<(char, char)> },
}

impl Token {
    fn fits(&self, c: char) -> bool {
        match self {
            Token::AnyText => false,
            Token::AnyCharacter => true,
            Token::Character(wanted) => *wanted == c,
            Token::OneOf { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        }
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let pattern: Vec<char> = pattern.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = pattern.get(at) {
        at += 1;
        tokens.push(match c {
            '*' => Token::AnyText,
            '?' => Token::AnyCharacter,
            '[' => match set(&pattern[at..]) {
                Some((set, length)) => {
                    at += length;
                    set
                }
                None => Token::Character('['),
            },
            other => Token::Character(*other),
        });
    }
    tokens
}

/// A set behind its `[`, and its length with the `]`. A `]` in the first place is one of the set.
fn set(behind: &[char]) -> Option<(Token, usize)> {
    let negated = behind.first() == Some(&'!');
    let start = usize::from(negated);
    let end = start + 1 + behind.get(start + 1..)?.iter().position(|it| *it == ']')?;
    let mut ranges = Vec::new();
    let mut rest = &behind[start..end];
    loop {
        rest = match rest {
            [low, '-', high, rest @ ..] => {
                ranges.push((*low, *high));
                rest
            }
            [one, rest @ ..] => {
                ranges.push((*one, *one));
                rest
            }
            [] => return Some((Token::OneOf { negated, ranges }, end + 1)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
    }

    #[test]
    fn a_star_is_any_text() {
        check("*", "", true);
        check("stg_*", "stg_events", true);
        check("*.stg_*", "shop.staging.stg_events", true);
        check("a*b*c", "aXbYbZc", true);
        check("a*b*c", "aXbYbZ", false);
        check("**", "a/b.c", true);
    }

    #[test]
    fn a_question_mark_is_one_character() {
        check("a?", "aé", true);
        check("a?", "a", false);
        check("a?", "abc", false);
    }

    #[test]
    fn brackets_are_one_of_a_set() {
        check("x[a-c]", "xb", true);
        check("x[a-c]", "xd", false);
        check("x[!a-c]", "xd", true);
        check("x[]]", "x]", true);
        check("x[c-a]", "xb", false);
        check("x[a", "x[a", true);
        check("x[]", "x[]", true);
    }

    #[test]
    fn case_counts_and_braces_do_not() {
        check("A*", "abc", false);
        check("{a,b}", "a", false);
    }

    #[test]
    fn paths_fit_folder_by_folder() {
        let check = |pattern: &str, path: &str, expected: bool| {
            let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
            assert_eq!(fits_path(&pattern, &path), expected, "{pattern:?} {path:?}");
        };
        check("models/*", "models/a.sql", true);
        check("models/*", "models/b/a.sql", false);
        check("models/**/*.sql", "models/a.sql", true);
        check("models/**/*.sql", "models/b/c/a.sql", true);
        check("**", "models/a.sql", true);
        check("models", "models/a.sql", false);
    }
}
