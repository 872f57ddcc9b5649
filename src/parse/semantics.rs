//! Semantic models, metrics and saved queries as nodes: other tools work with them; here they are part of the graph.

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::parse::calls::parse_call;
use crate::parse::context::Context;
use crate::parse::facts::{InProperties, NodeFacts, NodeId, ParsedNode};
use crate::parse::kinds::{NodeKind, SemanticFacts};
use crate::project::{Json, Located, Properties, SemanticProperties};

/// All of them of a package.
pub(super) fn read(context: &Context<'_>, properties: &[Properties], found: &mut Diagnostics) -> Vec<ParsedNode> {
    let mut nodes = Vec::new();
    for file in properties {
        for entry in &file.semantic_models {
            let facts = SemanticFacts { raw: entry.raw.clone(), metrics: Vec::new(), measures: Vec::new() };
            let node = node(context, entry, "semantic_model", NodeKind::SemanticModel(facts), found);
            nodes.push(with_model(node, entry, found));
        }
        for entry in &file.metrics {
            let facts = metric(entry);
            nodes.push(node(context, entry, "metric", NodeKind::Metric(facts), found));
        }
        for entry in &file.saved_queries {
            let listed = entry.raw.get("query_params").and_then(|it| it.get("metrics"));
            let metrics = names(listed).map(|it| located(entry, it)).collect();
            let facts = SemanticFacts { raw: entry.raw.clone(), metrics, measures: Vec::new() };
            nodes.push(node(context, entry, "saved_query", NodeKind::SavedQuery(facts), found));
        }
    }
    nodes
}

fn located(entry: &SemanticProperties, name: String) -> Located<String> {
    Located::new(name, entry.name.span.clone())
}

/// Names in a list of texts or of mappings with a `name`, or in one of these alone.
fn names(value: Option<&Json>) -> impl Iterator<Item = String> + '_ {
    let items = match value {
        Some(Json::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    items.into_iter().filter_map(|it| it.as_str().or_else(|| it.get("name")?.as_str()).map(str::to_owned))
}

fn metric(entry: &SemanticProperties) -> SemanticFacts {
    let params = entry.raw.get("type_params");
    let of = |key: &str| params.and_then(|it| it.get(key));
    let conversion = |key: &str| of("conversion_type_params").and_then(|it| it.get(key));
    let cumulative = of("cumulative_type_params").and_then(|it| it.get("metric"));
    let of_metrics = [of("metrics"), of("numerator"), of("denominator"), cumulative];
    let of_measures = [of("measure"), conversion("base_measure"), conversion("conversion_measure")];
    SemanticFacts {
        raw: entry.raw.clone(),
        metrics: of_metrics.into_iter().flat_map(names).map(|it| located(entry, it)).collect(),
        measures: of_measures.into_iter().flat_map(names).map(|it| located(entry, it)).collect(),
    }
}

fn with_model(mut node: ParsedNode, entry: &SemanticProperties, found: &mut Diagnostics) -> ParsedNode {
    let Some(model) = &entry.model else { return node };
    match parse_call(&model.value) {
        Some(Ok(call)) => node.refs.push((call, model.span.clone())),
        Some(Err(_)) | None => found.push(
            Diagnostic::error(
                Code::WrongValue,
                format!("semantic model `{}` is about `{}`, which is no `ref`", entry.name.value, model.value),
            )
            .at(model.span.clone())
            .help("write `ref('model')`"),
        ),
    }
    node
}

fn node(
    context: &Context<'_>,
    entry: &SemanticProperties,
    word: &str,
    kind: NodeKind,
    found: &mut Diagnostics,
) -> ParsedNode {
    let package = context.package_name();
    let name = &entry.name.value;
    let fqn = context.fqn(&entry.file, &context.package.file.paths.models, name);
    let section = match word {
        "saved_query" => "saved_queries",
        "metric" => "metrics",
        _ => "semantic_models",
    };
    let mut config = context.config_for(section, &fqn);
    config.overlay(entry.config.clone());
    let facts = NodeFacts::in_properties(InProperties {
        id: NodeId::new(format!("{word}.{package}.{name}")),
        name: &entry.name,
        kind,
        package,
        file: &entry.file,
        fqn,
        description: context.describe(&entry.description, &entry.name.span, found),
        config,
    });
    ParsedNode { facts, refs: Vec::new(), sources: Vec::new(), functions: Vec::new(), macros: Vec::new() }
}
