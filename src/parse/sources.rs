//! Nodes that only properties files define: sources and exposures.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::freshness::Criteria;
use crate::jinja::RelationName;
use crate::parse::calls::parse_call;
use crate::parse::context::Context;
use crate::parse::facts::{ModelFacts, NodeFacts, NodeId, ParsedNode};
use crate::parse::kinds::{ExposureFacts, NodeKind, SourceFacts};
use crate::project::{Config, IngestProperties, Json, Located, Properties, SourceProperties, SourceTable};

/// All source tables of a package.
pub(super) fn read(context: &Context<'_>, properties: &[Properties], found: &mut Diagnostics) -> Vec<ParsedNode> {
    let mut nodes = Vec::new();
    for source in properties.iter().flat_map(|it| &it.sources) {
        for table in &source.tables {
            nodes.push(read_table(context, source, table, found));
        }
    }
    nodes
}

fn read_table(
    context: &Context<'_>,
    source: &SourceProperties,
    table: &SourceTable,
    found: &mut Diagnostics,
) -> ParsedNode {
    let package = context.package_name();
    let mut fqn = context.fqn(&source.file, &context.package.file.paths.models, &source.name.value);
    fqn.push(table.name.value.clone());
    let mut config = context.config_for("sources", &fqn);
    config.overlay(source.config.clone());
    config.overlay(table.config.clone());
    report_freshness(&config, source, table, found);
    let asks_itself = table.config.get("loaded_at_field").is_some() && table.config.get("loaded_at_query").is_none();
    if asks_itself && config.get("loaded_at_query").is_some() {
        // A table's own field is nearer than its source's query.
        config.set("loaded_at_query", Json::Null, None);
    }
    let location = location(&config, source, table);
    // Where raw files lie elsewhere, this is where rows are until some have been taken in.
    let is_read_where_it_lies = match &table.ingest {
        Some(ingest) => ingest.location.is_some() || ingest.location_env.is_some(),
        None => true,
    };
    let ingest = table.ingest.as_ref().map(|it| Arc::new(ingest(it, location.as_ref(), source, table)));
    let database = source.database.clone().unwrap_or_else(|| context.invocation.target.database.clone());
    let facts = NodeFacts {
        id: NodeId::new(format!("source.{package}.{}.{}", source.name.value, table.name.value)),
        name: table.name.value.clone(),
        kind: NodeKind::Source(SourceFacts {
            source: source.name.value.clone(),
            source_description: context.describe(&source.description, &source.name.span, found),
            source_meta: source.config.get("meta").cloned().unwrap_or_else(|| serde_json::json!({})),
            loader: source.loader.clone(),
            location: location.filter(|_| is_read_where_it_lies),
            ingest,
        }),
        package: package.to_owned(),
        path: source.file.clone(),
        fqn,
        relation: RelationName::new(database, source.schema.clone(), table.identifier.clone()),
        source: Arc::clone(&table.name.span.source),
        span: table.name.span.clone(),
        description: context.describe(&table.description, &table.name.span, found),
        columns: context.columns(&table.columns, found),
        patch_path: None,
        doc_blocks: context.doc_blocks(&table.description),
        model: ModelFacts::default(),
        checksum: None,
        config,
    };
    ParsedNode { facts, refs: Vec::new(), sources: Vec::new(), functions: Vec::new(), macros: Vec::new() }
}

/// What is wrong with how fresh a table is to be.
fn report_freshness(config: &Config, source: &SourceProperties, table: &SourceTable, found: &mut Diagnostics) {
    let display = format!("source `{}.{}`", source.name.value, table.name.value);
    if let Err(problem) = Criteria::read(config) {
        let problem = Diagnostic::error(Code::WrongValue, format!("`freshness` of {display} {problem}"));
        found.push(problem.at_if(config.place("freshness")).help("write `{count: 12, period: hour}`"));
    }
    for config in [&source.config, &table.config] {
        if config.get("loaded_at_field").is_some() && config.get("loaded_at_query").is_some() {
            found.push(
                Diagnostic::error(
                    Code::WrongValue,
                    format!("{display} has both `loaded_at_field` and `loaded_at_query`"),
                )
                .at_if(config.place("loaded_at_query"))
                .help("keep one of them"),
            );
        }
    }
}

