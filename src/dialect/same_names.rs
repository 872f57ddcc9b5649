//! Columns that the engine takes for one. `sum(a::int), sum(a::double)`: it leaves casts out of the names of its columns, so
//! that a cast among the arguments of a function says its type where that is in the way. `select a, a`: DuckDB calls the
//! second one `a_1`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    CaseWhen, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Query, Select, SelectItem, VisitMut,
    VisitorMut,
};

use super::calls::text;

/// Tells such columns apart. Says whether there were any.
pub fn tell_apart(query: &mut Query) -> bool {
    let mut visitor = TellApart { any: false };
    let _: ControlFlow<()> = VisitMut::visit(query, &mut visitor);
    visitor.any
}

struct TellApart {
    any: bool,
}

impl VisitorMut for TellApart {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for item in &mut select.projection {
            let Some(name) = name_of(item).cloned() else { continue };
            let before = seen.entry(name.value.to_lowercase()).or_default();
            if *before > 0 {
                let alias = Ident { value: format!("{}_{before}", name.value), ..name };
                if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                    *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
                    self.any = true;
                }
            }
            *before += 1;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expression
            && let FunctionArguments::List(list) = &mut function.args
        {
            for argument in &mut list.args {
                if let FunctionArg::Unnamed(FunctionArgExpr::Expr(value @ Expr::Cast { .. })) = argument {
                    *value = saying_its_type(value.clone());
                    self.any = true;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// What a column of a `select` is called, where its text says it.
fn name_of(item: &SelectItem) -> Option<&Ident> {
    match item {
        SelectItem::UnnamedExpr(Expr::Identifier(name)) | SelectItem::ExprWithAlias { alias: name, .. } => Some(name),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(names)) => names.last(),
        _ => None,
    }
}

/// `case when 'INT' is not null then a::int end`, which the optimizer makes `a::int` again.
fn saying_its_type(value: Expr) -> Expr {
    let Expr::Cast { data_type, .. } = &value else { return value };
    let condition = Expr::IsNotNull(Box::new(text(&data_type.to_string())));
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result: value }],
        else_result: None,
    }
}
