//! Columns that name one another: `select a + 1 as b, b + 1 as c`, and `where b > 1`, as DuckDB has it.
//! A real column of that name comes first, and only the planner knows: it asks when it finds none.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Query, Select, SelectItem, SetExpr, VisitMut, VisitorMut, visit_expressions_mut,
};

/// Puts the expression of an alias where its name is used beside it. Says whether there was such a place.
pub fn inline_alias(query: &mut Query, alias: &str) -> bool {
    let mut inliner = Inliner { alias, changed: false };
    let _: ControlFlow<()> = VisitMut::visit(query, &mut inliner);
    inliner.changed
}

struct Inliner<'a> {
    alias: &'a str,
    changed: bool,
}

impl VisitorMut for Inliner<'_> {
    type Break = ();

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        self.in_body(&mut query.body);
        ControlFlow::Continue(())
    }
}

impl Inliner<'_> {
    fn in_body(&mut self, body: &mut SetExpr) {
        match body {
            SetExpr::Select(select) => self.in_select(select),
            SetExpr::SetOperation { left, right, .. } => {
                self.in_body(left);
                self.in_body(right);
            }
            _ => {}
        }
    }

    fn in_select(&mut self, select: &mut Select) {
        let defines = |item: &SelectItem| match item {
            SelectItem::ExprWithAlias { expr, alias } if alias.value.eq_ignore_ascii_case(self.alias) => {
                Some(expr.clone())
            }
            _ => None,
        };
        let Some((at, definition)) =
            select.projection.iter().enumerate().find_map(|(at, item)| Some((at, defines(item)?)))
        else {
            return;
        };
        // A definition that uses the name itself can't be what is meant.
        if uses(&mut definition.clone(), self.alias) {
            return;
        }
        let definition = Expr::Nested(Box::new(definition));
        for item in select.projection.iter_mut().skip(at + 1) {
            if let SelectItem::UnnamedExpr(Expr::Identifier(name)) = item
                && name.value.eq_ignore_ascii_case(self.alias)
            {
                *item = SelectItem::ExprWithAlias { expr: definition.clone(), alias: name.clone() };
                self.changed = true;
            } else if let SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) = item {
                self.changed |= replace(expr, self.alias, &definition);
            }
        }
        if let Some(filter) = &mut select.selection {
            self.changed |= replace(filter, self.alias, &definition);
        }
    }
}

fn is_name(expression: &Expr, name: &str) -> bool {
    matches!(expression, Expr::Identifier(it) if it.value.eq_ignore_ascii_case(name))
}

fn uses(expression: &mut Expr, name: &str) -> bool {
    visit_expressions_mut(expression, |it| {
        if is_name(it, name) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .is_break()
}

fn replace(expression: &mut Expr, name: &str, definition: &Expr) -> bool {
    let mut changed = false;
    let _: ControlFlow<()> = visit_expressions_mut(expression, |it| {
        if is_name(it, name) {
            *it = definition.clone();
            changed = true;
        }
        ControlFlow::Continue(())
    });
    changed
}
