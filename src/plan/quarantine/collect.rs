//! The tests that are configured with `quarantine: true`, each with the table that it is about; what can't be, and why.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::{LogicalPlan, TableScan};

use super::{OWN_COLUMNS, Quarantine, Rule, quarantine_of};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::graph::{Graph, Node};
use crate::parse::{NodeId, NodeKind};
use crate::plan::project::{ProjectPlan, Scope};
use crate::plan::questions::{Question, Wanted};
use crate::plan::relation::PlannedTable;
use crate::project::Json;

/// Materialisations that rows can be moved out of.
const TABLES: [&str; 5] = ["external", "incremental", "materialized_view", "seed", "table"];

/// The quarantine of each table that is made.
pub(in crate::plan) fn collect(
    scope: &Scope<'_>,
    plan: &ProjectPlan,
    found: &mut Diagnostics,
) -> BTreeMap<NodeId, Quarantine> {
    let mut all: BTreeMap<NodeId, Quarantine> = BTreeMap::new();
    let is_test = |it: &&Node| matches!(it.facts.kind, NodeKind::Test(_)) && scope.wanted.contains(&it.facts.id);
    for test in scope.graph.nodes().filter(is_test).filter(|it| is_quarantined(it)) {
        match rule(scope, plan, test) {
            Ok(Some(OfTable { model, .. })) if model.facts.is_delta() => {
                found.push(refused(test, &format!("{} is a Delta table", model.facts.display())));
            }
            Ok(Some(OfTable { model, rule, after })) => {
                let relation = quarantine_of(&model.facts.relation);
                if let Some(other) = waits_for_itself(scope.graph, &all, &model.facts.id, &after) {
                    let who = scope.graph.get(&other).map(|it| it.facts.display()).unwrap_or_default();
                    let words = format!("it compares with {who}, which is there only after {}", model.facts.display());
                    found.push(refused(test, &words));
                    continue;
                }
                let new = || Quarantine { relation, after: BTreeSet::new(), rules: Vec::new() };
                let quarantine = all.entry(model.facts.id.clone()).or_insert_with(new);
                quarantine.rules.push(rule);
                quarantine.after.extend(after);
            }
            Ok(None) => {}
            Err(why) => found.push(refused(test, &why)),
        }
    }
    for id in all.keys() {
        found.extend(name_problems(scope, plan, id));
    }
    all
}

/// Whether a node asks for rows to be moved.
pub fn is_quarantined(node: &Node) -> bool {
    node.facts.config.setting("quarantine").and_then(Json::as_bool) == Some(true)
}

/// A rule for the rows of a table.
struct OfTable<'a> {
    model: &'a Node,
    rule: Rule,
    /// What must be there before the table is.
    after: BTreeSet<NodeId>,
}

/// A test as a rule for the rows of a table; nothing where the table is not made.
fn rule<'a>(scope: &Scope<'a>, plan: &ProjectPlan, test: &Node) -> Result<Option<OfTable<'a>>, String> {
    if plan.late.contains_key(&test.facts.id) {
        return Err("its query is known only when what it asks about is built".to_owned());
    }
    let Some(planned) = plan.tests.get(&test.facts.id) else { return Ok(None) };
    let question = planned.question.as_ref().map_err(ToString::to_string)?;
    let parents = scope.graph.parents(&test.facts.id);
    let parent = |is: &dyn Fn(&Node) -> bool| parents.iter().filter_map(|it| scope.graph.get(it)).find(|it| is(it));
    let Some(table) = question.scan.source.downcast_ref::<PlannedTable>() else {
        let is_source = |it: &Node| matches!(it.facts.kind, NodeKind::Source(_));
        let is_view = |it: &Node| it.facts.can_be_read() && it.facts.materialized() == "view";
        return match (parent(&is_view), parent(&is_source)) {
            (Some(view), _) => Err(format!("{} is a view", view.facts.display())),
            (None, Some(source)) => Err(format!("{} is not made here", source.facts.display())),
            // What is there already and not made anew.
            (None, None) => Ok(None),
        };
    };
    let Some(model) = parent(&|it| it.facts.relation.is_same(&table.relation)) else { return Ok(None) };
    let facts = &model.facts;
    if !TABLES.contains(&facts.materialized()) || plan.custom.contains_key(&facts.id) {
        return Err(format!("{} is a {}", facts.display(), facts.materialized()));
    }
    let mut after = BTreeSet::new();
    match &question.wanted {
        Wanted::Rows { .. } | Wanted::Repeats { .. } => {}
        Wanted::Totals { .. } => return Err("it asks about all rows together".to_owned()),
        Wanted::Orphans { partners, .. } => {
            if reads(partners, question, table) {
                return Err(format!("it compares rows of {} with one another", facts.display()));
            }
            after.extend(parents.iter().filter(|it| **it != facts.id).cloned());
        }
    }
    let (id, name) = (test.facts.id.clone(), test.facts.name.clone());
    Ok(Some(OfTable { model, rule: Rule { test: id, name, wanted: question.wanted.clone() }, after }))
}

