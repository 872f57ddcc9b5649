//! Nodes that are files: models, seeds, analyses and singular tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText, Span, closest};
use crate::files::{self, ProjectFiles};
use crate::jinja::{Invocation, Phase, RefCall, Scope, SourceCall, Templates};
use crate::parse::facts::{Column, NodeFacts, NodeId, NodeKind, ParsedNode, TestFacts, TestForm};
use crate::parse::project::Package;
use crate::parse::{naming, read_text};
use crate::project::{ColumnProperties, Config, ConfigTree, NodeProperties, ProjectFile, Properties};

/// What reading the nodes of one package needs.
pub(super) struct Context<'a> {
    pub(super) files: &'a dyn ProjectFiles,
    pub(super) package: &'a Package,
    pub(super) root: &'a ProjectFile,
    pub(super) invocation: &'a Arc<Invocation>,
    pub(super) templates: &'a mut Templates,
}

/// A file that is going to be a node.
struct Candidate<'p> {
    kind: NodeKind,
    source: Arc<SourceText>,
    fqn: Vec<String>,
    name: String,
    patch: Option<&'p NodeProperties>,
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

    pub(super) fn columns(&self, columns: &[ColumnProperties], found: &mut Diagnostics) -> Vec<Column> {
        let column = |it: &ColumnProperties| Column {
            name: it.name.value.clone(),
            description: self.describe(&it.description, &it.span, found),
            data_type: it.data_type.as_ref().map(|it| (it.value.clone(), it.span.clone())),
            tags: it.tags.clone(),
            meta: it.meta.clone(),
            span: it.span.clone(),
        };
        columns.iter().map(column).collect()
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
    let test = NodeKind::Test(TestFacts { form: TestForm::Singular });
    type Section = fn(&Properties) -> &Vec<NodeProperties>;
    let kinds: [(NodeKind, &[String], &str, Section); 4] = [
        (NodeKind::Model, &paths.models, ".sql", |it| &it.models),
        (NodeKind::Analysis, &paths.analyses, ".sql", |it| &it.analyses),
        (test, &paths.tests, ".sql", |it| &it.singular_tests),
        (NodeKind::Seed, &paths.seeds, ".csv", |it| &it.seeds),
    ];
    let mut candidates = Vec::new();
    for (kind, folders, ending, section) in kinds {
        let mut patches: BTreeMap<&str, &NodeProperties> = BTreeMap::new();
        for patch in properties.iter().flat_map(section) {
            if let Some(first) = patches.insert(&patch.name.value, patch) {
                found.push(
                    Diagnostic::error(Code::DuplicateName, format!("`{}` is described twice", patch.name.value))
                        .at(patch.name.span.clone())
                        .related(first.name.span.clone(), "first described here")
                        .help("keep one of the two entries"),
                );
            }
        }
        for path in context.package.list(context.files, folders, &[ending], found) {
            if matches!(kind, NodeKind::Test(_)) && is_generic(&path) {
                continue;
            }
            // A seed can be large, and its content is the engine's business.
            let source = if matches!(kind, NodeKind::Seed) {
                SourceText::new(path.clone(), "")
            } else {
                match read_text(context.files, &path) {
                    Ok(source) => source,
                    Err(problem) => {
                        found.push(problem);
                        continue;
                    }
                }
            };
            let name = files::stem(&path).to_owned();
            let fqn = context.fqn(&path, folders, &name);
            candidates.push(Candidate { kind: kind.clone(), source, fqn, patch: patches.remove(name.as_str()), name });
        }
        for patch in patches.into_values() {
            let names = candidates.iter().map(|it| it.name.as_str());
            found.push(
                Diagnostic::warning(
                    Code::UnknownNode,
                    format!("`{}` is described, but there is no such file", patch.name.value),
                )
                .at(patch.name.span.clone())
                .help_if(closest(&patch.name.value, names), |it| format!("did you mean `{it}`?")),
            );
        }
    }
    candidates
}

fn parse_one(context: &Context<'_>, candidate: &Candidate<'_>, found: &mut Diagnostics) -> Option<ParsedNode> {
    let Candidate { kind, source, fqn, name, patch } = candidate;
    let (section, word) = match kind {
        NodeKind::Model => ("models", "model"),
        NodeKind::Seed => ("seeds", "seed"),
        NodeKind::Analysis => ("analyses", "analysis"),
        NodeKind::Test(_) | NodeKind::Source(_) | NodeKind::Exposure(_) => ("data_tests", "test"),
    };
    let package = context.package_name();
    let id = NodeId::new(format!("{word}.{package}.{name}"));
    let mut config = context.config_for(section, fqn);
    if let Some(patch) = patch {
        config.overlay(patch.config.clone());
    }
    if word == "model" && source.text.trim().is_empty() {
        found.push(
            Diagnostic::error(Code::EmptyModel, format!("{} is empty", source.path))
                .at(Span::file(source))
                .help("write a `select`, or remove the file"),
        );
        return None;
    }
    let model = serde_json::json!({
        "unique_id": id.as_str(), "name": name, "resource_type": word, "package_name": package,
        "path": source.path, "original_file_path": source.path, "fqn": fqn, "alias": name,
    });
    let mut captured = crate::jinja::Captured::default();
    if !matches!(kind, NodeKind::Seed) {
        let mut scope = Scope::new(context.invocation, Phase::Parse);
        package.clone_into(&mut scope.package);
        scope.config = config.clone();
        scope.model = model.clone();
        scope.this = Some(crate::jinja::RelationName::new(
            &*context.invocation.target.database,
            &*context.invocation.target.schema,
            name,
        ));
        let scope = Arc::new(scope);
        if let Err(problem) = context.templates.render(source, &scope) {
            found.push(problem);
            return None;
        }
        captured = scope.captured().clone();
    }
    config.overlay(captured.config);
    config.report_wrong_values(&format!("{word} `{name}`"), found);
    let span = Span::file(source);
    let about = (&*context.templates, context.invocation, &span);
    let mut naming_config = config.clone();
    if word == "test" && config.text("schema").is_none() {
        // dbt keeps failing rows apart from the models.
        naming_config.set("schema", "dbt_test__audit".into(), None);
    }
    let relation = naming::relation(name, package, &naming_config, &model, about, found);
    let place = |function: &str, last: &str| find_call(source, function, last).unwrap_or_else(|| span.clone());
    let facts = NodeFacts {
        id,
        name: name.clone(),
        kind: kind.clone(),
        package: package.to_owned(),
        path: source.path.clone(),
        fqn: fqn.clone(),
        relation,
        source: Arc::clone(source),
        description: patch.map(|it| context.describe(&it.description, &it.name.span, found)).unwrap_or_default(),
        columns: patch.map(|it| context.columns(&it.columns, found)).unwrap_or_default(),
        patch_path: patch.map(|it| it.file.clone()),
        config,
        span: span.clone(),
    };
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
    let names: Vec<String> =
        call["arguments"].split(',').map(unquoted).filter(|it| !it.contains('=') && !it.is_empty()).collect();
    match (&call["function"], names.as_slice()) {
        ("ref", [name]) => Some(Ok(RefCall { package: None, name: name.clone(), version: None })),
        ("ref", [package, name]) => {
            Some(Ok(RefCall { package: Some(package.clone()), name: name.clone(), version: None }))
        }
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
        assert!(parse_call("42").is_none());
    }
}
