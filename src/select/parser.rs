//! From selector text to an [`Expression`], or to the first mistake at its place within the text.
//! The grammar is that of `dbt/graph/selector_spec.py` (dbt-core 1.11); knows no nodes.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, SourceText, Span, closest};
use crate::select::expression::{Combine, Criterion, Depth, Expression, Group, Part, Relatives};
use crate::select::methods::{self, Method, Wanted};

/// Takes a `--select` text apart.
///
/// # Errors
/// What can't be understood, at its place in the text.
pub fn parse(text: &str) -> Result<Expression, Diagnostic> {
    parse_option("--select", &[text.to_owned()])
}

/// Takes all values of an option apart, as one text under the option's name.
pub(super) fn parse_option(option: &str, values: &[String]) -> Result<Expression, Diagnostic> {
    let source = SourceText::new(option, values.join(" "));
    let words = split(&source.text, 0..source.text.len(), char::is_whitespace);
    let words = words.into_iter().filter(|it| !it.is_empty()).map(|it| word(&source, it));
    let parts = words.collect::<Result<_, _>>()?;
    let span = Span::new(&source, 0..source.text.len());
    Ok(Expression { root: Part::Group(Group { combine: Combine::Union, parts, mode: None, span }) })
}

fn word(source: &Arc<SourceText>, range: Range<usize>) -> Result<Part, Diagnostic> {
    let span = Span::new(source, range.clone());
    let parts = split(&source.text, range, |c| c == ',');
    if parts.iter().any(Range::is_empty) {
        return Err(Diagnostic::error(Code::BadSelector, "a comma needs something on both sides, without spaces")
            .at(span)
            .help("write `a,b` for what fits both, and `a b` for what fits either"));
    }
    let criteria = parts.into_iter().map(|it| {
        let span = Span::new(source, it);
        criterion(span.text(), &span).map(Part::Criterion)
    });
    let parts = criteria.collect::<Result<_, _>>()?;
    Ok(Part::Group(Group { combine: Combine::Intersection, parts, mode: None, span }))
}

/// One criterion with its graph operators, as the command line has it.
pub(super) fn criterion(text: &str, span: &Span) -> Result<Criterion, Diagnostic> {
    let (relatives, rest) = relatives(text);
    let refuse = |message: String| Diagnostic::error(Code::BadSelector, message).at(span.clone());
    if relatives.whole_family && relatives.descendants.is_some() {
        return Err(refuse("`@` before and `+` behind don't go together".to_owned())
            .help("`@` takes all descendants already, and what they need"));
    }
    if rest.starts_with(['+', '@']) || rest.ends_with('+') {
        return Err(refuse(format!("`{text}` has more graph operators than there can be"))
            .help("at most `@` or `+` before, and `+` behind: `2+model+1`"));
    }
    let (method, arguments, value) = method_of(rest).map_err(|problem| problem.at(span.clone()))?;
    if value.is_empty() {
        return Err(refuse(format!("`{text}` doesn't say what to match")));
    }
    with_method(method, arguments, value, relatives, span)
}

/// A criterion of a method, checked.
pub(super) fn with_method(
    method: &'static dyn Method,
    arguments: Vec<String>,
    value: &str,
    relatives: Relatives,
    span: &Span,
) -> Result<Criterion, Diagnostic> {
    if !arguments.is_empty() && !method.takes_arguments() {
        let name = method.name();
        let message = format!("`{name}` takes nothing between its name and the colon");
        let problem = Diagnostic::error(Code::BadSelector, message).at(span.clone());
        return Err(problem.help(format!("write `{name}:{value}`")));
    }
    let wanted = Wanted { arguments: &arguments, value };
    method.check(&wanted).map_err(|problem| problem.at(span.clone()))?;
    let (value, span) = (value.to_owned(), span.clone());
    Ok(Criterion { method, arguments, value, relatives, mode: None, span })
}

/// The graph operators around a criterion, and what is left between them.
fn relatives(text: &str) -> (Relatives, &str) {
    let mut relatives = Relatives::default();
    let mut rest = text;
    if let Some(behind) = rest.strip_prefix('@') {
        relatives.whole_family = true;
        rest = behind;
    }
    let behind_digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    if let Some(behind) = behind_digits.strip_prefix('+') {
        relatives.ancestors = Some(depth(&rest[..rest.len() - behind_digits.len()]));
        rest = behind;
    }
    let before_digits = rest.trim_end_matches(|c: char| c.is_ascii_digit());
    if let Some(before) = before_digits.strip_suffix('+') {
        relatives.descendants = Some(depth(&rest[before_digits.len()..]));
        rest = before;
    }
    (relatives, rest)
}

fn depth(digits: &str) -> Depth {
    match digits {
        "" => Depth::All,
        // Digits that are no number are too many of them: further than any graph.
        digits => Depth::Steps(digits.parse().unwrap_or(usize::MAX)),
    }
}

/// Method, arguments and value. Without a method, the value's form says which: a path, a file, or else a name.
fn method_of(text: &str) -> Result<(&'static dyn Method, Vec<String>, &str), Diagnostic> {
    let is_name = |it: &str| !it.is_empty() && it.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let Some((head, value)) = text.split_once(':').filter(|(head, _)| is_name(head)) else {
        return Ok((methods::default_for(text), Vec::new(), text));
    };
    let mut parts = head.split('.');
    let name = parts.next().unwrap_or_default();
    match methods::find(name) {
        Some(method) => Ok((method, parts.map(str::to_owned).collect(), value)),
        None => Err(unknown(name)),
    }
}

