//! Nodes that are files: models, seeds, snapshots, functions, analyses and singular tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use regex::Regex;
use sha2::{Digest, Sha256};

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText, Span, closest};
use crate::files::{self, ProjectFiles};
use crate::jinja::{Invocation, Phase, RefCall, Scope, SourceCall, Templates};
use crate::parse::docs::DocBlock;
use crate::parse::facts::{Column, FunctionFacts, NodeFacts, NodeId, NodeKind, ParsedNode, TestFacts, TestForm};
use crate::parse::project::Package;
use crate::parse::snapshots::{self, SnapshotFacts};
use crate::parse::versions::{self, Patch};
use crate::parse::{docs, hooks, naming, read_text};
use crate::project::{ColumnProperties, Config, ConfigTree, NodeProperties, ProjectFile, Properties};

/// What reading the nodes of one package needs.
pub(super) struct Context<'a> {
    pub(super) files: &'a dyn ProjectFiles,
    pub(super) package: &'a Package,
    pub(super) root: &'a ProjectFile,
    pub(super) invocation: &'a Arc<Invocation>,
    pub(super) docs: &'a [DocBlock],
    pub(super) templates: &'a mut Templates,
}

/// A file that is going to be a node.
struct Candidate<'p> {
    kind: NodeKind,
    source: Arc<SourceText>,
    fqn: Vec<String>,
    name: String,
    /// Where its name is written, where that is not the file's own name.
    span: Option<Span>,
    patch: Option<Patch<'p>>,
}

