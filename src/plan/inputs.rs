//! Sources and seeds: what the project reads, opened for its columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, closest};
use crate::graph::Node;
use crate::jinja::RelationName;
use crate::parse::{NodeKind, SourceFacts};
use crate::plan::models::{problem, report_described};
use crate::plan::project::{ModelPlan, ProjectPlan, Scope};
use crate::plan::query::plan_query;
use crate::plan::relation::Catalog;
use crate::project::Json;
use crate::sources::{self, SourceOptions};

/// Opens inputs and adds them to the plan.
pub(super) struct Inputs<'a> {
    scope: &'a Scope<'a>,
    plan: &'a mut ProjectPlan,
    found: &'a mut Diagnostics,
    /// Declared types as the engine has understood them: few, and written many times.
    types: BTreeMap<String, DataType>,
}

impl<'a> Inputs<'a> {
    pub(super) fn new(scope: &'a Scope<'a>, plan: &'a mut ProjectPlan, found: &'a mut Diagnostics) -> Inputs<'a> {
        Inputs { scope, plan, found, types: BTreeMap::new() }
    }

    pub(super) async fn source(&mut self, node: &Node, facts: &SourceFacts) {
        if let Some(table) = self.scope.existing.get(&node.facts.id) {
            self.plan.sources.insert(node.facts.id.clone(), table.schema());
            self.plan.catalog_mut().add_existing(&node.facts.relation, Arc::clone(table));
            return;
        }
        let Some((location, place)) = &facts.location else {
            // The seed that makes it has the same name, and is in the catalog by now, or its mistake is reported.
            if let Some(seed) = node.inputs.first() {
                let planned = self.plan.models.get(seed).map(|it| Arc::clone(&it.schema));
                let existing = || self.scope.existing.get(seed).map(|it| it.schema());
                if let Some(schema) = planned.or_else(existing) {
                    self.plan.sources.insert(node.facts.id.clone(), schema);
                }
                return;
            }
            self.found.push(
                Diagnostic::error(
                    Code::MissingKey,
                    format!(
                        "{} says nowhere where its files are, and the warehouse has no such table",
                        node.facts.display()
                    ),
                )
                .at(node.facts.span.clone())
                .help("add `meta: {external_location: \"data/raw/{name}.parquet\"}` to the source or its table"),
            );
            return;
        };
        let meta = node.facts.config.get("meta").and_then(Json::as_object).cloned().unwrap_or_default();
        let mut options = meta.get("external_options").and_then(Json::as_object).cloned().unwrap_or_default();
        for key in ["format", "header", "delimiter", "quote", "escape", "null", "newlines_in_values"] {
            if let Some(value) = meta.get(key).or_else(|| node.facts.config.get("external").and_then(|it| it.get(key)))
            {
                options.entry(key).or_insert_with(|| value.clone());
            }
        }
        let place = place.clone().unwrap_or_else(|| node.facts.span.clone());
        let table = self.open_files(node, location, place, options).await;
        if let Some(table) = table {
            self.plan.sources.insert(node.facts.id.clone(), table.schema());
            self.plan.catalog_mut().add_existing(&node.facts.relation, table);
        }
    }

    pub(super) async fn seed(&mut self, node: &Node) {
        if let Some(existing) = self.scope.existing.get(&node.facts.id) {
            self.plan.catalog_mut().add_existing(&node.facts.relation, Arc::clone(existing));
            return;
        }
        let mut options = serde_json::Map::from_iter([("format".to_owned(), Json::from("csv"))]);
        if let Some(delimiter) = node.facts.config.text("delimiter") {
            options.insert("delimiter".to_owned(), Json::from(delimiter));
        }
        let table = self.open_files(node, &node.facts.path, node.facts.span.clone(), options).await;
        let Some(table) = table else { return };
        let mut files = Catalog::default();
        let content = RelationName::new("", "", node.facts.name.clone());
        files.add_existing(&content, table);
        let sql = format!("select * from \"{}\"", node.facts.name);
        match plan_query(&sql, self.scope.session, &files, &self.scope.project.invocation.target) {
            Ok(query) => {
                report_described(node, &query.schema, self.found);
                self.plan.catalog_mut().add_planned(&node.facts.relation, Arc::clone(&query.schema));
                let model = ModelPlan { plan: query.plan, schema: query.schema, sql };
                self.plan.models.insert(node.facts.id.clone(), model);
            }
            Err(error) => self.found.push(problem(self.plan, node, &sql, &error)),
        }
    }

    async fn open_files(
        &mut self,
        node: &Node,
        location: &str,
        place: Span,
        options: serde_json::Map<String, Json>,
    ) -> Option<Arc<dyn TableProvider>> {
        let mut declared = Vec::new();
        let column_types = node.facts.config.get("column_types").and_then(Json::as_object);
        for (name, value) in column_types.into_iter().flatten() {
            let text = value.as_str().unwrap_or_default();
            declared.push((name.clone(), self.declared_type(text, &node.facts.span), node.facts.span.clone()));
        }
        for column in &node.facts.columns {
            if !declared.iter().any(|(name, _, _)| *name == column.name) {
                // A hook may add a column that a seed's file does not have.
                if column.data_type.is_none() && matches!(node.facts.kind, NodeKind::Seed) {
                    continue;
                }
                let data_type = column.data_type.as_ref().and_then(|(text, span)| self.declared_type(text, span));
                declared.push((column.name.clone(), data_type, column.span.clone()));
            }
        }
        let options =
            SourceOptions { display: node.facts.display(), location: location.to_owned(), place, options, declared };
        sources::open(&options, self.scope.folder, self.scope.session.state(), self.found).await
    }

    /// A type as it is written in SQL.
    fn declared_type(&mut self, text: &str, span: &Span) -> Option<DataType> {
        if let Some(known) = self.types.get(text) {
            return Some(known.clone());
        }
        let sql = format!("select cast(null as {text}) as it");
        let target = &self.scope.project.invocation.target;
        match plan_query(&sql, self.scope.session, &Catalog::default(), target) {
            Ok(query) => {
                let data_type = query.schema.field(0).data_type().clone();
                self.types.insert(text.to_owned(), data_type.clone());
                Some(data_type)
            }
            Err(_) => {
                let known =
                    ["bigint", "boolean", "date", "decimal(18, 2)", "double", "integer", "timestamp", "varchar"];
                self.found.push(
                    Diagnostic::error(Code::WrongType, format!("`{text}` is no type"))
                        .at(span.clone())
                        .help_if(closest(text, known), |it| format!("did you mean `{it}`?")),
                );
                None
            }
        }
    }
}
