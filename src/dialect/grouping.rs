//! `rollup ((a, b), c)`, `cube ((a, b), c)`: columns that come and go together, which the engine knows only in lists of
//! sets.

use datafusion::sql::sqlparser::ast::Expr;

/// More sets than this are nobody's wish, and more than the engine takes.
const MOST_OF_CUBE: usize = 12;

/// Lists the sets of such an expression.
pub(super) fn list_sets(expression: &mut Expr) {
    let has_tuple = |parts: &[Vec<Expr>]| parts.iter().any(|it| it.len() != 1);
    let sets = match expression {
        Expr::Rollup(parts) if has_tuple(parts) => {
            let prefixes = (0..=parts.len()).rev().map(|count| parts.iter().take(count).flatten().cloned().collect());
            prefixes.collect::<Vec<Vec<Expr>>>()
        }
        Expr::Cube(parts) if has_tuple(parts) && parts.len() <= MOST_OF_CUBE => {
            let subset = |members: usize| {
                let is_member = |at: &usize| members & (1 << at) != 0;
                let chosen = (0..parts.len()).filter(is_member).filter_map(|at| parts.get(at));
                chosen.flatten().cloned().collect()
            };
            (0..1_usize << parts.len()).rev().map(subset).collect()
        }
        _ => return,
    };
    *expression = Expr::GroupingSets(sets);
}
