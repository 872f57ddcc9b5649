//! Columns are found whatever letters they are written in, capital or small, and keep the name that they have where they
//! come from, as DuckDB has it. The engine looks for the exact name: it is asked first, and where it finds none, what is
//! written is spelled as the columns in reach are.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::common::{Column, Span};
use datafusion::sql::sqlparser::ast::{
    ExcludeSelectItem, Expr, Ident, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Query, Select,
    SelectItem, Value, ValueWithSpan, Visit, VisitMut, Visitor, VisitorMut, WildcardAdditionalOptions,
    visit_expressions_mut,
};

/// The parts of a query in which a column was missed before.
#[derive(Debug, Default)]
pub struct Settled(BTreeSet<usize>);

/// Spells columns as those in reach are, in the part of a query where a missing one stands: it is at `place`, or where
/// nobody knows. Says whether anything has changed.
pub fn spell_columns(
    query: &mut Query,
    missing: &Column,
    place: Option<Span>,
    in_reach: &[Column],
    settled: &mut Settled,
) -> bool {
    if !in_reach.iter().any(|it| means(missing, it)) {
        return false;
    }
    let mut search = Search { missing, place, parts: Parts::default() };
    let found = match Visit::visit(query, &mut search) {
        ControlFlow::Break(part) => Some(part),
        // It has come from somewhere else, such as the body of a macro.
        ControlFlow::Continue(()) if place.is_none() => None,
        ControlFlow::Continue(()) => return false,
    };
    settled.0.extend(found);
    let mut spelling = Spelling { in_reach, only: found, settled, parts: Parts::default(), spelled: Vec::new() };
    let _: ControlFlow<()> = VisitMut::visit(query, &mut spelling);
    let spelled = spelling.spelled;
    // `unpivot t on jan` has the name as a value too.
    let _: ControlFlow<()> = visit_expressions_mut(query, |it| {
        if let Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), span }) = it
            && let Some(name) = spelled.iter().find(|it| it.span == *span && it.value.eq_ignore_ascii_case(text))
        {
            text.clone_from(&name.value);
        }
        ControlFlow::Continue(())
    });
    !spelled.is_empty()
}

/// A query that leaves out what it replaces (`* replace (a + 1 as a)`), and the names of that; `None` where it replaces
/// nothing. The planner passes over a name to replace that it does not find, and misses one to leave out.
pub fn leaving_out_replaced(query: &Query) -> Option<(Query, Vec<String>)> {
    let mut query = query.clone();
    let mut leaving = LeavingOut::default();
    let _: ControlFlow<()> = VisitMut::visit(&mut query, &mut leaving);
    (!leaving.names.is_empty()).then(|| {
        let names = leaving.names.iter().map(exact).collect();
        (query, names)
    })
}

#[derive(Default)]
struct LeavingOut {
    names: Vec<Ident>,
}

impl VisitorMut for LeavingOut {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for options in select.projection.iter_mut().filter_map(wildcard) {
            let replaced = options.opt_replace.take().map(|it| it.items).unwrap_or_default();
            let mut names: Vec<ObjectName> = match options.opt_exclude.take() {
                Some(ExcludeSelectItem::Single(name)) => vec![name],
                Some(ExcludeSelectItem::Multiple(names)) => names,
                None => Vec::new(),
            };
            for item in replaced {
                names.push(ObjectName::from(vec![item.column_name.clone()]));
                self.names.push(item.column_name);
            }
            options.opt_exclude =
                Some(ExcludeSelectItem::Multiple(names)).filter(|it| *it != ExcludeSelectItem::Multiple(Vec::new()));
        }
        ControlFlow::Continue(())
    }
}

fn wildcard(item: &mut SelectItem) -> Option<&mut WildcardAdditionalOptions> {
    match item {
        SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => Some(options),
        _ => None,
    }
}

/// The names of columns that a `*` leaves out or replaces.
fn names_of_wildcard(options: &mut WildcardAdditionalOptions) -> Vec<&mut Ident> {
    let left_out: &mut [ObjectName] = match &mut options.opt_exclude {
        Some(ExcludeSelectItem::Single(name)) => std::slice::from_mut(name),
        Some(ExcludeSelectItem::Multiple(names)) => names,
        None => &mut [],
    };
    let left_out = left_out.iter_mut().flat_map(|it| &mut it.0).filter_map(|it| match it {
        ObjectNamePart::Identifier(name) => Some(name),
        ObjectNamePart::Function(_) => None,
    });
    let replaced = options.opt_replace.iter_mut().flat_map(|it| &mut it.items).map(|it| &mut it.column_name);
    left_out.chain(replaced).collect()
}

/// Whether what is written means a column, in whatever letters.
pub(super) fn means(written: &Column, column: &Column) -> bool {
    let same_table = match (&written.relation, &column.relation) {
        (Some(written), Some(table)) => written.table().eq_ignore_ascii_case(table.table()),
        (Some(_), None) => false,
        (None, _) => true,
    };
    same_table && written.name.eq_ignore_ascii_case(&column.name)
}

pub(super) fn begins_at(name: &Ident, place: Span) -> bool {
    (name.span.start.line, name.span.start.column) == (place.start.line, place.start.column)
}

/// Which part of a query is being visited. Each `select` is one, and what stands beside it, as `order by` does.
#[derive(Default)]
struct Parts {
    begun: usize,
    open: Vec<usize>,
    selects: BTreeSet<usize>,
}