impl Context<'_> {
    /// Package configuration, then the root project's, for a node of this name.
    pub(super) fn config_for(&self, section: &str, fqn: &[String]) -> Config {
        let of =
            |file: &ProjectFile| file.configs.get(section).map(|it: &ConfigTree| it.for_node(fqn)).unwrap_or_default();
        let mut config = of(&self.package.file);
        if !self.package.root.is_empty() {
            config.overlay(of(self.root));
        }
        config
    }

    pub(super) fn package_name(&self) -> &str {
        &self.package.file.name.value
    }

    /// Package, folders below the resource folder, name.
    pub(super) fn fqn(&self, path: &str, folders: &[String], name: &str) -> Vec<String> {
        let mut fqn = vec![self.package_name().to_owned()];
        let below = folders.iter().find_map(|folder| {
            let folder = files::join(&self.package.root, folder);
            path.strip_prefix(folder.as_str()).map(|rest| rest.trim_start_matches('/'))
        });
        let below = below.unwrap_or(path);
        if let Some((folders, _)) = below.rsplit_once('/') {
            fqn.extend(folders.split('/').map(str::to_owned));
        }
        fqn.push(name.to_owned());
        fqn
    }

    /// For tests of a properties file: package, folders below the first one, name; as dbt has it.
    pub(super) fn fqn_of_test(&self, file: &str, name: &str) -> Vec<String> {
        let own = file.strip_prefix(self.package.root.as_str()).unwrap_or(file).trim_start_matches('/');
        let folders = own.rsplit_once('/').map(|(folders, _)| folders).unwrap_or_default();
        let below = folders.split('/').skip(1).map(str::to_owned);
        std::iter::once(self.package_name().to_owned()).chain(below).chain([name.to_owned()]).collect()
    }

    /// A description with its `{{ doc() }}` put in.
    pub(super) fn describe(&self, text: &str, span: &Span, found: &mut Diagnostics) -> String {
        if !text.contains("{{") {
            return text.trim().to_owned();
        }
        let scope = Arc::new(Scope::new(self.invocation, Phase::Parse));
        // A text of its own under the file's path, so that what goes wrong is shown at the description's owner.
        let source = SourceText::new(format!("{} (description)", span.source.path), text);
        match self.templates.render_text(&source, &scope) {
            Ok(text) => text.trim().to_owned(),
            Err(mut problem) => {
                problem.place = Some(span.clone());
                problem.related.clear();
                found.push(problem);
                text.to_owned()
            }
        }
    }

    /// Ids of the documentation blocks that a description uses.
    pub(super) fn doc_blocks(&self, description: &str) -> Vec<String> {
        docs::used(description, self.package_name(), self.docs)
    }

    pub(super) fn columns<'c>(
        &self,
        columns: impl IntoIterator<Item = &'c ColumnProperties>,
        found: &mut Diagnostics,
    ) -> Vec<Column> {
        let column = |it: &ColumnProperties| Column {
            name: it.name.value.clone(),
            description: self.describe(&it.description, &it.span, found),
            data_type: it.data_type.as_ref().map(|it| (it.value.clone(), it.span.clone())),
            tags: it.tags.clone(),
            meta: it.meta.clone(),
            constraints: it.constraints.clone(),
            quote: it.quote,
            granularity: it.granularity.clone(),
            doc_blocks: self.doc_blocks(&it.description),
            span: it.span.clone(),
        };
        columns.into_iter().map(column).collect()
    }
}

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
        if matches!(candidate.kind, NodeKind::Seed) {
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

fn find_candidates<'p>(
    context: &Context<'_>,
    properties: &'p [Properties],
    found: &mut Diagnostics,
) -> Vec<Candidate<'p>> {
    let paths = &context.package.file.paths;
    let generic = context.package.generic_test_folders();
    let is_generic =
        |path: &str| generic.iter().any(|it| path.starts_with(&format!("{}/", files::join(&context.package.root, it))));
    let test =
        NodeKind::Test(TestFacts { form: TestForm::Singular, inherited_tags: Vec::new(), inherited_group: None });
    let function = NodeKind::Function(FunctionFacts { arguments: Vec::new(), returns: None });
    let snapshot = NodeKind::Snapshot(SnapshotFacts::unread(String::new()));
    type Section = fn(&Properties) -> &Vec<NodeProperties>;
    let kinds: [(NodeKind, &[String], &str, Section); 6] = [
        (NodeKind::Model, &paths.models, ".sql", |it| &it.models),
        (NodeKind::Analysis, &paths.analyses, ".sql", |it| &it.analyses),
        (test, &paths.tests, ".sql", |it| &it.singular_tests),
        (NodeKind::Seed, &paths.seeds, ".csv", |it| &it.seeds),
        (snapshot, &paths.snapshots, ".sql", |it| &it.snapshots),
        (function, &paths.functions, ".sql", |it| &it.functions),
    ];
    let mut candidates = Vec::new();
    for (kind, folders, ending, section) in kinds {
        let listed = context.package.list(context.files, folders, &[ending], found);
        let stems: BTreeSet<&str> = listed.iter().map(|it| files::stem(it)).collect();
        let mut patches = versions::by_file(properties.iter().flat_map(section), &|it| stems.contains(it), found);
        for path in &listed {
            let is_fixture = || path.contains("/fixtures/");
            if matches!(kind, NodeKind::Test(_)) && (is_generic(path) || is_fixture()) {
                continue;
            }
            // A seed can be large, and its content is the engine's business.
            let source = if matches!(kind, NodeKind::Seed) {
                SourceText::new(path.clone(), "")
            } else {
                match read_text(context.files, path) {
                    Ok(source) => source,
                    Err(problem) => {
                        found.push(problem);
                        continue;
                    }
                }
            };
            if matches!(kind, NodeKind::Snapshot(_)) {
                candidates.extend(snapshot_blocks(context, &source, folders, &mut patches, found));
                continue;
            }
            let name = files::stem(path).to_owned();
            let patch = patches.remove(&name);
            let mut fqn = context.fqn(path, folders, patch.map_or(&name, |it| it.name()));
            if matches!(kind, NodeKind::Analysis) {
                fqn.insert(1, "analysis".to_owned());
            }
            fqn.extend(patch.and_then(|it| it.version).map(|it| it.version.value.to_string()));
            let name = patch.map_or(name, |it| it.name().to_owned());
            candidates.push(Candidate { kind: kind.clone(), source, fqn, patch, name, span: None });
        }
        if matches!(kind, NodeKind::Snapshot(_)) {
            candidates.extend(snapshot_entries(context, folders, &mut patches));
        }
        for (file, patch) in patches {
            let names = candidates.iter().map(|it| it.name.as_str());
            let name = patch.version.map_or(patch.name(), |_| file.as_str());
            found.push(
                Diagnostic::warning(Code::UnknownNode, format!("`{name}` is described, but there is no such file"))
                    .at(patch.version.map_or(&patch.node.name.span, |it| &it.version.span).clone())
                    .help_if(closest(name, names), |it| format!("did you mean `{it}`?")),
            );
        }
    }
    candidates
}

/// A file of snapshots: one candidate for each block. dbt's fully qualified names hold the file's name too.
fn snapshot_blocks<'p>(
    context: &Context<'_>,
    source: &Arc<SourceText>,
    folders: &[String],
    patches: &mut BTreeMap<String, Patch<'p>>,
    found: &mut Diagnostics,
) -> Vec<Candidate<'p>> {
    let candidate = |block: snapshots::Block| {
        let mut fqn = context.fqn(&source.path, folders, files::stem(&source.path));
        fqn.push(block.name.clone());
        Candidate {
            kind: NodeKind::Snapshot(SnapshotFacts::unread(block.raw_code)),
            source: block.source,
            fqn,
            patch: patches.remove(&block.name),
            name: block.name,
            span: Some(block.span),
        }
    };
    snapshots::blocks(source, found).into_iter().map(candidate).collect()
}

