//! Unit tests: the model's query over rows that the test brings along, and the rows that it should give. Types come from
//! the plans of what the rows stand for, so that nothing has to be built.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::error::Result as EngineResult;
use datafusion::functions::core::expr_fn::named_struct;
use datafusion::functions_nested::expr_fn::make_array;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, ident, lit};

use crate::compile::{self, Uncompiled};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText, closest};
use crate::dialect;
use crate::graph::Node;
use crate::jinja::RelationName;
use crate::parse::{FixtureRows, NodeKind, Rows, UnitTestFacts};
use crate::plan::problem::{Origin, explain};
use crate::plan::project::{ProjectPlan, Scope};
use crate::plan::query::{PlannedQuery, plan_query};
use crate::plan::relation::Catalog;
use crate::project::{Json, YamlFile};

/// A unit test that can be asked.
#[derive(Debug, Clone)]
pub struct UnitTestPlan {
    /// What the model gives: the columns that are compared.
    pub actual: LogicalPlan,
    /// What it should give: the same columns, of the same types.
    pub expected: LogicalPlan,
    /// The columns.
    pub schema: SchemaRef,
    /// The model's query over the stand-ins.
    pub sql: String,
}

/// The plans of a unit test; nothing where the model or what it reads could not be planned.
pub(super) fn plan_unit_test(
    scope: &Scope<'_>,
    plan: &ProjectPlan,
    node: &Node,
    facts: &UnitTestFacts,
) -> Result<Option<UnitTestPlan>, Uncompiled> {
    let Some(model) = node.inputs.first().and_then(|it| scope.graph.get(it)) else { return Ok(None) };
    let stand_ins = compile::stand_ins(node, facts, model, scope.graph).map_err(Uncompiled::Wrong)?;
    let mut catalog = plan.catalog().clone();
    for stand_in in &stand_ins {
        let name = match stand_in.node.facts.is_ephemeral() {
            true => RelationName::new("", "", stand_in.node.facts.expression_name()),
            false => stand_in.node.facts.relation.clone(),
        };
        let Some(source) = plan.catalog().find(&name.database, &name.schema, &name.identifier) else {
            return Ok(None);
        };
        let about = About { scope, catalog: plan.catalog(), node, what: format!("'{}'", stand_in.node.facts.name) };
        let rows = about.rows(&stand_in.given.rows, &source.schema()).map_err(Uncompiled::Wrong)?;
        catalog.add_view(&stand_in.name, rows);
    }
    let catalog = Arc::new(catalog);
    let mut answers = scope.answers(plan);
    answers.catalog = Arc::clone(&catalog);
    let sql = compile::compile_unit_test(scope.project, facts, model, &stand_ins, Arc::new(answers))?;
    let about = About { scope, catalog: &catalog, node, what: "expected output".to_owned() };
    let query = about.query(&sql).map_err(Uncompiled::Wrong)?;
    let compared = about.compared(&facts.expect, &query).map_err(Uncompiled::Wrong)?;
    let problem = |error| Uncompiled::Wrong(about.problem(&sql, &error));
    let columns = compared.fields().iter().map(|it| ident(it.name()));
    let actual = LogicalPlanBuilder::from(query.plan.clone()).project(columns).and_then(LogicalPlanBuilder::build);
    let actual = actual.map_err(problem)?;
    let expected = about.rows(&facts.expect, &compared).map_err(Uncompiled::Wrong)?;
    Ok(Some(UnitTestPlan { actual, expected, schema: compared, sql }))
}

/// Rows of one fixture of a test.
struct About<'a> {
    scope: &'a Scope<'a>,
    catalog: &'a Catalog,
    node: &'a Node,
    /// What the fixture is, in dbt's words.
    what: String,
}

