//! Python's replacement texts: `\1`, `\g<name>`, `\n`.

use minijinja::Error;
use regex::Captures;

use crate::jinja::values::failed;

/// Writes a replacement with a match's groups put in.
pub(super) fn expand(template: &str, captures: &Captures<'_>, result: &mut String) -> Result<(), Error> {
    let mut rest = template;
    while let Some(at) = rest.find('\\') {
        result.push_str(&rest[..at]);
        let escape = &rest[at + 1..];
        let Some(letter) = escape.chars().next() else {
            return Err(failed("bad escape: a replacement can't end with a backslash"));
        };
        rest = &escape[letter.len_utf8()..];
        match letter {
            'g' => {
                let name = rest.strip_prefix('<').and_then(|it| it.split_once('>'));
                let (name, after) = name.ok_or_else(|| failed("a group is written `\\g<name>`"))?;
                result.push_str(group(name, captures)?);
                rest = after;
            }
            '1'..='9' => {
                let second = usize::from(rest.starts_with(|it: char| it.is_ascii_digit()));
                result.push_str(group(&escape[..1 + second], captures)?);
                rest = &escape[1 + second..];
            }
            'n' => result.push('\n'),
            't' => result.push('\t'),
            'r' => result.push('\r'),
            '0' => result.push('\0'),
            '\\' => result.push('\\'),
            it if it.is_ascii_alphabetic() => return Err(failed(format!("bad escape \\{it} in a replacement"))),
            it => result.extend(['\\', it]),
        }
    }
    result.push_str(rest);
    Ok(())
}

fn group<'t>(name: &str, captures: &Captures<'t>) -> Result<&'t str, Error> {
    let missing = || failed(format!("invalid group reference {name}"));
    match name.parse::<usize>() {
        Ok(at) if at < captures.len() => Ok(captures.get(at).map_or("", |it| it.as_str())),
        Ok(_) => Err(missing()),
        Err(_) => Ok(captures.name(name).map_or("", |it| it.as_str())),
    }
}