/// Whether a query reads the table that a question is about.
fn reads(query: &LogicalPlan, question: &Question, table: &PlannedTable) -> bool {
    let is_it = |scan: &TableScan| {
        let planned = scan.source.downcast_ref::<PlannedTable>();
        scan.table_name == question.scan.table_name || planned.is_some_and(|it| it.relation.is_same(&table.relation))
    };
    let mut found = false;
    // Nothing fails in a walk that does nothing.
    let _ = query.apply_with_subqueries(|node| {
        found |= matches!(node, LogicalPlan::TableScan(scan) if is_it(scan));
        Ok(TreeNodeRecursion::Continue)
    });
    found
}

/// What a table would wait for that waits for the table: its inputs do, their quarantines, and all tests of these.
fn waits_for_itself(
    graph: &Graph,
    all: &BTreeMap<NodeId, Quarantine>,
    id: &NodeId,
    new: &BTreeSet<NodeId>,
) -> Option<NodeId> {
    let is_test = |it: &&Node| matches!(it.facts.kind, NodeKind::Test(_));
    let tests: Vec<&Node> = graph.nodes().filter(is_test).collect();
    let after = |id: &NodeId| all.get(id).map(|it| it.after.clone()).unwrap_or_default();
    new.iter()
        .find(|first| {
            let (mut seen, mut edge) = (BTreeSet::new(), vec![(*first).clone()]);
            while let Some(next) = edge.pop() {
                if !seen.insert(next.clone()) {
                    continue;
                }
                edge.extend(after(&next));
                for input in graph.parents(&next) {
                    edge.push(input.clone());
                    let tested = tests.iter().filter(|it| graph.parents(&it.facts.id).contains(input));
                    edge.extend(tested.flat_map(|it| graph.parents(&it.facts.id).to_vec()));
                }
            }
            seen.contains(id)
        })
        .cloned()
}

fn name_problems(scope: &Scope<'_>, plan: &ProjectPlan, id: &NodeId) -> Diagnostics {
    let mut found = Diagnostics::new();
    let (Some(node), Some(model)) = (scope.graph.get(id), plan.models.get(id)) else { return found };
    let relation = quarantine_of(&node.facts.relation);
    if let Some(other) = scope.graph.nodes().find(|it| it.facts.relation.is_same(&relation)) {
        let words =
            format!("{relation} is the quarantine of {}, and {} too", node.facts.display(), other.facts.display());
        found.push(
            Diagnostic::error(Code::DuplicateName, words)
                .at(other.facts.span.clone())
                .help("give one of them another `alias`"),
        );
    }
    let clashing = |it: &&&str| model.schema.fields().iter().any(|field| field.name().eq_ignore_ascii_case(it));
    if let Some(name) = OWN_COLUMNS.iter().find(clashing) {
        let words = format!("{} has a column `{name}`, which its quarantine has too", node.facts.display());
        found.push(Diagnostic::error(Code::DuplicateName, words).at(node.facts.span.clone()).help("call it otherwise"));
    }
    found
}

fn refused(test: &Node, why: &str) -> Diagnostic {
    let place: Span = test.facts.config.place_of_setting("quarantine").unwrap_or_else(|| test.facts.span.clone());
    let words = format!("{} can't move rows to quarantine: {why}", test.facts.display());
    Diagnostic::error(Code::NotRowLevel, words)
        .at(place)
        .help("a test that moves rows says of each row of one table whether it fails; without `quarantine` it may ask anything")
}
