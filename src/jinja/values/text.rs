//! Python's methods of texts that the template engine's Python mode lacks, or has otherwise.

use minijinja::{Error, Value};

use super::arguments::Arguments;
use super::{Entries, dict, failed, list, repr, tuple};

/// The method; `None` for those that the engine has.
pub(super) fn method(text: &str, arguments: &Arguments<'_>) -> Result<Option<Value>, Error> {
    let found = match arguments.of {
        "strip" | "lstrip" | "rstrip" => Value::from(strip(text, arguments)?),
        "swapcase" => Value::from(text.chars().map(swapped).collect::<String>()),
        "casefold" => Value::from(text.to_lowercase().replace('ß', "ss")),
        "removeprefix" => {
            let prefix = arguments.text(0, "prefix")?;
            Value::from(text.strip_prefix(&prefix).unwrap_or(text))
        }
        "removesuffix" => {
            let suffix = arguments.text(0, "suffix")?;
            Value::from(text.strip_suffix(&suffix).unwrap_or(text))
        }
        "split" | "rsplit" => split(text, arguments)?,
        "splitlines" => list(lines(text, arguments.given(0, "keepends").is_some_and(|it| it.is_true()))),
        "partition" | "rpartition" => partition(text, arguments)?,
        "find" | "rfind" | "index" | "rindex" | "count" => find(text, arguments)?,
        "startswith" | "endswith" => affix(text, arguments)?,
        "isdecimal" => Value::from(!text.is_empty() && text.chars().all(char::is_numeric)),
        "isdigit" => Value::from(!text.is_empty() && text.chars().all(|it| it.is_numeric() && !is_fraction(it))),
        "isidentifier" => Value::from(
            text.chars()
                .enumerate()
                .all(|(at, it)| it == '_' || it.is_alphabetic() || (at > 0 && it.is_alphanumeric()))
                && !text.is_empty(),
        ),
        "istitle" => Value::from(is_title(text)),
        "isprintable" => Value::from(!text.chars().any(char::is_control)),
        "title" => Value::from(title(text)),
        "zfill" => {
            let (sign, digits) = match text.strip_prefix(['-', '+']) {
                Some(digits) => (&text[..1], digits),
                None => ("", text),
            };
            let missing = width(arguments)?.saturating_sub(text.chars().count());
            Value::from(format!("{sign}{}{digits}", "0".repeat(missing)))
        }
        "center" | "ljust" | "rjust" => Value::from(pad(text, arguments)?),
        "expandtabs" => Value::from(expand_tabs(text, arguments.whole_or(0, "tabsize", 8)?)),
        "maketrans" => table(arguments)?,
        "translate" => Value::from(translate(text, &arguments.needed(0, "table")?)),
        "encode" => Value::from_bytes(text.as_bytes().to_vec()),
        "join" => {
            let items = arguments.needed(0, "iterable")?;
            let mut parts = Vec::new();
            for item in items.try_iter()? {
                let part = item.as_str().map(str::to_owned);
                parts.push(part.ok_or_else(|| failed(format!("join takes texts, not {}", repr(&item))))?);
            }
            Value::from(parts.join(text))
        }
        _ => return Ok(None),
    };
    Ok(Some(found))
}

fn strip(text: &str, arguments: &Arguments<'_>) -> Result<String, Error> {
    let chars: Option<Vec<char>> = arguments.text_or_none(0, "chars")?.map(|it| it.chars().collect());
    let goes = |it: char| chars.as_ref().map_or_else(|| it.is_whitespace(), |chars| chars.contains(&it));
    let text = if arguments.of == "rstrip" { text } else { text.trim_start_matches(goes) };
    Ok(if arguments.of == "lstrip" { text } else { text.trim_end_matches(goes) }.to_owned())
}

fn swapped(character: char) -> String {
    if character.is_uppercase() { character.to_lowercase().collect() } else { character.to_uppercase().collect() }
}

fn is_fraction(character: char) -> bool {
    matches!(character, '¼'..='¾' | '⅐'..='⅞')
}

