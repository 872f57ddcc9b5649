//! Words that DuckDB takes and the parser does not, put right before parsing; and those that the engine can't do at
//! all, refused by name: what the parser says of them would name the wrong word.

use datafusion::common::{DataFusionError, not_impl_err};
use datafusion::error::Result;
use datafusion::sql::sqlparser::dialect::Dialect as Syntax;
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};

use crate::project::Dialect;

/// The tokens of a query, with their places.
///
/// # Errors
/// A text that is not closed, and what the engine can't do.
pub(super) fn of(sql: &str, syntax: &dyn Syntax, dialect: Dialect) -> Result<Vec<TokenWithSpan>> {
    let mut tokens = Tokenizer::new(syntax, sql)
        .tokenize_with_location()
        .map_err(|it| DataFusionError::SQL(Box::new(ParserError::TokenizerError(it.to_string())), None))?;
    if dialect == Dialect::DuckDb {
        tokens.retain(|it| !matches!(it.token, Token::Whitespace(_)));
        refuse(&tokens)?;
        put_right(&mut tokens);
        pivot_statements(&mut tokens)?;
    }
    Ok(tokens)
}

fn word(token: Option<&TokenWithSpan>) -> Option<&Word> {
    match token.map(|it| &it.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => Some(word),
        _ => None,
    }
}

fn is_word(token: Option<&TokenWithSpan>, expected: &str) -> bool {
    word(token).is_some_and(|it| it.value.eq_ignore_ascii_case(expected))
}

fn is(token: Option<&TokenWithSpan>, expected: &Token) -> bool {
    token.is_some_and(|it| it.token == *expected)
}

fn are_words(tokens: &[TokenWithSpan], at: usize, expected: &[&str]) -> bool {
    expected.iter().enumerate().all(|(offset, it)| is_word(tokens.get(at + offset), it))
}

/// What can't be done, and the nearest that can.
fn refuse(tokens: &[TokenWithSpan]) -> Result<()> {
    for at in 0..tokens.len() {
        if are_words(tokens, at, &["positional", "join"]) {
            return not_impl_err!(
                "`positional join`; number the rows of both sides with `row_number() over (order by …)` and join on that"
            );
        }
        if are_words(tokens, at, &["using", "sample"]) || is_tablesample(tokens, at) {
            return not_impl_err!("`sample`; filter with `where random() < 0.1`, or with `limit`");
        }
        for tail in [&["exclude", "current"][..], &["exclude", "group"], &["exclude", "ties"]] {
            if are_words(tokens, at, tail) {
                return not_impl_err!(
                    "`{}` in a window; compute over the whole window and take the row itself off",
                    tail.join(" ")
                );
            }
        }
        if is_word(tokens.get(at), "asof") && !is_word(tokens.get(at + 1), "as") && is_asof_join(tokens, at) {
            return not_impl_err!(
                "`asof join`; join with `>=`, and keep the latest with `qualify row_number() over (partition by … order by … \
                 desc) = 1`"
            );
        }
        let percent = |it: Option<&TokenWithSpan>| is(it, &Token::Mod) || is_word(it, "percent");
        if is_word(tokens.get(at), "limit") && percent(tokens.get(at + 2)) {
            return not_impl_err!(
                "a `limit` in percent; number the rows with `ntile(100) over (order by …)` and filter with `qualify`"
            );
        }
        if is(tokens.get(at), &Token::Mul)
            && is_word(tokens.get(at + 1), "rename")
            && is(tokens.get(at + 2), &Token::LParen)
        {
            return not_impl_err!("`* rename`; write `* exclude (a), a as b`");
        }
    }
    Ok(())
}

fn is_tablesample(tokens: &[TokenWithSpan], at: usize) -> bool {
    is_word(tokens.get(at), "tablesample") && at > 0 && !is(tokens.get(at + 1), &Token::Period)
}

fn is_asof_join(tokens: &[TokenWithSpan], at: usize) -> bool {
    ["join", "left", "right", "inner", "full", "semi", "anti"].iter().any(|it| is_word(tokens.get(at + 1), it))
}

fn put_right(tokens: &mut Vec<TokenWithSpan>) {
    let mut at = 0;
    while at < tokens.len() {
        if is_word(tokens.get(at), "as") {
            // `with t as [not] materialized (…)`: the engine decides that itself.
            let not = usize::from(is_word(tokens.get(at + 1), "not"));
            if is_word(tokens.get(at + 1 + not), "materialized") && is(tokens.get(at + 2 + not), &Token::LParen) {
                tokens.drain(at + 1..at + 2 + not);
            }
        } else if is_word(tokens.get(at), "filter")
            && at > 0
            && is(tokens.get(at - 1), &Token::RParen)
            && is(tokens.get(at + 1), &Token::LParen)
            && !is_word(tokens.get(at + 2), "where")
        {
            let span = tokens[at].span;
            tokens.insert(at + 2, TokenWithSpan::new(Token::make_keyword("WHERE"), span));
        } else if is_word(tokens.get(at), "in") && is(tokens.get(at + 1), &Token::LBracket) {
            parentheses_for_brackets(tokens, at + 1);
        }
        at += 1;
    }
}

