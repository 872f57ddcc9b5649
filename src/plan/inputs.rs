//! Sources and seeds: what the project reads, opened for its columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use datafusion::catalog::TableProvider;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, closest};
use crate::graph::Node;
use crate::jinja::RelationName;
use crate::parse::{NodeKind, SourceFacts};
use crate::plan::file_functions::FileCall;
use crate::plan::models::{problem, report_described};
use crate::plan::project::{ModelPlan, ProjectPlan, Scope};
use crate::plan::query::plan_query;
use crate::plan::questions::QueryFacts;
use crate::plan::relation::Catalog;
use crate::plan::session::Session;
use crate::plan::wording::tidy;
use crate::project::{Json, Target};
use crate::reuse::Identity;
use crate::sources::{self, OpenSource, SeedOptions, SourceOptions};

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

    /// What was found since this was asked for.
    pub(super) fn found(&mut self) -> Diagnostics {
        std::mem::take(self.found)
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
            if facts.ingest.is_some() {
                // What is wrong with its declaration has been said, and what can be told of it is known.
                self.report_not_taken_in(node);
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
        for key in ["format", "header", "delimiter", "quote", "escape", "null", "newlines_in_values", "source_identity"]
        {
            if let Some(value) = meta.get(key).or_else(|| node.facts.config.get("external").and_then(|it| it.get(key)))
            {
                options.entry(key).or_insert_with(|| value.clone());
            }
        }
        let place = place.clone().unwrap_or_else(|| node.facts.span.clone());
        let location = match FileCall::of_location(location) {
            None => location.clone(),
            Some(Ok(call)) => {
                options.extend(call.options);
                call.location
            }
            Some(Err(error)) => {
                let words = format!("{}: {}", node.facts.display(), tidy(&error.strip_backtrace()));
                self.found.push(Diagnostic::error(Code::WrongValue, words).at(place));
                return;
            }
        };
        if let Some(source) = self.open_files(node, &location, place, options).await {
            let table = self.note(node, source);
            self.plan.sources.insert(node.facts.id.clone(), table.schema());
            self.plan.catalog_mut().add_existing(&node.facts.relation, table);
        }
    }

    /// A source whose files have to be taken in before they can be read.
    fn report_not_taken_in(&mut self, node: &Node) {
        if self.scope.present {
            return;
        }
        let words = format!("no file of {} has been taken in yet", node.facts.display());
        self.found.push(
            Diagnostic::error(Code::UnknownRelation, words)
                .at(node.facts.span.clone())
                .help(format!("take them in first: `arrowmill ingest --select source:{}`", node.facts.input_name())),
        );
    }

    pub(super) async fn seed(&mut self, node: &Node) {
        if let Some(existing) = self.scope.existing.get(&node.facts.id) {
            self.plan.catalog_mut().add_existing(&node.facts.relation, Arc::clone(existing));
            return;
        }
        let mut options = serde_json::Map::new();
        if let Some(delimiter) = node.facts.config.text("delimiter") {
            options.insert("delimiter".to_owned(), Json::from(delimiter));
        }
        let declared = self.column_types(node);
        let options = SeedOptions {
            file: SourceOptions {
                display: node.facts.display(),
                location: node.facts.path.clone(),
                place: node.facts.span.clone(),
                options,
                declared: Vec::new(),
            },
            dialect: self.scope.project.invocation.target.dialect,
            texts: declared.keys().cloned().collect(),
        };
        let table = sources::open_seed(&options, self.scope.folder, self.scope.session.state(), self.found).await;
        let Some(source) = table else { return };
        let table = self.note(node, source);
        self.warn_of_absent_columns(node, &table.schema(), declared.keys());
        if let Some(problem) = unquotable(node, &table.schema()) {
            self.found.push(problem);
            return;
        }
        let sql = sql_of_seed(node, &table.schema(), &declared);
        let mut files = Catalog::default();
        files.add_existing(&RelationName::new("", "", node.facts.name.clone()), table);
        match plan_query(&sql, self.scope.session, &files, &self.scope.project.invocation.target) {
            Ok(query) => {
                report_described(node, &query.schema, self.found);
                let schema = Arc::clone(&query.schema);
                let facts = Some(QueryFacts::of(&query.plan));
                self.plan.catalog_mut().add_planned(&node.facts.relation, schema, facts);
                let model = ModelPlan { arriving: query.plan.clone(), plan: query.plan, schema: query.schema, sql };
                self.plan.models.insert(node.facts.id.clone(), model);
            }
            Err(error) => self.found.push(problem(self.plan, node, &sql, &error)),
        }
    }

    /// Notes what a table's files are.
    fn note(&mut self, node: &Node, source: OpenSource) -> Arc<dyn TableProvider> {
        let OpenSource { table, identity } = source;
        let schema = table.schema();
        let columns = schema.fields().iter().map(|it| (it.name().as_str(), it.data_type().to_string()));
        self.plan.opened.add(&table, node.facts.input_name(), Identity::of_whole(&identity, columns));
        table
    }

    /// The types that a seed's configuration gives its columns, as written and as understood.
    fn column_types(&mut self, node: &Node) -> BTreeMap<String, (String, DataType)> {
        let configured = node.facts.config.get("column_types").and_then(Json::as_object);
        let mut types = BTreeMap::new();
        for (name, text) in configured.into_iter().flatten() {
            let text = text.as_str().unwrap_or_default();
            if let Some(data_type) = self.declared_type(text, &node.facts.span) {
                types.insert(name.clone(), (text.to_owned(), data_type));
            }
        }
        types
    }

    /// dbt passes over types for columns that a seed doesn't have; mostly it is a typing mistake.
    fn warn_of_absent_columns<'b>(
        &mut self,
        node: &Node,
        schema: &SchemaRef,
        configured: impl Iterator<Item = &'b String>,
    ) {
        let names: Vec<&str> = schema.fields().iter().map(|it| it.name().as_str()).collect();
        for name in configured.filter(|it| !names.contains(&it.as_str())) {
            self.found.push(
                Diagnostic::warning(
                    Code::UnknownColumn,
                    format!("{} has no column `{name}` in its file", node.facts.display()),
                )
                .at(node.facts.span.clone())
                .help_if(closest(name, names.iter().copied()), |it| format!("did you mean `{it}`?"))
                .note(format!("it has: {}", names.join(", "))),
            );
        }
    }

    async fn open_files(
        &mut self,
        node: &Node,
        location: &str,
        place: Span,
        options: serde_json::Map<String, Json>,
    ) -> Option<OpenSource> {
        let mut declared = Vec::new();
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
        match declared_type(text, span, self.scope.session, &self.scope.project.invocation.target) {
            Ok(data_type) => {
                self.types.insert(text.to_owned(), data_type.clone());
                Some(data_type)
            }
            Err(problem) => {
                self.found.push(problem);
                None
            }
        }
    }
}

