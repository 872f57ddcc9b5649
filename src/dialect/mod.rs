//! Whose SQL the user writes. The target names a dialect; what it says otherwise than the engine is settled here:
//! what parses (`syntax`), functions that are other words for what the engine has (`macros`, `json_paths`), columns that
//! name one another (`lateral`) or are written in other letters (`letters`), and operators and casts that mean something
//! else (`operators`, `casts`).
//!
//! To add a function: a line in `functions/<dialect>.sql`, when SQL can say it; else a file in `functions`.

mod calls;
mod casts;
mod clauses;
mod expressions;
mod formats;
mod full_joins;
mod functions;
mod grouping;
mod json_paths;
mod lateral;
mod letters;
mod letters_around;
mod macros;
mod numbers;
mod operators;
mod pivots;
mod same_names;
mod several_files;
mod structs;
mod syntax;
mod table_functions;
mod tokens;
mod type_names;
mod unions;

pub use lateral::inline_alias;
pub use letters::{Settled, leaving_out_replaced, spell_columns};
pub use letters_around::{Missed, relations_around, spell_missed};
pub use same_names::tell_apart;
pub use table_functions::table_call;
pub use type_names::type_name;

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::sqlparser::dialect::Dialect as Syntax;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::sql::sqlparser::ast::Query;
use datafusion::sql::sqlparser::tokenizer::TokenWithSpan;

use crate::project::Dialect;

/// What the parser accepts.
pub fn syntax(dialect: Dialect) -> &'static dyn Syntax {
    syntax::of(dialect)
}

/// Sets the engine to what the dialect does by default.
pub fn configure(dialect: Dialect, options: &mut ConfigOptions) {
    if dialect == Dialect::DuckDb {
        options.sql_parser.default_null_ordering = "nulls_last".to_owned();
        // `now()` is a point in time, not a time on some clock.
        options.execution.time_zone = Some("UTC".to_owned());
    }
    if dialect != Dialect::DataFusion {
        options.sql_parser.parse_float_as_decimal = true;
    }
}

/// What the dialect's operators mean; asked before the engine's own planners.
pub fn planners(dialect: Dialect) -> Vec<Arc<dyn ExprPlanner>> {
    match dialect {
        Dialect::DuckDb | Dialect::Postgres => {
            vec![Arc::new(operators::DialectOperators { dialect }), Arc::new(operators::PlainRowNumbers)]
        }
        Dialect::DataFusion => vec![Arc::new(operators::PlainRowNumbers)],
    }
}

/// Adds the dialect's functions.
///
/// # Errors
/// What the engine says of a function that it does not take.
pub fn register(dialect: Dialect, registry: &mut dyn FunctionRegistry) -> Result<()> {
    functions::register(dialect, registry)
}

/// Puts the names of the target where a query asks for them: `current_schema()`, `current_database()`.
pub fn fill_in_names(query: &mut Query, database: &str, schema: &str) {
    expressions::fill_in_names(query, database, schema);
}

/// The tokens of a text, fit for the parser.
///
/// # Errors
/// Texts that are not closed, and constructs that the engine can't do.
pub fn tokens(sql: &str, dialect: Dialect) -> Result<Vec<TokenWithSpan>> {
    tokens::of(sql, syntax(dialect), dialect)
}

/// Puts what the engine knows in the place of what only the dialect knows.
///
/// # Errors
/// Constructs that the engine can't do.
pub fn rewrite(query: &mut Query, dialect: Dialect) -> Result<()> {
    if dialect == Dialect::DuckDb {
        clauses::rewrite(query)?;
        expressions::rewrite(query);
        json_paths::rewrite(query);
        table_functions::name_columns(query);
    }
    macros::expand(query, dialect);
    Ok(())
}

/// Casts that the user wrote, and the sides of unions, as the dialect means them. For a plan whose types are not settled yet.
///
/// # Errors
/// What the engine says of a plan that can't be made.
pub fn settle_casts(plan: LogicalPlan, dialect: Dialect) -> Result<LogicalPlan> {
    let plan = if dialect == Dialect::DuckDb { unions::settle(plan)? } else { plan };
    casts::settle(plan, dialect)
}

/// Texts that the engine made times of itself, where they are compared with some. For a plan whose types are settled.
///
/// # Errors
/// What the engine says of a plan that can't be made.
pub fn settle_texts(plan: LogicalPlan, dialect: Dialect) -> Result<LogicalPlan> {
    if dialect == Dialect::DataFusion { Ok(plan) } else { casts::settle_texts(plan) }
}

/// Whether a text that is written out can be read as a point in time.
pub fn is_time(text: &str) -> bool {
    [false, true].into_iter().any(|zoned| functions::timestamp_micros(text, zoned).is_some())
}

/// An interval as files hold it: days and milliseconds.
pub fn stored_interval(interval: Expr) -> Expr {
    functions::interval_stored(interval)
}