/// Every run of letters with its first one large.
fn title(text: &str) -> String {
    let mut within = false;
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        if within {
            result.extend(character.to_lowercase());
        } else {
            result.extend(character.to_uppercase());
        }
        within = character.is_alphabetic();
    }
    result
}

fn is_title(text: &str) -> bool {
    text.chars().any(char::is_alphabetic) && title(text) == text
}

fn split(text: &str, arguments: &Arguments<'_>) -> Result<Value, Error> {
    let separator = arguments.text_or_none(0, "sep")?;
    let most = usize::try_from(arguments.whole_or(1, "maxsplit", -1)?).unwrap_or(usize::MAX).saturating_add(1);
    let from_end = arguments.of == "rsplit";
    let mut parts: Vec<&str> = match &separator {
        Some(separator) if separator.is_empty() => return Err(failed("the separator is empty")),
        Some(separator) if from_end => text.rsplitn(most, separator.as_str()).collect(),
        Some(separator) => text.splitn(most, separator.as_str()).collect(),
        None => by_space(text, most, from_end),
    };
    if from_end {
        parts.reverse();
    }
    Ok(list(parts.into_iter().map(Value::from).collect()))
}

/// Parts between white space, at most so many; the last one keeps what is left.
fn by_space(text: &str, most: usize, from_end: bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let space = if from_end { rest.rfind(char::is_whitespace) } else { rest.find(char::is_whitespace) };
        let Some(at) = space.filter(|_| parts.len() + 1 < most) else {
            parts.push(rest);
            break;
        };
        if from_end {
            parts.push(rest[at..].trim_start());
            rest = rest[..at].trim_end();
        } else {
            parts.push(&rest[..at]);
            rest = rest[at..].trim_start();
        }
    }
    parts
}

fn lines(text: &str, keep_ends: bool) -> Vec<Value> {
    let whole = text.split_inclusive(['\n', '\r']);
    let mut lines: Vec<String> = Vec::new();
    for line in whole {
        match lines.last_mut() {
            // `\r\n` is one line end.
            Some(last) if line == "\n" && last.ends_with('\r') => last.push('\n'),
            _ => lines.push(line.to_owned()),
        }
    }
    let cut =
        |it: &String| if keep_ends { Value::from(it.as_str()) } else { Value::from(it.trim_end_matches(['\n', '\r'])) };
    lines.iter().map(cut).collect()
}

fn partition(text: &str, arguments: &Arguments<'_>) -> Result<Value, Error> {
    let separator = arguments.text(0, "sep")?;
    if separator.is_empty() {
        return Err(failed("the separator is empty"));
    }
    let from_end = arguments.of == "rpartition";
    let found = if from_end { text.rsplit_once(&separator) } else { text.split_once(&separator) };
    let parts = match found {
        Some((before, after)) => [before, separator.as_str(), after],
        None if from_end => ["", "", text],
        None => [text, "", ""],
    };
    Ok(tuple(parts.into_iter().map(Value::from).collect()))
}

/// The part between two positions that are counted in characters, and where it starts in both counts.
fn part<'a>(text: &'a str, arguments: &Arguments<'_>) -> Result<(&'a str, usize), Error> {
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let bound = |it: i64| if it < 0 { (it + length).max(0) } else { it.min(length) };
    let start = bound(arguments.whole_or(1, "start", 0)?);
    let end = bound(arguments.whole_or(2, "end", length)?).max(start);
    let offset = |characters: i64| {
        let at = usize::try_from(characters).unwrap_or(0);
        text.char_indices().nth(at).map_or(text.len(), |(it, _)| it)
    };
    Ok((&text[offset(start)..offset(end)], usize::try_from(start).unwrap_or(0)))
}