/// `in [1, 2]` → `in (1, 2)`; a list in brackets that goes on, as in `[1, 2][1:1]`, is left alone.
fn parentheses_for_brackets(tokens: &mut [TokenWithSpan], start: usize) {
    let mut depth = 0_usize;
    for at in start..tokens.len() {
        match tokens[at].token {
            Token::LBracket | Token::LParen => depth += 1,
            Token::RBracket | Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        // A list comprehension has a list behind its `in`.
        if depth == 1 && is_word(tokens.get(at), "for") {
            return;
        }
        if depth == 0 {
            let goes_on = is(tokens.get(at + 1), &Token::LBracket) || is(tokens.get(at + 1), &Token::RBracket);
            if !goes_on && !is_word(tokens.get(at + 1), "if") && tokens[at].token == Token::RBracket {
                tokens[start].token = Token::LParen;
                tokens[at].token = Token::RParen;
            }
            return;
        }
    }
}

/// `unpivot t on a, b into name n value v` → `from t unpivot (v for n in (a, b))`.
/// `pivot t on k in (1, 2) using sum(v)` → `from t pivot (sum(v) for k in (1, 2))`.
fn pivot_statements(tokens: &mut Vec<TokenWithSpan>) -> Result<()> {
    let mut at = 0;
    while at < tokens.len() {
        let starts = at == 0 || is(tokens.get(at - 1), &Token::LParen) || is(tokens.get(at - 1), &Token::RParen);
        let named = is_word(tokens.get(at), "unpivot") || is_word(tokens.get(at), "pivot");
        if starts && named && !is_operator(&tokens[at + 1..]) {
            let end = end_of_statement(tokens, at);
            let statement = &tokens[at..end];
            let made = if is_word(tokens.get(at), "unpivot") { unpivoted(statement) } else { pivoted(statement) };
            match made {
                Some(made) => drop(tokens.splice(at..end, made)),
                None if find(statement, "on").is_none() => {}
                None => {
                    return not_impl_err!(
                        "`{}` in this form; list the values, as in `pivot t on k in (1, 2) using sum(v)`, and group \
                         before by what is kept",
                        if is_word(statement.first(), "pivot") { "pivot" } else { "unpivot" }
                    );
                }
            }
        }
        at += 1;
    }
    Ok(())
}

/// Whether `(sum(v) for k in (1, 2))` follows: the form that stands behind a table, which the parser knows.
fn is_operator(tokens: &[TokenWithSpan]) -> bool {
    let mut depth = 0_usize;
    for it in tokens {
        match it.token {
            Token::LParen => depth += 1,
            Token::RParen if depth <= 1 => return false,
            Token::RParen => depth -= 1,
            _ if depth == 0 => return false,
            _ if depth == 1 && is_word(Some(it), "for") => return true,
            _ => {}
        }
    }
    false
}

/// Up to the parenthesis that closes what is around, the `;`, or the clauses that follow.
fn end_of_statement(tokens: &[TokenWithSpan], start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, it) in tokens.iter().enumerate().skip(start) {
        match it.token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => return at,
            Token::RParen => depth -= 1,
            Token::SemiColon | Token::EOF if depth == 0 => return at,
            Token::Word(_) if depth == 0 && (is_word(Some(it), "order") || is_word(Some(it), "limit")) => return at,
            _ => {}
        }
    }
    tokens.len()
}

/// The first place of a word that is not within parentheses.
fn find(tokens: &[TokenWithSpan], expected: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, it) in tokens.iter().enumerate() {
        match it.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ if depth == 0 && is_word(Some(it), expected) => return Some(at),
            _ => {}
        }
    }
    None
}

fn unpivoted(tokens: &[TokenWithSpan]) -> Option<Vec<TokenWithSpan>> {
    let on = find(tokens, "on")?;
    let into = find(tokens, "into");
    let columns = &tokens[on + 1..into.unwrap_or(tokens.len())];
    let (name, value) = match into {
        Some(into) => {
            let names = find(&tokens[into..], "name")? + into;
            let values = find(&tokens[into..], "value")? + into;
            (tokens.get(names + 1)?.clone(), tokens.get(values + 1)?.clone())
        }
        None => {
            let named = |it: &str| TokenWithSpan::new(Token::make_word(it, None), tokens[0].span);
            (named("name"), named("value"))
        }
    };
    let made = |it: &str| TokenWithSpan::new(Token::make_keyword(it), tokens[0].span);
    let mark = |it: Token| TokenWithSpan::new(it, tokens[0].span);
    let mut out = vec![made("FROM")];
    out.extend_from_slice(&tokens[1..on]);
    out.extend([made("UNPIVOT"), mark(Token::LParen), value, made("FOR"), name, made("IN"), mark(Token::LParen)]);
    out.extend_from_slice(columns);
    out.extend([mark(Token::RParen), mark(Token::RParen)]);
    Some(out)
}

fn pivoted(tokens: &[TokenWithSpan]) -> Option<Vec<TokenWithSpan>> {
    let (on, using) = (find(tokens, "on")?, find(tokens, "using")?);
    let list = find(&tokens[on..using], "in")? + on;
    if find(tokens, "group").is_some() {
        return None;
    }
    let made = |it: &str| TokenWithSpan::new(Token::make_keyword(it), tokens[0].span);
    let mark = |it: Token| TokenWithSpan::new(it, tokens[0].span);
    let mut out = vec![made("FROM")];
    out.extend_from_slice(&tokens[1..on]);
    out.extend([made("PIVOT"), mark(Token::LParen)]);
    out.extend_from_slice(&tokens[using + 1..]);
    out.push(made("FOR"));
    out.extend_from_slice(&tokens[on + 1..list]);
    out.extend_from_slice(&tokens[list..using]);
    out.push(mark(Token::RParen));
    Some(out)
}
