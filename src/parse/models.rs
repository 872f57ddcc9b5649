//! Nodes that are files: models, seeds, snapshots, functions, analyses and singular tests. Each template is rendered once.

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText, Span};
use crate::jinja::{Phase, Scope};
use crate::parse::calls::find_call;
use crate::parse::candidates::{Candidate, find_candidates};
use crate::parse::context::Context;
use crate::parse::facts::{NodeFacts, NodeId, ParsedNode};
use crate::parse::kinds::{FunctionFacts, Language, NodeKind};
use crate::parse::snapshots::SnapshotFacts;
use crate::parse::{hooks, naming};
use crate::project::{Config, Properties};

/// Bytes of stack for rendering: macros call one another deeply.
const STACK: usize = 64 << 20;

/// All file nodes of a package.
pub(super) fn read(
    context: &mut Context<'_>,
    properties: &[Properties],
    broken: &mut BTreeSet<String>,
    found: &mut Diagnostics,
) -> Vec<ParsedNode> {
    let mut candidates = find_candidates(context, properties, found);
    candidates.retain(|candidate| {
        if !has_template(candidate) {
            return true;
        }
        let added = context.templates.add(&candidate.source).map_err(|problem| found.push(problem)).is_ok();
        if !added {
            broken.insert(candidate.name.clone());
        }
        added
    });
    let context: &Context<'_> = context;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = candidates.len().div_ceil(threads).max(32);
    let parse_all = |part: &[Candidate<'_>]| {
        let mut found = Diagnostics::new();
        let nodes: Vec<_> = part.iter().filter_map(|it| parse_one(context, it, &mut found)).collect();
        (nodes, found)
    };
    let parts: Vec<_> = std::thread::scope(|scope| {
        let spawn = |part| std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, move || parse_all(part));
        let running: Vec<_> = candidates.chunks(share).filter_map(|part| spawn(part).ok()).collect();
        running.into_iter().filter_map(|it| it.join().ok()).collect()
    });
    let mut nodes = Vec::new();
    for (part, problems) in parts {
        nodes.extend(part);
        found.extend(problems);
    }
    let parsed: BTreeSet<&str> = nodes.iter().map(|it: &ParsedNode| it.facts.name.as_str()).collect();
    broken.extend(candidates.iter().map(|it| it.name.clone()).filter(|it| !parsed.contains(it.as_str())));
    nodes
}

/// Seeds are data, and functions in other languages than SQL are code as it is.
fn has_template(candidate: &Candidate<'_>) -> bool {
    match candidate.kind {
        NodeKind::Seed => false,
        NodeKind::Function(_) => Language::of(&candidate.source.path) == Language::Sql,
        _ => true,
    }
}

/// The section of the project file for a kind, and dbt's word for it.
fn words(kind: &NodeKind) -> (&'static str, &'static str) {
    match kind {
        NodeKind::Model => ("models", "model"),
        NodeKind::Seed => ("seeds", "seed"),
        NodeKind::Snapshot(_) => ("snapshots", "snapshot"),
        NodeKind::Function(_) => ("functions", "function"),
        // As in dbt, models' configuration is that of analyses too.
        NodeKind::Analysis => ("models", "analysis"),
        NodeKind::Exposure(_)
        | NodeKind::Metric(_)
        | NodeKind::Monitor(_)
        | NodeKind::Operation(_)
        | NodeKind::SavedQuery(_)
        | NodeKind::SemanticModel(_)
        | NodeKind::Source(_)
        | NodeKind::Test(_)
        | NodeKind::UnitTest(_) => ("data_tests", "test"),
    }
}

/// Above this size dbt does not read a seed to know whether it has changed.
const LARGEST_HASHED_SEED: u64 = 1 << 20;