impl About<'_> {
    fn query(&self, sql: &str) -> Result<PlannedQuery, Diagnostic> {
        let target = &self.scope.project.invocation.target;
        plan_query(sql, self.scope.session, self.catalog, target).map_err(|error| self.problem(sql, &error))
    }

    fn problem(&self, sql: &str, error: &datafusion::error::DataFusionError) -> Diagnostic {
        let who = self.node.facts.display();
        let origin = Origin { sql, template: None, fallback: &self.node.facts.span, who: &who, macros: None };
        explain(error, &origin, self.catalog, || None)
    }

    /// The columns that a test compares, in the model's order.
    fn compared(&self, expect: &FixtureRows, query: &PlannedQuery) -> Result<SchemaRef, Diagnostic> {
        let named: Vec<String> = match &expect.rows {
            Rows::Values(rows) => {
                let mut names: Vec<String> = Vec::new();
                for name in rows.iter().flat_map(|it| it.keys()) {
                    if !names.iter().any(|it| it.eq_ignore_ascii_case(name)) {
                        names.push(name.clone());
                    }
                }
                names
            }
            Rows::Query(sql) => self.query(sql)?.schema.fields().iter().map(|it| it.name().clone()).collect(),
        };
        if named.is_empty() {
            return Ok(Arc::clone(&query.schema));
        }
        self.check_names(expect, &named, &query.schema)?;
        let is_named = |it: &&FieldRef| named.iter().any(|name| name.eq_ignore_ascii_case(it.name()));
        let fields: Vec<FieldRef> = query.schema.fields().iter().filter(is_named).cloned().collect();
        Ok(SchemaRef::new(arrow::datatypes::Schema::new(fields)))
    }

    fn check_names(&self, fixture: &FixtureRows, named: &[String], schema: &SchemaRef) -> Result<(), Diagnostic> {
        let names = || schema.fields().iter().map(|it| it.name().as_str());
        let Some(unknown) = named.iter().find(|it| !names().any(|name| name.eq_ignore_ascii_case(it))) else {
            return Ok(());
        };
        // dbt's own words.
        let words = format!(
            "{}: Invalid column name: '{unknown}' in unit test fixture for {}.",
            self.node.facts.display(),
            self.what
        );
        Err(Diagnostic::error(Code::UnknownColumn, words)
            .at(fixture.span.clone())
            .help_if(closest(unknown, names()), |it| format!("did you mean `{it}`?"))
            .note(format!("there is: {}", names().collect::<Vec<_>>().join(", "))))
    }

    /// Rows with the columns and the types of what they stand for; columns that they lack are null.
    fn rows(&self, fixture: &FixtureRows, schema: &SchemaRef) -> Result<LogicalPlan, Diagnostic> {
        match &fixture.rows {
            Rows::Query(sql) => {
                let query = self.query(sql)?;
                let names: Vec<String> = query.schema.fields().iter().map(|it| it.name().clone()).collect();
                self.check_names(fixture, &names, schema)?;
                let column = |field: &FieldRef| {
                    let own = names.iter().find(|it| it.eq_ignore_ascii_case(field.name()));
                    let value = own.map_or(lit(ScalarValue::Null), ident);
                    cast(value, field.data_type().clone()).alias(field.name())
                };
                let columns: Vec<Expr> = schema.fields().iter().map(column).collect();
                let rows = LogicalPlanBuilder::from(query.plan).project(columns).and_then(LogicalPlanBuilder::build);
                rows.map_err(|error| self.problem(sql, &error))
            }
            Rows::Values(rows) => {
                let named: Vec<String> = rows.iter().flat_map(|it| it.keys().cloned()).collect();
                self.check_names(fixture, &named, schema)?;
                self.values(rows, schema).map_err(|error| self.problem("", &error).at(fixture.span.clone()))
            }
        }
    }

    fn values(&self, rows: &[serde_json::Map<String, Json>], schema: &SchemaRef) -> EngineResult<LogicalPlan> {
        let value = |row: &serde_json::Map<String, Json>, field: &FieldRef| {
            let found = row.iter().find(|(name, _)| name.eq_ignore_ascii_case(field.name()));
            cast(literal(found.map(|(_, value)| value), field.data_type()), field.data_type().clone())
        };
        let row = |row: &serde_json::Map<String, Json>| schema.fields().iter().map(|it| value(row, it)).collect();
        // There are no values without rows, and no types without values.
        let mut values: Vec<Vec<Expr>> = rows.iter().map(row).collect();
        let none = values.is_empty();
        if none {
            values.push(row(&serde_json::Map::new()));
        }
        let mut plan = LogicalPlanBuilder::values(values)?;
        if none {
            plan = plan.filter(lit(false))?;
        }
        let columns: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
        let named = columns.into_iter().zip(schema.fields()).map(|(column, field)| column.alias(field.name()));
        let plan = plan.project(named)?.build()?;
        let plan = dialect::settle_casts(plan, self.scope.project.invocation.target.dialect)?;
        let state = self.scope.session.state();
        state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {})
    }
}

/// A value as written in YAML or CSV. Numbers that are not whole stay texts, which become decimals exactly.
fn literal(value: Option<&Json>, data_type: &DataType) -> Expr {
    match (value, data_type) {
        (Some(Json::Array(items)), DataType::List(item)) if items.is_empty() => {
            return lit(ScalarValue::List(ScalarValue::new_list_nullable(&[], item.data_type())));
        }
        (Some(Json::Array(items)), DataType::List(item)) => {
            let value = |it: &Json| cast(literal(Some(it), item.data_type()), item.data_type().clone());
            return make_array(items.iter().map(value).collect());
        }
        (Some(Json::Object(entries)), DataType::Struct(fields)) => {
            let value = |it: &FieldRef| {
                let value = cast(literal(entries.get(it.name()), it.data_type()), it.data_type().clone());
                [lit(it.name().as_str()), value]
            };
            return named_struct(fields.iter().flat_map(value).collect());
        }
        (Some(Json::String(text)), DataType::List(_) | DataType::Struct(_)) => {
            if let Some(value) = nested(text) {
                return literal(Some(&value), data_type);
            }
        }
        _ => {}
    }
    match value {
        None | Some(Json::Null) => lit(ScalarValue::Null),
        Some(Json::Bool(it)) => lit(*it),
        Some(Json::Number(it)) => it.as_i64().map_or_else(|| lit(it.to_string()), lit),
        Some(Json::String(it)) => lit(it.as_str()),
        Some(other) => lit(other.to_string()),
    }
}

/// The list or the mapping that a text shows, as DuckDB casts texts: `[1, 2]`, `{'a': 1}`.
fn nested(text: &str) -> Option<Json> {
    let file = YamlFile::parse(&SourceText::new("fixture", text), &mut Diagnostics::new())?;
    Some(file.root().json()).filter(|it| it.is_array() || it.is_object())
}

/// The facts of a unit test.
pub(super) fn facts(node: &Node) -> Option<&UnitTestFacts> {
    match &node.facts.kind {
        NodeKind::UnitTest(facts) => Some(facts),
        _ => None,
    }
}
