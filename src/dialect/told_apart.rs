//! `sum(a::int), sum(a::double)`: the engine leaves casts out of the names of its columns, and takes the two for one.
//! Where that is in the way, a cast among the arguments of a function says its type.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    CaseWhen, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Query, visit_expressions_mut,
};

use super::calls::text;

/// Has casts say their types. Says whether there were any.
pub fn tell_casts_apart(query: &mut Query) -> bool {
    let mut any = false;
    let _: ControlFlow<()> = visit_expressions_mut(query, |expression| {
        if let Expr::Function(function) = expression
            && let FunctionArguments::List(list) = &mut function.args
        {
            for argument in &mut list.args {
                if let FunctionArg::Unnamed(FunctionArgExpr::Expr(value @ Expr::Cast { .. })) = argument {
                    *value = saying_its_type(value.clone());
                    any = true;
                }
            }
        }
        ControlFlow::Continue(())
    });
    any
}

/// `case when 'INT' is not null then a::int end`, which the optimizer makes `a::int` again.
fn saying_its_type(value: Expr) -> Expr {
    let Expr::Cast { data_type, .. } = &value else { return value };
    let condition = Expr::IsNotNull(Box::new(text(&data_type.to_string())));
    Expr::Case {
        case_token: datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken::empty(),
        end_token: datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result: value }],
        else_result: None,
    }
}
