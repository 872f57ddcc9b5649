//! What parses. DuckDB's syntax is the parser's own, but for lambdas, whose arrow would be taken away from JSON, and for
//! what the parser does not know: `lambda x: …`, `[x for x in list]`, `a isnull`, `a glob 'b*'`.

use std::any::TypeId;

use datafusion::logical_expr::sqlparser::dialect::{Dialect as Syntax, DuckDbDialect, PostgreSqlDialect};
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, LambdaFunction, LambdaFunctionParameter, LambdaSyntax, OneOrManyWithParens, Value,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::calls::call;

use crate::project::Dialect;

/// The parser's rules of a dialect.
pub(super) fn of(dialect: Dialect) -> &'static dyn Syntax {
    match dialect {
        Dialect::DuckDb => &DuckDb,
        // The engine's own is close to PostgreSQL's.
        Dialect::DataFusion | Dialect::Postgres => &PostgreSqlDialect {},
    }
}

#[derive(Debug)]
struct DuckDb;

/// Members that say yes.
macro_rules! supports {
    ($($member:ident),* $(,)?) => {
        $(fn $member(&self) -> bool {
            true
        })*
    };
}

impl Syntax for DuckDb {
    fn dialect(&self) -> TypeId {
        TypeId::of::<DuckDbDialect>()
    }

    fn is_identifier_start(&self, character: char) -> bool {
        DuckDbDialect.is_identifier_start(character)
    }

    fn is_identifier_part(&self, character: char) -> bool {
        DuckDbDialect.is_identifier_part(character)
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        match &parser.peek_token_ref().token {
            Token::EscapedStringLiteral(text) => {
                let text = Expr::value(Value::SingleQuotedString(text.clone()));
                parser.next_token();
                Some(Ok(text))
            }
            Token::Word(word)
                if word.keyword == Keyword::LAMBDA && matches!(parser.peek_nth_token_ref(1).token, Token::Word(_)) =>
            {
                parser.next_token();
                Some(lambda(parser))
            }
            Token::LBracket if is_comprehension(parser) => {
                parser.next_token();
                Some(comprehension(parser))
            }
            _ => None,
        }
    }

    fn parse_infix(&self, parser: &mut Parser, expr: &Expr, _: u8) -> Option<Result<Expr, ParserError>> {
        if parser.parse_keywords(&[Keyword::IS, Keyword::DISTINCT, Keyword::FROM]) {
            // The parser would take `b and c` in `a is distinct from b and c` for one value.
            let other = parser.parse_subexpr(IS);
            return Some(other.map(|other| Expr::IsDistinctFrom(Box::new(expr.clone()), Box::new(other))));
        }
        if parser.parse_keywords(&[Keyword::IS, Keyword::NOT, Keyword::DISTINCT, Keyword::FROM]) {
            let other = parser.parse_subexpr(IS);
            return Some(other.map(|other| Expr::IsNotDistinctFrom(Box::new(expr.clone()), Box::new(other))));
        }
        let Token::Word(word) = &parser.peek_token_ref().token else { return None };
        match (word.quote_style, word.value.to_lowercase().as_str()) {
            (None, "isnull") => {
                parser.next_token();
                Some(Ok(Expr::IsNull(Box::new(expr.clone()))))
            }
            (None, "glob") => {
                parser.next_token();
                Some(parser.parse_subexpr(LIKE).map(|pattern| call("glob", vec![expr.clone(), pattern])))
            }
            _ => None,
        }
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        let Token::Word(word) = &parser.peek_token_ref().token else { return None };
        if word.quote_style.is_some() {
            return None;
        }
        match word.value.to_lowercase().as_str() {
            "isnull" => Some(Ok(IS)),
            "glob" => Some(Ok(LIKE)),
            _ => None,
        }
    }

    supports!(
        allow_extract_custom,
        allow_extract_single_quotes,
        support_map_literal_syntax,
        supports_array_typedef_with_brackets,
        supports_bitwise_shift_operators,
        supports_comma_separated_trim,
        supports_dictionary_syntax,
        supports_filter_during_aggregation,
        supports_from_first_select,
        supports_group_by_expr,
        supports_named_fn_args_with_assignment_operator,
        supports_named_fn_args_with_eq_operator,
        supports_nested_comments,
        supports_notnull_operator,
        supports_numeric_literal_underscores,
        supports_order_by_all,
        supports_select_wildcard_exclude,
        supports_select_wildcard_replace,
        supports_string_escape_constant,
        supports_trailing_commas,
        supports_window_clause_named_window_reference,
        supports_window_function_null_treatment_arg,
    );
}

/// How strongly operators bind, as the parser has it for `is` and `like`.
const IS: u8 = 17;
const LIKE: u8 = 19;

/// `x, i: x + i`, behind the word `lambda`.
fn lambda(parser: &mut Parser) -> Result<Expr, ParserError> {
    let names = parser.parse_comma_separated(Parser::parse_identifier)?;
    parser.expect_token(&Token::Colon)?;
    let body = parser.parse_expr()?;
    Ok(function_of(names, body))
}

fn function_of(names: Vec<Ident>, body: Expr) -> Expr {
    let mut params: Vec<_> = names.into_iter().map(|name| LambdaFunctionParameter { name, data_type: None }).collect();
    let params = match params.len() {
        1 => OneOrManyWithParens::One(params.remove(0)),
        _ => OneOrManyWithParens::Many(params),
    };
    Expr::Lambda(LambdaFunction { params, body: Box::new(body), syntax: LambdaSyntax::LambdaKeyword })
}

/// Whether the next `[` holds a `for` of its own.
fn is_comprehension(parser: &Parser) -> bool {
    let mut depth = 0_usize;
    for at in 0.. {
        match &parser.peek_nth_token_ref(at).token {
            Token::LBracket | Token::LParen | Token::LBrace => depth += 1,
            Token::RBracket | Token::RParen | Token::RBrace if depth <= 1 => return false,
            Token::RBracket | Token::RParen | Token::RBrace => depth -= 1,
            Token::Word(word) if depth == 1 && word.keyword == Keyword::FOR => return true,
            Token::EOF => return false,
            _ => {}
        }
    }
    false
}

/// `x + 1 for x in list if x > 0]`: what is kept of the list, and what becomes of it.
fn comprehension(parser: &mut Parser) -> Result<Expr, ParserError> {
    let body = parser.parse_expr()?;
    parser.expect_keyword(Keyword::FOR)?;
    let name = parser.parse_identifier()?;
    parser.expect_keyword(Keyword::IN)?;
    let mut list = parser.parse_expr()?;
    if parser.parse_keyword(Keyword::IF) {
        let condition = parser.parse_expr()?;
        list = call("list_filter", vec![list, function_of(vec![name.clone()], condition)]);
    }
    parser.expect_token(&Token::RBracket)?;
    Ok(call("list_transform", vec![list, function_of(vec![name], body)]))
}
