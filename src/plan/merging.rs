//! Merging with conditions: which rows of an incremental table are replaced, and which of their columns.
//! <https://docs.getdbt.com/docs/build/incremental-strategy#strategy-specific-configs>

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};

use crate::diagnostics::{Code, Diagnostic, closest};
use crate::jinja::RelationName;
use crate::parse::NodeFacts;
use crate::plan::incremental::{columns, problem};
use crate::plan::project::Scope;
use crate::plan::query::{PlannedQuery, plan_query};
use crate::plan::relation::Catalog;
use crate::project::Json;

/// What dbt calls the table and the rows that come to it.
const TABLE: &str = "DBT_INTERNAL_DEST";
const ROWS: &str = "DBT_INTERNAL_SOURCE";

/// What a model says about merging, besides its keys.
pub(super) struct Narrowed {
    /// Conditions that two rows must meet to be the same; with `merge`, in terms of both.
    predicates: Vec<String>,
    /// Columns that are replaced; `None`: all.
    updated: Option<Vec<String>>,
    /// Whether rows are replaced in place, and not deleted and inserted anew.
    in_place: bool,
}

impl Narrowed {
    /// Reads it, and checks the names of columns.
    pub(super) fn read(facts: &NodeFacts, existing: &SchemaRef) -> Result<Narrowed, Diagnostic> {
        let list = |key: &str| -> Option<Vec<String>> {
            match facts.config.get(key)? {
                Json::String(one) => Some(vec![one.clone()]),
                Json::Array(many) => Some(many.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect()),
                _ => None,
            }
        };
        let names = || existing.fields().iter().map(|it| it.name().as_str());
        let checked = |key: &str| -> Result<Option<Vec<String>>, Diagnostic> {
            let Some(listed) = list(key) else { return Ok(None) };
            match listed.iter().find(|it| !names().any(|name| name.eq_ignore_ascii_case(it))) {
                None => Ok(Some(listed)),
                Some(unknown) => {
                    let words =
                        format!("{}: `{key}` names `{unknown}`, which the table does not have", facts.display());
                    Err(problem(facts, key, Code::UnknownColumn, words)
                        .help_if(closest(unknown, names()), |it| format!("did you mean `{it}`?")))
                }
            }
        };
        let (updated, excluded) = (checked("merge_update_columns")?, checked("merge_exclude_columns")?);
        if updated.is_some() && excluded.is_some() {
            let words = format!("{} has both `merge_update_columns` and `merge_exclude_columns`", facts.display());
            return Err(problem(facts, "merge_update_columns", Code::WrongValue, words).help("keep one of them"));
        }
        let others = |excluded: Vec<String>| {
            let is_kept = |it: &&str| !excluded.iter().any(|name| name.eq_ignore_ascii_case(it));
            names().filter(is_kept).map(str::to_owned).collect()
        };
        let predicates = list("incremental_predicates").or_else(|| list("predicates")).unwrap_or_default();
        let in_place = facts.config.text("incremental_strategy") == Some("merge");
        Ok(Narrowed { predicates, updated: updated.or_else(|| excluded.map(others)), in_place })
    }

    /// Whether all rows of a key are replaced, and whole.
    pub(super) fn says_nothing(&self) -> bool {
        self.predicates.is_empty() && self.updated.is_none()
    }

    /// The table after the rows have come: each row of it as it is or as its key's new row changes it, and the new rows
    /// of no key.
    pub(super) fn merge(
        &self,
        scope: &Scope<'_>,
        keys: &[String],
        existing: &Arc<dyn TableProvider>,
        new: &PlannedQuery,
        schema: &SchemaRef,
    ) -> EngineResult<LogicalPlan> {
        let target = &scope.project.invocation.target;
        let named = |name: &str| RelationName::new(&target.database, &target.schema, name);
        let quoted = |it: &str| format!("\"{}\"", it.replace('"', "\"\""));
        // Both with the columns that the table will have.
        let mut catalog = Catalog::default();
        catalog.add_existing(&named("existing"), Arc::clone(existing));
        let old = plan_query("select * from existing", scope.session, &catalog, target)?.plan;
        let old = LogicalPlanBuilder::from(old).project(columns(None, &existing.schema(), schema))?.build()?;
        catalog.add_view(&named("__old"), old);
        let rows = LogicalPlanBuilder::from(new.plan.clone()).project(columns(None, &new.schema, schema))?.build()?;
        catalog.add_view(&named("__new"), rows);
        let same: Vec<String> = keys.iter().map(|key| format!("{TABLE}.{0} = {ROWS}.{0}", quoted(key))).collect();
        if !self.in_place {
            // The conditions are about the rows that go.
            let keys = same.join(" and ");
            let conditions: Vec<String> = self.predicates.iter().map(|it| format!(" and ({it})")).collect();
            let (old, new) = (named("__old"), named("__new"));
            let sql = format!(
                "select * from {old} as {TABLE} where not coalesce(exists (select 1 from {new} as {ROWS} where {keys}){}, false)\n\
                 union all\nselect * from {new}",
                conditions.concat()
            );
            return Ok(plan_query(&sql, scope.session, &catalog, target)?.plan);
        }
        let on: Vec<String> = same.into_iter().chain(self.predicates.iter().map(|it| format!("({it})"))).collect();
        let on = on.join(" and ");
        let is_updated = |name: &str| {
            let is_key = keys.iter().any(|it| it.eq_ignore_ascii_case(name));
            !is_key && self.updated.as_ref().is_none_or(|it| it.iter().any(|it| it.eq_ignore_ascii_case(name)))
        };
        let first = quoted(&keys[0]);
        let column = |field: &arrow::datatypes::FieldRef| {
            let name = quoted(field.name());
            match is_updated(field.name()) {
                true => {
                    format!("case when {ROWS}.{first} is not null then {ROWS}.{name} else {TABLE}.{name} end as {name}")
                }
                false => format!("{TABLE}.{name} as {name}"),
            }
        };
        let all: Vec<String> = schema.fields().iter().map(column).collect();
        let (old, new) = (named("__old"), named("__new"));
        let sql = format!(
            "select {} from {old} as {TABLE} left join {new} as {ROWS} on {on}\nunion all\n\
             select {ROWS}.* from {new} as {ROWS} where not exists (select 1 from {old} as {TABLE} where {on})",
            all.join(", ")
        );
        Ok(plan_query(&sql, scope.session, &catalog, target)?.plan)
    }
}
