//! One test: the query of its failures, and the number of them.

use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, lit};

use crate::compile::{self, Uncompiled};
use crate::data_tests;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::graph::Node;
use crate::parse::{NodeId, NodeKind, TestForm};
use crate::plan::accepted;
use crate::plan::models::{knows_inputs, plan_sql, problem, suspicions};
use crate::plan::project::{ProjectPlan, Scope, TestPlan};
use crate::plan::questions::{Tables, proof, question};
use crate::project::Json;

/// A test, and what there is to be said of it all the same.
pub(super) struct PlannedTest {
    pub(super) test: TestPlan,
    pub(super) found: Diagnostics,
}

/// The query of a test; nothing when it reads what could not be planned.
pub(super) fn plan_test(
    scope: &Scope<'_>,
    plan: &ProjectPlan,
    node: &Node,
    tables: Tables,
) -> Result<Option<PlannedTest>, Uncompiled> {
    let sql = match data_tests::query(scope.project, node, &scope.surroundings(plan, node)) {
        Err(Uncompiled::Misled(_)) if !knows_inputs(scope, plan, node) => return Ok(None),
        compiled => compiled?,
    };
    // Better now than when the test has been asked.
    let config = &node.facts.config;
    data_tests::verdict(0, config, &node.facts.span).map_err(Uncompiled::Wrong)?;
    if let Some(other) = config.text("store_failures_as").filter(|it| !["ephemeral", "table", "view"].contains(it)) {
        let words = format!(
            "{}: `store_failures_as`: '{other}' is not a valid value. Accepted values are: ['ephemeral', 'table', 'view']",
            node.facts.display()
        );
        let place = node.facts.place_of_config("store_failures_as");
        return Err(Uncompiled::Wrong(Diagnostic::error(Code::WrongValue, words).at(place)));
    }
    let NodeKind::Test(test) = &node.facts.kind else { return Ok(None) };
    let template = matches!(test.form, TestForm::Singular).then_some(&node.facts.source);
    let limited = match node.facts.config.get("limit").and_then(Json::as_u64) {
        Some(limit) => format!("select * from (\n{sql}\n) dbt_limited limit {limit}"),
        None => sql.clone(),
    };
    let template = template.filter(|_| limited == sql);
    let planned = plan_sql(scope, plan, node, template, &limited).map_err(Uncompiled::Wrong)?;
    let Some(rows) = planned else { return Ok(None) };
    let mut found = match test.form {
        TestForm::Singular => suspicions(scope, node, template, &limited, &rows),
        TestForm::Generic { .. } => Diagnostics::new(),
    };
    found.extend(accepted::unreadable(plan, node));
    let mut count_of_none = None;
    let count = match node.facts.config.text("fail_calc") {
        None => {
            let counted = count_rows(&rows.plan);
            counted.map_err(|error| Uncompiled::Wrong(problem(plan, node, &limited, &error)))?
        }
        Some(calculation) => {
            let calculated = |limited: &str| {
                let sql = format!("select {calculation} as failures from (\n{limited}\n) dbt_internal_test");
                plan_sql(scope, plan, node, None, &sql).map_err(Uncompiled::Wrong)
            };
            let Some(query) = calculated(&limited)? else { return Ok(None) };
            count_of_none = calculated(&format!("select * from (\n{limited}\n) dbt_none where false"))?;
            query.plan
        }
    };
    let sql = compile::with_ephemerals(node, &limited, scope.graph, &plan.compiled);
    let question = question(&rows.plan);
    // What is not there has no rows of which anything could be proved.
    let tested = question.as_ref().ok().filter(|_| scope.present || are_tables_there(scope, node));
    let proof = tested.and_then(|it| proof(it, tables, scope.session));
    let count_of_none = count_of_none.map(|it| it.plan);
    Ok(Some(PlannedTest { test: TestPlan { count, rows, sql, question, count_of_none, proof }, found }))
}

/// Whether the tables that a test reads are in the warehouse, or are made in this run.
fn are_tables_there(scope: &Scope<'_>, test: &Node) -> bool {
    let is_table = |it: &Node| match it.facts.kind {
        NodeKind::Seed | NodeKind::Snapshot(_) => true,
        NodeKind::Model => !matches!(it.facts.materialized(), "view" | "ephemeral"),
        _ => false,
    };
    let is_there = |id: &NodeId| scope.existing.contains_key(id) || scope.wanted.contains(id);
    let parents = scope.graph.parents(&test.facts.id);
    parents.iter().all(|id| is_there(id) || !scope.graph.get(id).is_some_and(is_table))
}

fn count_rows(plan: &LogicalPlan) -> datafusion::error::Result<LogicalPlan> {
    LogicalPlanBuilder::from(plan.clone())
        .aggregate(Vec::<datafusion::logical_expr::Expr>::new(), vec![count(lit(1_i64)).alias("failures")])?
        .build()
}
