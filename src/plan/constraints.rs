//! What an enforced contract promises of a table's rows, as one query that counts those that break it.
//! Like dbt-duckdb: `not_null`, `check`, `unique` and `primary_key` hold; nulls break neither `check` nor `unique`.
//! <https://docs.getdbt.com/reference/resource-properties/constraints>

use arrow::datatypes::SchemaRef;
use datafusion::logical_expr::LogicalPlan;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, closest};
use crate::parse::NodeFacts;
use crate::plan::problem::{Origin, explain};
use crate::plan::project::Scope;
use crate::plan::query::{PlannedQuery, plan_query};
use crate::plan::relation::Catalog;
use crate::project::{Json, Located};

/// The constraints of one table.
#[derive(Debug, Clone)]
pub struct Constraints {
    /// What is said when one does not hold, and where it is written, in the order of the counts.
    pub words: Vec<(String, Span)>,
    /// One row of counts: the rows that break each. Reads the table under its own name.
    pub counts: LogicalPlan,
}

/// One constraint.
struct Rule {
    words: String,
    /// An aggregate over the table.
    count: Count,
    span: Span,
}

enum Count {
    /// Counts rows itself.
    Aggregate(String),
    /// Counts groups of these columns that have several rows.
    Groups(Vec<String>),
}

/// The constraints of a model under an enforced contract.
pub(super) fn of(
    scope: &Scope<'_>,
    facts: &NodeFacts,
    schema: &SchemaRef,
    found: &mut Diagnostics,
) -> Option<Constraints> {
    let enforced = facts.config.get("contract").and_then(|it| it.get("enforced")).and_then(Json::as_bool);
    if enforced != Some(true) || !matches!(facts.materialized(), "table" | "incremental") {
        return None;
    }
    let mut rules = Vec::new();
    for column in &facts.columns {
        for constraint in &column.constraints {
            rules.extend(read(facts, constraint, std::slice::from_ref(&column.name), schema, found));
        }
    }
    for constraint in &facts.model.constraints {
        let listed = constraint.value.get("columns").and_then(Json::as_array).into_iter().flatten();
        let columns: Vec<String> = listed.filter_map(|it| it.as_str().map(str::to_owned)).collect();
        rules.extend(read(facts, constraint, &columns, schema, found));
    }
    if rules.is_empty() {
        return None;
    }
    let plan = |rules: &[Rule]| {
        let mut catalog = Catalog::default();
        catalog.add_planned(&facts.relation, SchemaRef::clone(schema), None);
        plan_query(&sql(facts, rules), scope.session, &catalog, &scope.project.invocation.target)
    };
    match plan(&rules) {
        Ok(PlannedQuery { plan, .. }) => {
            Some(Constraints { words: rules.into_iter().map(|it| (it.words, it.span)).collect(), counts: plan })
        }
        Err(whole) => {
            let wrong = rules.iter().find_map(|it| Some((it, plan(std::slice::from_ref(it)).err()?)));
            let (span, error) = wrong.map_or((facts.span.clone(), whole), |(rule, error)| (rule.span.clone(), error));
            let who = format!("{} (constraint)", facts.display());
            let origin = Origin { sql: "", template: None, fallback: &span, who: &who, macros: None };
            found.push(explain(&error, &origin, &Catalog::default(), || None));
            None
        }
    }
}

/// One row with a column for each rule.
fn sql(facts: &NodeFacts, rules: &[Rule]) -> String {
    let relation = &facts.relation;
    let (mut aggregates, mut groups) = (Vec::new(), Vec::new());
    for (at, rule) in rules.iter().enumerate() {
        match &rule.count {
            Count::Aggregate(count) => aggregates.push(format!("{count} as broken_{at}")),
            Count::Groups(columns) => {
                let present: Vec<String> = columns.iter().map(|it| format!("{it} is not null")).collect();
                let (listed, present) = (columns.join(", "), present.join(" and "));
                groups.push(format!(
                    "(select count(*) as broken_{at} from (select count(*) as number from {relation} where {present} \
                     group by {listed} having count(*) > 1) as groups_{at}) as counted_{at}"
                ));
            }
        }
    }
    if !aggregates.is_empty() {
        groups.insert(0, format!("(select {} from {relation}) as counted", aggregates.join(", ")));
    }
    let columns: Vec<String> = (0..rules.len()).map(|at| format!("broken_{at}")).collect();
    format!("select {} from {}", columns.join(", "), groups.join(" cross join "))
}

/// What a constraint asks; a primary key asks several things.
fn read(
    facts: &NodeFacts,
    constraint: &Located<Json>,
    columns: &[String],
    schema: &SchemaRef,
    found: &mut Diagnostics,
) -> Vec<Rule> {
    let Located { value, span } = constraint;
    let text = |key: &str| value.get(key).and_then(Json::as_str).filter(|it| !it.trim().is_empty());
    let table = &facts.relation.identifier;
    let rule = |words: String, count: Count| Rule { words, count, span: span.clone() };
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let mut names = Vec::new();
    for column in columns {
        match schema.fields().iter().find(|it| it.name().eq_ignore_ascii_case(column)) {
            Some(field) => names.push(field.name().clone()),
            None => {
                let all = schema.fields().iter().map(|it| it.name().as_str());
                let words = format!("{}: a constraint is about column `{column}`, which is not there", facts.display());
                found.push(
                    Diagnostic::error(Code::UnknownColumn, words)
                        .at(span.clone())
                        .help_if(closest(column, all), |it| format!("did you mean `{it}`?")),
                );
                return Vec::new();
            }
        }
    }
    // DuckDB's words.
    let not_null = |name: &String| {
        let count = format!("count(*) filter (where {} is null)", quoted(name));
        rule(format!("NOT NULL constraint failed: {table}.{name}"), Count::Aggregate(count))
    };
    let unique = || {
        let listed: Vec<String> = names.iter().map(|it| quoted(it)).collect();
        let words = format!("PRIMARY KEY or UNIQUE constraint violation: duplicate keys in {}", names.join(", "));
        let count = match listed.as_slice() {
            [one] => Count::Aggregate(format!("count({one}) - count(distinct {one})")),
            _ => Count::Groups(listed),
        };
        (!names.is_empty()).then(|| rule(words, count))
    };
    match text("type").unwrap_or_default() {
        "not_null" => names.iter().map(not_null).collect(),
        "check" => {
            let Some(condition) = text("expression") else { return Vec::new() };
            let words = format!("CHECK constraint failed on table \"{table}\" with expression CHECK(({condition}))");
            vec![rule(words, Count::Aggregate(format!("count(*) filter (where not ({condition}))")))]
        }
        "unique" => unique().into_iter().collect(),
        "primary_key" => names.iter().map(not_null).chain(unique()).collect(),
        other => {
            let is_known = value.get("warn_unenforced").and_then(Json::as_bool) == Some(false);
            if !is_known {
                let words = format!("{}: constraint `{other}` is not enforced", facts.display());
                let problem = Diagnostic::warning(Code::Unsupported, words).at(span.clone());
                found.push(problem.help("`warn_unenforced: false` says that this is known; a test would hold it"));
            }
            Vec::new()
        }
    }
}
