//! One test, asked by its own query: the number of its failures, the verdict, and some of the rows.

use std::sync::Arc;

use datafusion::error::Result;

use crate::data_tests::{Verdict, Way, verdict};
use crate::events::{Failures, Outcome};
use crate::execute::reuse::Made;
use crate::execute::run::{Job, bound, outside};
use crate::execute::steps::{ask, table, unit, view};
use crate::execute::tables::Tables;
use crate::graph::Node;
use crate::jinja::RelationName;
use crate::plan::{TestPlan, UnitTestPlan};
use crate::project::{Config, Json};
use crate::reuse::Because;

/// A test, as far as its answer is not known.
///
/// # Errors
/// Its query can't be carried out.
pub(super) async fn ask_test(job: &Job, tables: &Tables, node: &Node, test: &TestPlan) -> Result<Outcome> {
    let facts = &node.facts;
    let keeps = facts.config.flag("store_failures").unwrap_or(job.store_failures);
    let made = made_of_test(job, tables, node, test, keeps);
    if let Some(outcome) = job.quarantining.outcome(node) {
        // What is left has passed.
        job.reuse.asked(&facts.id, true, &made);
        return Ok(outcome);
    }
    if job.reuse.has_passed(&facts.id, &made) {
        return Ok(Outcome::Proved(Way::Unchanged));
    }
    let outcome = ask_anew(job, tables, node, test, keeps).await;
    job.reuse.asked(&facts.id, matches!(outcome, Ok(Outcome::Passed)), &made);
    outcome
}

/// What a test's answer is made of.
pub(super) fn made_of_test(job: &Job, tables: &Tables, node: &Node, test: &TestPlan, keeps: bool) -> Made {
    match keeps {
        true => Err(Because::Untold("it keeps its failures".to_owned())),
        false => job.reuse.made_of(&test.count, &verdict_config(&node.facts.config), tables, &job.plan.opened),
    }
}

/// What a verdict depends on, besides the number of failures.
fn verdict_config(config: &Config) -> String {
    let keys = ["severity", "warn_if", "error_if"];
    keys.iter().map(|key| format!("{key}={} ", config.get(key).unwrap_or(&Json::Null))).collect()
}

async fn ask_anew(job: &Job, tables: &Tables, node: &Node, test: &TestPlan, keeps: bool) -> Result<Outcome> {
    let facts = &node.facts;
    let count = ask::count(&job.session, &bound(&test.count, tables)?).await?;
    let verdict = match verdict(count, &facts.config, &facts.span) {
        Ok(verdict) => verdict,
        Err(problem) => return Ok(Outcome::Errored(Box::new(problem))),
    };
    let stored = if keeps { Some(store(job, tables, node, test).await?) } else { None };
    if verdict == Verdict::Pass {
        return Ok(Outcome::Passed);
    }
    let sample = ask::sample(&job.session, &bound(&test.rows.plan, tables)?).await?;
    let configured = verdict.configured(&facts.config);
    let failures = Failures { count, sample, query: test.sql.clone(), stored, configured, moved: false };
    Ok(if verdict == Verdict::Warn { Outcome::Warned(failures) } else { Outcome::Failed(failures) })
}

/// A unit test.
///
/// # Errors
/// The model's query can't be carried out.
pub(super) async fn ask_unit_test(job: &Job, tables: &Tables, test: &UnitTestPlan) -> Result<Outcome> {
    let (actual, expected) = (bound(&test.actual, tables)?, bound(&test.expected, tables)?);
    let compared = unit::compare(&job.session, &actual, &expected).await?;
    if compared.different == 0 {
        return Ok(Outcome::Passed);
    }
    let count = i64::try_from(compared.different).unwrap_or(i64::MAX);
    Ok(Outcome::Failed(Failures { count, sample: compared.drawn, query: test.sql.clone(), ..Failures::default() }))
}

/// Keeps all failing rows as a table; an empty one when there are none, as dbt does.
async fn store(job: &Job, tables: &Tables, node: &Node, test: &TestPlan) -> Result<RelationName> {
    let relation = node.facts.relation.clone();
    let staged = job.warehouse.stage(&relation);
    let plan = bound(&test.rows.plan, tables)?;
    let metadata = vec![("arrowmill.run_id".to_owned(), job.run_id.clone())];
    let writing = table::Writing { session: &job.session, staged: &staged, metadata, watch: Arc::new(|_| Ok(())) };
    let written = table::write(&plan, &writing).await?;
    let record = view::table_record(&test.rows.schema, written.rows, Vec::new(), &node.facts.id, &job.run_id);
    job.warehouse.publish(&staged, record).await.map_err(outside)?;
    Ok(relation)
}