/// Snapshots that are written in properties files alone.
fn snapshot_entries<'p>(
    context: &Context<'_>,
    folders: &[String],
    patches: &mut BTreeMap<String, Patch<'p>>,
) -> Vec<Candidate<'p>> {
    let names: Vec<String> =
        patches.iter().filter(|(_, it)| it.node.relation.is_some()).map(|(name, _)| name.clone()).collect();
    let candidate = |name: String| {
        let patch = patches.remove(&name)?;
        let relation = &patch.node.relation.as_ref()?.value;
        let raw_code = format!("select * from {{{{ {relation} }}}}");
        Some(Candidate {
            source: SourceText::new(format!("{} ({name})", patch.node.file), raw_code.clone()),
            kind: NodeKind::Snapshot(SnapshotFacts::unread(raw_code)),
            fqn: context.fqn(&patch.node.file, folders, &name),
            span: Some(patch.node.name.span.clone()),
            patch: Some(patch),
            name,
        })
    };
    names.into_iter().filter_map(candidate).collect()
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
    if !matches!(kind, NodeKind::Seed) {
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
    captured.macros.extend(of_hooks.macros);
    let refs = captured.refs.into_iter().map(|it| (it.clone(), place("ref", &it.name))).collect();
    let sources = captured.sources.into_iter().map(|it| (it.clone(), place("source", &it.table))).collect();
    Some(ParsedNode { facts, refs, sources, macros: captured.macros.into_iter().collect() })
}

#[expect(clippy::unwrap_used, reason = "a constant pattern; the test below uses it")]
static CALL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?-u:\b)(?P<function>ref|source)(?-u:\s)*\((?P<arguments>[^)]*)\)"#).unwrap());

/// Where a template calls `ref` or `source` with this last name; the template engine does not say.
fn find_call(source: &Arc<SourceText>, function: &str, last: &str) -> Option<Span> {
    CALL.captures_iter(&source.text).find_map(|call| {
        let arguments = call.name("arguments").filter(|_| &call["function"] == function)?;
        let at = ["'", "\""].iter().find_map(|quote| arguments.as_str().rfind(&format!("{quote}{last}{quote}")))?;
        let start = arguments.start() + at;
        Some(Span::new(source, start..start + last.len() + 2))
    })
}

/// A call of `ref` or `source` written as text, as test arguments and exposures have it.
pub(super) fn parse_call(text: &str) -> Option<Result<RefCall, SourceCall>> {
    let call = CALL.captures(text.trim())?;
    let unquoted = |it: &str| it.trim().trim_matches(['\'', '"']).to_owned();
    let (named, names): (Vec<&str>, Vec<&str>) = call["arguments"].split(',').partition(|it| it.contains('='));
    let names: Vec<String> = names.into_iter().map(unquoted).filter(|it| !it.is_empty()).collect();
    let version =
        named.iter().filter_map(|it| it.split_once('=')).find(|(key, _)| ["v", "version"].contains(&key.trim()));
    let version = version.map(|(_, value)| unquoted(value));
    match (&call["function"], names.as_slice()) {
        ("ref", [name]) => Some(Ok(RefCall { package: None, name: name.clone(), version })),
        ("ref", [package, name]) => Some(Ok(RefCall { package: Some(package.clone()), name: name.clone(), version })),
        ("source", [source, table]) => Some(Err(SourceCall { source: source.clone(), table: table.clone() })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_where_they_stand() {
        let source = SourceText::new("a.sql", "select * from {{ ref(\"x\") }} join {{ ref('p', 'y') }}");
        assert_eq!(find_call(&source, "ref", "y").unwrap().text(), "'y'");
        assert_eq!(find_call(&source, "source", "y"), None);
    }

    #[test]
    fn calls_in_text() {
        assert!(matches!(parse_call("ref('a')"), Some(Ok(call)) if call.name == "a"));
        assert!(matches!(parse_call("source('a', \"b\")"), Some(Err(call)) if call.table == "b"));
        assert!(matches!(parse_call("ref('a', v=2)"), Some(Ok(call)) if call.version.as_deref() == Some("2")));
        assert!(parse_call("42").is_none());
    }
}
