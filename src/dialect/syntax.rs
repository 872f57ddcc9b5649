//! What parses. DuckDB's syntax is the parser's own, but for lambdas, which would take the arrow away from JSON.

use std::any::TypeId;

use datafusion::logical_expr::sqlparser::dialect::{Dialect as Syntax, DuckDbDialect, PostgreSqlDialect};

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
    );
}
