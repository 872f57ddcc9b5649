//! Columns of the queries around, written in other letters: `exists (select 1 from u where u.k = A.KEY)`. Where a column is
//! missed, the engine says what there is in the query where it stands, and nothing of what is further out.

use std::ops::ControlFlow;

use datafusion::common::{Column, Span};
use datafusion::sql::sqlparser::ast::{
    Cte, Expr, Ident, Query, Select, SelectItem, SetExpr, TableWithJoins, Visit, VisitMut, Visitor, VisitorMut,
    WildcardAdditionalOptions, With,
};

use super::letters::{begins_at, exact, means, names};

/// A column that is missed: its names, and its place, where it is known.
#[derive(Debug, Clone)]
pub struct Missed {
    /// As the engine looks for it.
    pub column: Column,
    /// Where it is written, as far as the engine says.
    pub place: Option<Span>,
}

impl Missed {
    fn is_at(&self, expression: &Expr) -> bool {
        let Some(names) = names(expression) else { return false };
        match self.place {
            Some(place) => names.first().is_some_and(|it| begins_at(it, place)),
            None => {
                let table = self.column.relation.as_ref().map(|it| it.table());
                names.last().is_some_and(|it| exact(it) == self.column.name)
                    && names.len().checked_sub(2).map(|at| exact(&names[at])).as_deref() == table
            }
        }
    }
}

/// What stands in `from` of the queries around a column and before it, each as a query of its own; the nearest first.
pub fn relations_around(query: &Query, missed: &Missed) -> Vec<Query> {
    let mut around = Around { missed, open: Vec::new() };
    match Visit::visit(query, &mut around) {
        ControlFlow::Break(found) => found,
        ControlFlow::Continue(()) => Vec::new(),
    }
}

/// Spells the column as one of those is, or the struct that it is a field of. Says whether anything has changed.
pub fn spell_missed(query: &mut Query, missed: &Missed, columns: &[Column]) -> bool {
    let mut spelling = SpellingAt { missed, columns, changed: false };
    let _: ControlFlow<()> = VisitMut::visit(query, &mut spelling);
    spelling.changed
}

struct SpellingAt<'a> {
    missed: &'a Missed,
    columns: &'a [Column],
    changed: bool,
}

impl VisitorMut for SpellingAt<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<()> {
        if !self.missed.is_at(expression) {
            return ControlFlow::Continue(());
        }
        let names = match expression {
            Expr::Identifier(name) => std::slice::from_mut(name),
            Expr::CompoundIdentifier(names) => names.as_mut_slice(),
            _ => return ControlFlow::Continue(()),
        };
        for at in (0..names.len()).rev() {
            let written = Column::new(at.checked_sub(1).map(|it| exact(&names[it])), exact(&names[at]));
            if let Some(column) = self.columns.iter().find(|it| means(&written, it) && it.name != written.name) {
                names[at] = Ident::with_quote_and_span('"', names[at].span, &column.name);
                self.changed = true;
                break;
            }
        }
        ControlFlow::Continue(())
    }
}

/// Looks for a place; on the way, what the open queries have.
struct Around<'a> {
    missed: &'a Missed,
    open: Vec<Open>,
}

enum Open {
    Query(Option<With>),
    Select(Box<Select>),
}

impl Visitor for Around<'_> {
    type Break = Vec<Query>;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        self.open.push(Open::Query(query.with.clone()));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Self::Break> {
        self.open.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        self.open.push(Open::Select(Box::new(select.clone())));
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<Self::Break> {
        self.open.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Self::Break> {
        match self.missed.is_at(expression) {
            true => ControlFlow::Break(self.relations()),
            false => ControlFlow::Continue(()),
        }
    }
}

impl Around<'_> {
    fn relations(&self) -> Vec<Query> {
        let mut found = Vec::new();
        let mut with: Option<With> = None;
        for open in &self.open {
            match open {
                Open::Query(own) => with = joined(with, own.as_ref(), self.missed),
                Open::Select(select) => found.extend(relation(select, with.clone(), self.missed)),
            }
        }
        found.reverse();
        found
    }
}

/// The expressions that have names at a place: those around it, and its own that come before.
fn joined(around: Option<With>, own: Option<&With>, missed: &Missed) -> Option<With> {
    let Some(own) = own else { return around };
    let before: Vec<Cte> = own.cte_tables.iter().take_while(|it| !has_place(*it, missed)).cloned().collect();
    let is_hidden = |it: &Cte| before.iter().any(|own| own.alias.name.value.eq_ignore_ascii_case(&it.alias.name.value));
    let mut with = own.clone();
    let further = around.into_iter().flat_map(|it| {
        with.recursive |= it.recursive;
        it.cte_tables
    });
    let further: Vec<Cte> = further.filter(|it| !is_hidden(it)).collect();
    with.cte_tables = further.into_iter().chain(before).collect();
    (!with.cte_tables.is_empty()).then_some(with)
}

/// `select *` from what stands before a place.
fn relation(select: &Select, with: Option<With>, missed: &Missed) -> Option<Query> {
    let mut from: Vec<TableWithJoins> = Vec::new();
    for item in &select.from {
        if has_place(&item.relation, missed) {
            break;
        }
        let joins = item.joins.iter().take_while(|it| !has_place(&it.relation, missed)).cloned().collect::<Vec<_>>();
        let is_whole = joins.len() == item.joins.len();
        from.push(TableWithJoins { relation: item.relation.clone(), joins });
        if !is_whole {
            break;
        }
    }
    if from.is_empty() {
        return None;
    }
    let mut all = select.clone();
    all.from = from;
    all.projection = vec![SelectItem::Wildcard(WildcardAdditionalOptions::default())];
    (all.distinct, all.top, all.selection, all.having, all.qualify) = (None, None, None, None, None);
    all.group_by = datafusion::sql::sqlparser::ast::GroupByExpr::Expressions(Vec::new(), Vec::new());
    all.named_window.clear();
    Some(Query {
        with,
        body: Box::new(SetExpr::Select(Box::new(all))),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: Vec::new(),
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: Vec::new(),
    })
}

fn has_place(node: &impl Visit, missed: &Missed) -> bool {
    Visit::visit(node, &mut Place(missed)).is_break()
}

struct Place<'a>(&'a Missed);

impl Visitor for Place<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        if self.0.is_at(expression) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
