//! `wordwrap`: lines of at most so many characters.

use minijinja::value::Kwargs;
use minijinja::{Environment, Error, Value};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter(
        "wordwrap",
        |value: Value, width: Option<usize>, break_words: Option<bool>, named: Kwargs| -> Result<String, Error> {
            let width = width.or(named.get("width")?).unwrap_or(79).max(1);
            let break_words = break_words.or(named.get("break_long_words")?).unwrap_or(true);
            let separator = named.get::<Option<String>>("wrapstring")?.unwrap_or_else(|| "\n".to_owned());
            let text = value.to_string();
            let lines: Vec<String> = text.lines().flat_map(|it| wrapped(it, width, break_words)).collect();
            Ok(lines.join(&separator))
        },
    );
}

fn wrapped(line: &str, width: usize, break_words: bool) -> Vec<String> {
    let (mut lines, mut current) = (Vec::new(), String::new());
    for word in line.split(' ').filter(|it| !it.is_empty()) {
        let mut word: Vec<char> = word.chars().collect();
        let used = current.chars().count();
        if used > 0 && used + 1 + word.len() <= width {
            current.push(' ');
        } else if used > 0 {
            lines.push(std::mem::take(&mut current));
        }
        while break_words && word.len() > width {
            let rest = word.split_off(width);
            lines.push(word.into_iter().collect());
            word = rest;
        }
        current.extend(word);
    }
    lines.push(current);
    lines
}