/// A refusal of a method that there is not.
pub(super) fn unknown(name: &str) -> Diagnostic {
    let available: Vec<&str> = methods::ALL.iter().map(|it| it.name()).collect();
    let list = format!("there are {}", available.join(", "));
    if name == "selector" {
        return Diagnostic::error(Code::BadSelector, "`selector` is a method of selectors.yml only")
            .help("name a selector with `--selector`");
    }
    let message = format!("there is no selector method `{name}`");
    Diagnostic::error(Code::BadSelector, message)
        .help_if(closest(name, available.iter().copied()), |it| format!("did you mean `{it}`?"))
        .note(list)
}

/// The pieces of a part of a text between separators, empty ones included, as ranges of the whole text.
fn split(text: &str, range: Range<usize>, is_separator: impl Fn(char) -> bool) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = range.start;
    for (at, separator) in text[range.clone()].char_indices().filter(|(_, c)| is_separator(*c)) {
        pieces.push(start..range.start + at);
        start = range.start + at + separator.len_utf8();
    }
    pieces.push(start..range.end);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, spelt_out: &str) {
        assert_eq!(parse(text).unwrap().to_string(), spelt_out);
    }

    fn check_refused(text: &str, place: &str, message: &str) {
        let problem = parse(text).unwrap_err();
        assert_eq!(problem.code, Code::BadSelector);
        assert_eq!(problem.place.as_ref().unwrap().text(), place);
        assert_eq!(problem.place.as_ref().unwrap().source.path, "--select");
        assert!(problem.one_line().contains(message), "{}", problem.one_line());
    }

    #[test]
    fn a_space_separates_words_and_a_comma_criteria() {
        check("a  b,c\td", "fqn:a fqn:b,fqn:c fqn:d");
        check("", "");
        check("  ", "");
    }

    #[test]
    fn the_form_of_a_bare_value_says_its_method() {
        check("a", "fqn:a");
        check("shop.staging", "fqn:shop.staging");
        check("models/a", "path:models/a");
        check("models/a.sql", "path:models/a.sql");
        check("a.sql b.PY c.csv", "file:a.sql file:b.PY file:c.csv");
        check("a.yml", "fqn:a.yml");
    }

    #[test]
    fn graph_operators() {
        check("+a", "+fqn:a");
        check("a+", "fqn:a+");
        check("2+a+1", "2+fqn:a+1");
        check("@a", "@fqn:a");
        check("@+a", "@+fqn:a");
        check("0+tag:x+10", "0+tag:x+10");
        check("1+models/a+", "1+path:models/a+");
    }

    #[test]
    fn digits_without_a_plus_belong_to_the_name() {
        check("2024", "fqn:2024");
        check("a2", "fqn:a2");
        check("1+2", "1+fqn:2");
        check("a+1+2", "fqn:a+1+2");
        check("a+99999999999999999999999", &format!("fqn:a+{}", usize::MAX));
    }

    #[test]
    fn methods_take_arguments_and_values() {
        check("config.meta.owner:ann", "config.meta.owner:ann");
        check("tag:a:b", "tag:a:b");
        check("*:a", "fqn:*:a");
    }

    #[test]
    fn an_unknown_method_is_refused_with_the_nearest_one() {
        check_refused("a tga:x", "tga:x", "did you mean `tag`?");
        check_refused("test-type:generic", "test-type:generic", "did you mean `test_type`?");
        check_refused("a,+resource_typ:model+", "+resource_typ:model+", "did you mean `resource_type`?");
    }

    #[test]
    fn a_selector_is_named_by_its_own_option() {
        check_refused("a selector:x", "selector:x", "name a selector with `--selector`");
    }

    #[test]
    fn operators_that_exclude_each_other_are_refused() {
        check_refused("@a+", "@a+", "don't go together");
        check_refused("++a", "++a", "more graph operators");
        check_refused("+@a", "+@a", "more graph operators");
        check_refused("a++", "a++", "more graph operators");
    }

    #[test]
    fn what_says_nothing_is_refused() {
        check_refused("a +", "+", "doesn't say what to match");
        check_refused("@", "@", "doesn't say what to match");
        check_refused("tag:", "tag:", "doesn't say what to match");
    }

    #[test]
    fn a_comma_needs_two_sides() {
        check_refused("a, b", "a,", "a comma needs something on both sides");
        check_refused("x ,b", ",b", "a comma needs something on both sides");
        check_refused("a,,b", "a,,b", "a comma needs something on both sides");
    }

    #[test]
    fn arguments_where_there_are_none_are_refused() {
        check_refused("tag.x:nightly", "tag.x:nightly", "write `tag:nightly`");
    }

    #[test]
    fn the_place_counts_bytes_of_the_whole_text() {
        let problem = parse_option("--exclude", &["é".to_owned(), "b tag:".to_owned()]).unwrap_err();
        assert_eq!(problem.place.unwrap().to_string(), "--exclude:1:5");
    }
}