/// Where the files of a source are: `external_location` in its meta (dbt-duckdb's property) or `external.location`,
/// with `{name}`, `{identifier}`, `{schema}` and `{source}` replaced.
fn location(config: &Config, source: &SourceProperties, table: &SourceTable) -> Option<(String, Option<Span>)> {
    let in_meta = config.get("meta").and_then(|it| it.get("external_location")).and_then(Json::as_str);
    let in_external = config.get("external").and_then(|it| it.get("location")).and_then(Json::as_str);
    let direct = config.text("external_location");
    let text = in_meta.or(direct).or(in_external)?;
    let place = config.place("meta").or_else(|| config.place("external_location")).or_else(|| config.place("external"));
    Some((with_names(text, source, table), place))
}

fn with_names(location: &str, source: &SourceProperties, table: &SourceTable) -> String {
    location
        .replace("{name}", &table.name.value)
        .replace("{identifier}", &table.identifier)
        .replace("{schema}", &source.schema)
        .replace("{source}", &source.name.value)
}

/// What is said about taking files in, with the names put in. Where it does not say where they are, `external_location`
/// does: another tool may read them as they lie.
fn ingest(
    declared: &IngestProperties,
    external: Option<&(String, Option<Span>)>,
    source: &SourceProperties,
    table: &SourceTable,
) -> IngestProperties {
    let mut ingest = declared.clone();
    let external = || {
        let (location, place) = external?;
        Some(Located::new(location.clone(), place.clone().unwrap_or_else(|| declared.span.clone())))
    };
    ingest.location = ingest.location.map(|it| Located::new(with_names(&it.value, source, table), it.span));
    ingest.location = ingest.location.or_else(external);
    ingest.quarantine = ingest.quarantine.map(|it| Located::new(with_names(&it.value, source, table), it.span));
    ingest
}

/// All exposures of a package.
pub(super) fn read_exposures(
    context: &Context<'_>,
    properties: &[Properties],
    found: &mut Diagnostics,
) -> Vec<ParsedNode> {
    let mut nodes = Vec::new();
    for exposure in properties.iter().flat_map(|it| &it.exposures) {
        let (mut refs, mut sources) = (Vec::new(), Vec::new());
        for depends_on in &exposure.depends_on {
            match parse_call(&depends_on.value) {
                Some(Ok(call)) => refs.push((call, depends_on.span.clone())),
                Some(Err(call)) => sources.push((call, depends_on.span.clone())),
                None => found.push(
                    Diagnostic::error(
                        Code::WrongValue,
                        format!(
                            "exposure `{}` depends on `{}`, which is no reference",
                            exposure.name.value, depends_on.value
                        ),
                    )
                    .at(depends_on.span.clone())
                    .help("write `ref('model')` or `source('source', 'table')`"),
                ),
            }
        }
        let package = context.package_name();
        let fqn = context.fqn(&exposure.file, &context.package.file.paths.models, &exposure.name.value);
        let mut config = context.config_for("exposures", &fqn);
        config.overlay(exposure.config.clone());
        config.report_wrong_values(&format!("exposure `{}`", exposure.name.value), found);
        let facts = NodeFacts {
            id: NodeId::new(format!("exposure.{package}.{}", exposure.name.value)),
            name: exposure.name.value.clone(),
            kind: NodeKind::Exposure(ExposureFacts { raw: exposure.raw.clone() }),
            package: package.to_owned(),
            path: exposure.file.clone(),
            fqn,
            relation: RelationName::new("", "", exposure.name.value.clone()),
            source: Arc::clone(&exposure.name.span.source),
            span: exposure.name.span.clone(),
            description: context.describe(&exposure.description, &exposure.name.span, found),
            columns: Vec::new(),
            patch_path: None,
            doc_blocks: Vec::new(),
            model: ModelFacts::default(),
            checksum: None,
            config,
        };
        nodes.push(ParsedNode { facts, refs, sources, functions: Vec::new(), macros: Vec::new() });
    }
    nodes
}