/// A type as it is written in the target's SQL.
///
/// # Errors
/// There is no such type.
pub fn declared_type(text: &str, span: &Span, session: &Session, target: &Target) -> Result<DataType, Diagnostic> {
    let sql = format!("select cast(null as {text}) as it");
    let planned = plan_query(&sql, session, &Catalog::default(), target);
    planned.map(|query| query.schema.field(0).data_type().clone()).map_err(|_| {
        let known = ["bigint", "boolean", "date", "decimal(18, 2)", "double", "integer", "timestamp", "varchar"];
        Diagnostic::error(Code::WrongType, format!("`{text}` is no type"))
            .at(span.clone())
            .help_if(closest(text, known), |it| format!("did you mean `{it}`?"))
    })
}

/// A column that can't be named without quotes, where `quote_columns: false` asks for that. Mostly the delimiter is wrong.
fn unquotable(node: &Node, schema: &SchemaRef) -> Option<Diagnostic> {
    if node.facts.config.flag("quote_columns") != Some(false) {
        return None;
    }
    let is_plain = |name: &str| {
        let starts = name.starts_with(|it: char| it.is_alphabetic() || it == '_');
        starts && name.chars().all(|it| it.is_alphanumeric() || it == '_' || it == '$')
    };
    let name = schema.fields().iter().map(|it| it.name()).find(|it| !is_plain(it))?;
    let shown: String = name.chars().take(40).collect();
    let words = format!("{}: syntax error: `{shown}` is no name of a column without quotes", node.facts.display());
    let place = node.facts.place_of_config("quote_columns");
    Some(
        Diagnostic::error(Code::WrongValue, words)
            .at(place)
            .help("leave `quote_columns: false` away; or is `delimiter` not the file's?"),
    )
}

/// A seed's columns, those with a declared type cast to it.
fn sql_of_seed(node: &Node, schema: &SchemaRef, declared: &BTreeMap<String, (String, DataType)>) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let column = |field: &FieldRef| {
        let name = quoted(field.name());
        match declared.get(field.name()) {
            Some((text, data_type)) if data_type.is_string() => format!("cast({name} as {text}) as {name}"),
            // DuckDB passes over spaces around numbers and times.
            Some((text, _)) => format!("cast(trim({name}) as {text}) as {name}"),
            None => name,
        }
    };
    let columns: Vec<String> = schema.fields().iter().map(column).collect();
    format!("select {} from {}", columns.join(", "), quoted(&node.facts.name))
}