fn seed_checksum(context: &Context<'_>, source: &SourceText) -> Option<String> {
    let stamp = context.files.stamp(&source.path).ok()?;
    if stamp.bytes > LARGEST_HASHED_SEED {
        return None;
    }
    let text = String::from_utf8(context.files.read(&source.path).ok()?).ok()?;
    let digest = Sha256::digest(text.trim().as_bytes());
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn parse_one(context: &Context<'_>, candidate: &Candidate<'_>, found: &mut Diagnostics) -> Option<ParsedNode> {
    let Candidate { kind, source, fqn, name, patch, span } = candidate;
    let (section, word) = words(kind);
    let package = context.package_name();
    let version = patch.and_then(|it| it.version).map(|it| &it.version.value);
    let suffix = version.map(|it| format!(".{it}")).unwrap_or_default();
    let id = NodeId::new(format!("{word}.{package}.{name}{suffix}"));
    let mut config = context.config_for(section, fqn);
    if let Some(patch) = patch {
        config.overlay(patch.config());
    }
    if word == "model" && source.text.trim().is_empty() {
        found.push(
            Diagnostic::warning(Code::EmptyModel, format!("{} is empty, and passed over", source.path))
                .at(Span::file(source))
                .help("write a `select`, or remove the file"),
        );
        return None;
    }
    let path = patch.filter(|it| it.node.relation.is_some()).map_or(&source.path, |it| &it.node.file);
    // A second snapshot of a file has a path of its own, for its template.
    let path = path.split(" (").next().unwrap_or(path).to_owned();
    let mut model = serde_json::json!({
        "unique_id": id.as_str(), "name": name, "resource_type": word, "package_name": package,
        "path": path, "original_file_path": path, "fqn": fqn, "alias": name,
    });
    if let Some(version) = version {
        model["version"] = version.json().clone();
    }
    let mut captured = crate::jinja::Captured::default();
    let span = span.clone().unwrap_or_else(|| Span::file(source));
    let new_scope = |config: &Config| {
        let mut scope = Scope::new(context.invocation, Phase::Parse);
        package.clone_into(&mut scope.package);
        scope.config = config.clone();
        scope.model = model.clone();
        scope.this = Some(crate::jinja::RelationName::new(
            &*context.invocation.target.database,
            &*context.invocation.target.schema,
            name,
        ));
        scope
    };
    if has_template(candidate) {
        let scope = Arc::new(new_scope(&config));
        if let Err(problem) = context.templates.render(source, &scope) {
            let relation = patch.and_then(|it| it.node.relation.as_ref());
            found.push(match relation {
                Some(relation) => problem.at(relation.span.clone()),
                None => problem,
            });
            return None;
        }
        captured = scope.captured().clone();
    }
    config.overlay(std::mem::take(&mut captured.config));
    let of_hooks = hooks::references(&config, context.templates, || new_scope(&config));
    config.report_wrong_values(&format!("{word} `{name}`"), found);
    let about = (&*context.templates, context.invocation, &span);
    let mut naming_config = config.clone();
    if word == "test" && config.text("schema").is_none() {
        // dbt keeps failing rows apart from the models.
        naming_config.set("schema", "dbt_test__audit".into(), None);
    }
    let default_alias = match version {
        Some(version) => format!("{name}_{}", version.to_string().replace('.', "_")),
        None => name.clone(),
    };
    let mut relation = naming::relation(&default_alias, package, &naming_config, &model, about, found);
    let kind = match kind {
        NodeKind::Snapshot(facts) => {
            // As in dbt: these are taken as they are, with nothing before them.
            if let Some(schema) = config.text("target_schema") {
                schema.clone_into(&mut relation.schema);
            }
            if let Some(database) = config.text("target_database") {
                database.clone_into(&mut relation.database);
            }
            NodeKind::Snapshot(SnapshotFacts::read(facts.raw_code.clone(), name, &config, &span, found))
        }
        NodeKind::Function(_) => {
            let node = patch.map(|it| it.node);
            if node.is_none_or(|it| it.returns.is_none()) {
                found.push(
                    Diagnostic::error(Code::MissingKey, format!("function `{name}` doesn't say what it returns"))
                        .at(node.map_or_else(|| span.clone(), |it| it.name.span.clone()))
                        .help("write `returns: {data_type: …}` for it under `functions:` in a properties file"),
                );
            }
            NodeKind::Function(FunctionFacts {
                arguments: node.map(|it| it.arguments.clone()).unwrap_or_default(),
                returns: node.and_then(|it| it.returns.clone()),
                language: Language::of(&source.path),
            })
        }
        other => other.clone(),
    };
    let place = |function: &str, last: &str| find_call(source, function, last).unwrap_or_else(|| span.clone());
    let description = patch.map(|it| it.description()).unwrap_or_default();
    let facts = NodeFacts {
        id,
        name: name.clone(),
        package: package.to_owned(),
        path,
        fqn: fqn.clone(),
        relation,
        source: Arc::clone(source),
        description: patch.map(|it| context.describe(description, &it.node.name.span, found)).unwrap_or_default(),
        columns: patch.map(|it| context.columns(it.columns(), found)).unwrap_or_default(),
        patch_path: patch.map(|it| it.node.file.clone()),
        doc_blocks: context.doc_blocks(description),
        checksum: matches!(kind, NodeKind::Seed).then(|| seed_checksum(context, source)).flatten(),
        model: patch.filter(|_| matches!(kind, NodeKind::Model)).map(|it| it.model_facts()).unwrap_or_default(),
        kind,
        config,
        span: span.clone(),
    };
    found.extend(hooks::of_seed(&facts, &of_hooks, &span).into_iter().collect());
    captured.refs.extend(of_hooks.refs);
    captured.sources.extend(of_hooks.sources);
    captured.functions.extend(of_hooks.functions);
    captured.macros.extend(of_hooks.macros);
    let refs = captured.refs.into_iter().map(|it| (it.clone(), place("ref", &it.name))).collect();
    let sources = captured.sources.into_iter().map(|it| (it.clone(), place("source", &it.table))).collect();
    let functions = captured.functions.into_iter().map(|it| (it.clone(), place("function", &it.name))).collect();
    Some(ParsedNode { facts, refs, sources, functions, macros: captured.macros.into_iter().collect() })
}