fn find(text: &str, arguments: &Arguments<'_>) -> Result<Value, Error> {
    let wanted = arguments.text(0, "sub")?;
    let (part, start) = part(text, arguments)?;
    let found = match arguments.of {
        "count" => return Ok(Value::from(part.matches(&wanted).count())),
        "rfind" | "rindex" => part.rfind(&wanted),
        _ => part.find(&wanted),
    };
    match found {
        Some(at) => Ok(Value::from(start + part[..at].chars().count())),
        None if arguments.of.ends_with("index") => Err(failed(format!("{wanted:?} is not in the text"))),
        None => Ok(Value::from(-1)),
    }
}

fn affix(text: &str, arguments: &Arguments<'_>) -> Result<Value, Error> {
    let wanted = arguments.needed(0, "prefix")?;
    let (part, _) = part(text, arguments)?;
    let has = |it: &Value| {
        let it = it.as_str().ok_or_else(|| arguments.wrong("prefix", "a text or a tuple of texts", it))?;
        Ok::<bool, Error>(if arguments.of == "startswith" { part.starts_with(it) } else { part.ends_with(it) })
    };
    if !wanted.is_tuple() {
        return Ok(Value::from(has(&wanted)?));
    }
    for it in wanted.try_iter()? {
        if has(&it)? {
            return Ok(Value::from(true));
        }
    }
    Ok(Value::from(false))
}

/// A width, which memory has to hold.
fn width(arguments: &Arguments<'_>) -> Result<usize, Error> {
    let width = usize::try_from(arguments.whole(0, "width")?).unwrap_or(0);
    if width > 1_000_000 { Err(failed("no text is that wide")) } else { Ok(width) }
}

fn pad(text: &str, arguments: &Arguments<'_>) -> Result<String, Error> {
    let width = width(arguments)?;
    let missing = width.saturating_sub(text.chars().count());
    let fill = arguments.text_or_none(1, "fillchar")?.unwrap_or_else(|| " ".to_owned());
    let left = match arguments.of {
        "ljust" => 0,
        "rjust" => missing,
        // Python gives the odd one to the left where the width is odd.
        _ => missing / 2 + (missing & width & 1),
    };
    Ok(format!("{}{text}{}", fill.repeat(left), fill.repeat(missing - left)))
}

fn expand_tabs(text: &str, size: i64) -> String {
    let size = usize::try_from(size).unwrap_or(0).min(1000);
    let (mut result, mut column) = (String::with_capacity(text.len()), 0);
    for character in text.chars() {
        match character {
            '\t' if size > 0 => {
                let spaces = size - column % size;
                result.push_str(&" ".repeat(spaces));
                column += spaces;
            }
            '\t' => {}
            _ => {
                result.push(character);
                column = if matches!(character, '\n' | '\r') { 0 } else { column + 1 };
            }
        }
    }
    result
}

/// What `translate` takes: characters of one text become those of another, and those of a third go.
fn table(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let mut entries = Entries::new();
    let number = |it: char| Value::from(u32::from(it));
    if arguments.positional.len() < 2 {
        let given = arguments.needed(0, "x")?;
        for key in given.try_iter()? {
            let character = key.as_str().and_then(|it| it.chars().next());
            entries.insert(character.map_or_else(|| key.clone(), number), given.get_item(&key)?);
        }
        return Ok(dict(entries));
    }
    let (from, to) = (arguments.text(0, "x")?, arguments.text(1, "y")?);
    if from.chars().count() != to.chars().count() {
        return Err(failed("maketrans takes texts of the same length"));
    }
    entries.extend(from.chars().zip(to.chars()).map(|(from, to)| (number(from), number(to))));
    let gone = arguments.text_or_none(2, "z")?.unwrap_or_default();
    entries.extend(gone.chars().map(|it| (number(it), Value::from(()))));
    Ok(dict(entries))
}

/// Each character as the table has it, by its number: a text, a number, or nothing for `none`.
fn translate(text: &str, table: &Value) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        let found = table.get_item(&Value::from(u32::from(character))).unwrap_or_default();
        if found.is_undefined() {
            result.push(character);
        } else if let Some(text) = found.as_str() {
            result.push_str(text);
        } else {
            result.extend(found.as_i64().and_then(|it| u32::try_from(it).ok()).and_then(char::from_u32));
        }
    }
    result
}