impl Parts {
    fn enter(&mut self) {
        self.begun += 1;
        self.open.push(self.begun);
    }

    fn enter_select(&mut self) {
        self.enter();
        self.selects.insert(self.begun);
    }

    fn leave(&mut self) {
        self.open.pop();
    }

    fn current(&self) -> Option<usize> {
        self.open.last().copied()
    }

    /// Whether the current one is a `select` itself.
    fn is_in_select(&self) -> bool {
        self.open.last().is_some_and(|it| self.selects.contains(it))
    }
}

/// The names of a column: its own, and those of the table before it.
pub(super) fn names(expression: &Expr) -> Option<&[Ident]> {
    match expression {
        Expr::Identifier(name) => Some(std::slice::from_ref(name)),
        Expr::CompoundIdentifier(names) => Some(names),
        _ => None,
    }
}

/// Looks for the part in which the missing column stands.
struct Search<'a> {
    missing: &'a Column,
    place: Option<Span>,
    parts: Parts,
}

impl Visitor for Search<'_> {
    type Break = usize;

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<Self::Break> {
        self.parts.enter();
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Self::Break> {
        self.parts.leave();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        self.parts.enter_select();
        let begins = |it: &&mut Ident| self.place.is_some_and(|place| begins_at(it, place));
        let mut items = select.projection.clone();
        if items.iter_mut().filter_map(wildcard).flat_map(names_of_wildcard).any(|it| begins(&it))
            && let Some(part) = self.parts.current()
        {
            return ControlFlow::Break(part);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<Self::Break> {
        self.parts.leave();
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Self::Break> {
        let (Some(names), Some(part), Some(place)) = (names(expression), self.parts.current(), self.place) else {
            return ControlFlow::Continue(());
        };
        let is_it = names.first().is_some_and(|it| begins_at(it, place))
            && names.last().is_some_and(|it| it.value.eq_ignore_ascii_case(&self.missing.name));
        if is_it { ControlFlow::Break(part) } else { ControlFlow::Continue(()) }
    }
}

/// Spells the columns of one part, or of all.
struct Spelling<'a> {
    in_reach: &'a [Column],
    /// The part where the missing column stands.
    only: Option<usize>,
    settled: &'a Settled,
    parts: Parts,
    /// The names that were spelled, as they are now.
    spelled: Vec<Ident>,
}

impl VisitorMut for Spelling<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.parts.enter();
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.parts.leave();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        self.parts.enter_select();
        if self.is_spelled_here() {
            for name in select.projection.iter_mut().filter_map(wildcard).flat_map(names_of_wildcard) {
                self.spell(None, name);
            }
            for join in select.from.iter_mut().flat_map(|it| &mut it.joins) {
                let names = joined_by(&mut join.join_operator).iter_mut().flat_map(|it| &mut it.0);
                for name in names {
                    if let ObjectNamePart::Identifier(name) = name {
                        self.spell(None, name);
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &mut Select) -> ControlFlow<()> {
        self.parts.leave();
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<()> {
        // What stands beside a `select`, as `order by` does, may mean an alias by a plain name.
        let is_of_table = matches!(expression, Expr::CompoundIdentifier(_));
        let is_here = self.only.is_none_or(|part| self.parts.current() == Some(part));
        if !self.is_spelled_here() || !(is_here || is_of_table || self.parts.is_in_select()) {
            return ControlFlow::Continue(());
        }
        let names = match expression {
            Expr::Identifier(name) => std::slice::from_mut(name),
            Expr::CompoundIdentifier(names) => names.as_mut_slice(),
            _ => return ControlFlow::Continue(()),
        };
        let table = names.len().checked_sub(2).map(|at| names[at].value.clone());
        if let Some(last) = names.last_mut() {
            self.spell(table, last);
        }
        ControlFlow::Continue(())
    }
}

impl Spelling<'_> {
    /// Parts of a `union` are often written alike, so that others are spelled in the same way, until a column is missed
    /// there in turn: from then on they go by what is in their own reach.
    fn is_spelled_here(&self) -> bool {
        let current = self.parts.current();
        self.only.is_none_or(|part| current == Some(part))
            || current.is_none_or(|current| !self.settled.0.contains(&current))
    }

    fn spell(&mut self, table: Option<String>, name: &mut Ident) {
        let written = Column::new(table, exact(name));
        if let Some(column) = self.in_reach.iter().find(|it| means(&written, it))
            && !self.in_reach.iter().any(|it| it.name == written.name && means(&written, it))
        {
            *name = Ident::with_quote_and_span('"', name.span, &column.name);
            self.spelled.push(name.clone());
        }
    }
}

/// The columns of `using (…)`.
fn joined_by(operator: &mut JoinOperator) -> &mut [ObjectName] {
    match operator {
        JoinOperator::Join(JoinConstraint::Using(names))
        | JoinOperator::Inner(JoinConstraint::Using(names))
        | JoinOperator::Left(JoinConstraint::Using(names))
        | JoinOperator::LeftOuter(JoinConstraint::Using(names))
        | JoinOperator::Right(JoinConstraint::Using(names))
        | JoinOperator::RightOuter(JoinConstraint::Using(names))
        | JoinOperator::FullOuter(JoinConstraint::Using(names)) => names,
        _ => &mut [],
    }
}

/// The name that the engine looks for.
pub(super) fn exact(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() }
}
