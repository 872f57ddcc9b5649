//! Where a `*` passes on whatever columns the files of a source have, to a model that can't take others than those of
//! today: a table that grows, one under a contract, a snapshot, a side of a union.

use std::collections::BTreeSet;

use datafusion::common::Span as EngineSpan;
use datafusion::sql::sqlparser::ast::{Query, Select, SelectItem, SetExpr, TableFactor};

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::graph::{Graph, Node};
use crate::jinja::RelationName;
use crate::parse::{NodeId, NodeKind};
use crate::plan::problem::Origin;
use crate::plan::project::ProjectPlan;
use crate::plan::query;
use crate::project::{Dialect, Json};

/// All such stars of the models that are wanted.
pub fn open_stars(
    plan: &ProjectPlan,
    graph: &Graph,
    dialect: Dialect,
    wanted: &dyn Fn(&NodeId) -> bool,
) -> Diagnostics {
    let mut found = Diagnostics::new();
    let mut open: BTreeSet<&NodeId> = BTreeSet::new();
    for node in graph.nodes() {
        match &node.facts.kind {
            NodeKind::Source(_) if node.facts.columns.is_empty() => drop(open.insert(&node.facts.id)),
            NodeKind::Model | NodeKind::Snapshot(_) => {}
            _ => continue,
        }
        let Some(sql) = plan.compiled.get(&node.facts.id).map(|it| &it.sql) else { continue };
        let Ok(query) = query::parse(sql, dialect) else { continue };
        let mut stars = Vec::new();
        reaching(&query, &[], false, &mut stars);
        let is_open =
            |star: &&Star| inputs(node, graph).any(|(id, relation)| open.contains(id) && star.reads(relation));
        let stars: Vec<&Star> = stars.iter().filter(is_open).collect();
        if stars.is_empty() {
            continue;
        }
        let who = node.facts.display();
        let origin =
            Origin { sql, template: Some(&node.facts.source), fallback: &node.facts.span, who: &who, macros: None };
        for star in stars.into_iter().filter(|_| wanted(&node.facts.id)) {
            let Some(why) = hazard(node, star) else { continue };
            let words = format!("{who}: `*` gives whatever columns the files have, and {why}");
            let place = star.span.and_then(|it| origin.place(it)).map(|it| it.span);
            found.push(
                Diagnostic::warning(Code::OpenStar, words)
                    .at(place.unwrap_or_else(|| node.facts.span.clone()))
                    .help("list the columns, or declare those of the source: `columns: [{name: …}]`"),
            );
        }
        open.insert(&node.facts.id);
    }
    found
}

/// What goes wrong when there is one more column one day, or one fewer.
fn hazard(node: &Node, star: &Star) -> Option<String> {
    let config = &node.facts.config;
    let is_promised = config.get("contract").and_then(|it| it.get("enforced")).and_then(Json::as_bool) == Some(true);
    let on_change = config.text("on_schema_change").unwrap_or("ignore");
    let follows = ["append_new_columns", "sync_all_columns"].contains(&on_change);
    if is_promised {
        return Some("a new one breaks the contract".to_owned());
    }
    match node.facts.kind {
        NodeKind::Snapshot(_) => Some("a snapshot keeps those that it began with".to_owned()),
        _ if node.facts.materialized() == "incremental" && !follows => {
            Some(format!("the table keeps those that it began with, as `on_schema_change` is `{on_change}`"))
        }
        _ if star.in_union => Some("a union puts them together by their places".to_owned()),
        _ => None,
    }
}

/// What a node reads, with the names that its text has for it.
fn inputs<'a>(node: &'a Node, graph: &'a Graph) -> impl Iterator<Item = (&'a NodeId, &'a RelationName)> {
    node.inputs.iter().filter_map(|it| graph.get(it)).map(|it| (&it.facts.id, &it.facts.relation))
}

/// A `*` whose columns are columns of the whole query.
struct Star {
    /// The relation, as it is written.
    parts: Vec<String>,
    span: Option<EngineSpan>,
    in_union: bool,
}

impl Star {
    fn reads(&self, relation: &RelationName) -> bool {
        let full = [&relation.database, &relation.schema, &relation.identifier];
        let fits = |(part, own): (&String, &&String)| part.eq_ignore_ascii_case(own);
        self.parts.len() <= full.len() && self.parts.iter().rev().zip(full.iter().rev()).all(fits)
    }
}

/// Collects the stars whose columns leave a query. `around` are the common table expressions that it may name.
fn reaching<'a>(query: &'a Query, around: &[(&'a str, &'a Query)], in_union: bool, stars: &mut Vec<Star>) {
    let mut named = around.to_vec();
    for cte in query.with.iter().flat_map(|it| &it.cte_tables) {
        named.push((cte.alias.name.value.as_str(), &cte.query));
    }
    of_body(&query.body, &named, in_union, stars);
}

fn of_body<'a>(body: &'a SetExpr, named: &[(&'a str, &'a Query)], in_union: bool, stars: &mut Vec<Star>) {
    match body {
        SetExpr::Select(select) => of_select(select, named, in_union, stars),
        SetExpr::Query(query) => reaching(query, named, in_union, stars),
        SetExpr::SetOperation { left, right, .. } => {
            of_body(left, named, true, stars);
            of_body(right, named, true, stars);
        }
        _ => {}
    }
}

fn of_select<'a>(select: &'a Select, named: &[(&'a str, &'a Query)], in_union: bool, stars: &mut Vec<Star>) {
    let factors = || {
        select.from.iter().flat_map(|it| std::iter::once(&it.relation).chain(it.joins.iter().map(|it| &it.relation)))
    };
    for item in &select.projection {
        let (options, only) = match item {
            SelectItem::Wildcard(options) => (options, None),
            SelectItem::QualifiedWildcard(kind, options) => (options, Some(kind.to_string())),
            _ => continue,
        };
        let span = EngineSpan::try_from_sqlparser_span(options.wildcard_token.0.span);
        for factor in factors() {
            match factor {
                TableFactor::Table { name, alias, args: None, .. } => {
                    let parts: Vec<String> =
                        name.0.iter().filter_map(|it| it.as_ident()).map(|it| it.value.clone()).collect();
                    let called = alias.as_ref().map_or_else(|| parts.last().cloned(), |it| Some(it.name.value.clone()));
                    let is_meant =
                        |only: &String| called.as_ref().is_some_and(|it| same(only.trim_end_matches(".*"), it));
                    if !only.as_ref().is_none_or(is_meant) {
                        continue;
                    }
                    let at = named.iter().rposition(|(name, _)| parts.len() == 1 && same(name, &parts[0]));
                    match at {
                        // What it names stands before it, so that this comes to an end.
                        Some(at) => reaching(named[at].1, &named[..at], in_union, stars),
                        None => stars.push(Star { parts, span, in_union }),
                    }
                }
                TableFactor::Derived { subquery, .. } if only.is_none() => reaching(subquery, named, in_union, stars),
                _ => {}
            }
        }
    }
}

fn same(a: &str, b: &str) -> bool {
    a.trim_matches('"').eq_ignore_ascii_case(b)
}
