//! The files of a package that are going to be nodes, each with what properties files say of it. Reads them; renders nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText, Span, closest};
use crate::files;
use crate::parse::context::Context;
use crate::parse::kinds::{FunctionFacts, Language, NodeKind, TestFacts, TestForm};
use crate::parse::read_text;
use crate::parse::snapshots::{self, SnapshotFacts};
use crate::parse::versions::{self, Patch};
use crate::project::{NodeProperties, Properties};

/// A file that is going to be a node.
pub(super) struct Candidate<'p> {
    pub(super) kind: NodeKind,
    pub(super) source: Arc<SourceText>,
    pub(super) fqn: Vec<String>,
    pub(super) name: String,
    /// Where its name is written, where that is not the file's own name.
    pub(super) span: Option<Span>,
    pub(super) patch: Option<Patch<'p>>,
}

/// All of them, in the order of their kinds and paths.
pub(super) fn find_candidates<'p>(
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
    let function = NodeKind::Function(FunctionFacts { arguments: Vec::new(), returns: None, language: Language::Sql });
    let snapshot = NodeKind::Snapshot(SnapshotFacts::unread(String::new()));
    type Section = fn(&Properties) -> &Vec<NodeProperties>;
    let kinds: [(NodeKind, &[String], &[&str], Section); 6] = [
        (NodeKind::Model, &paths.models, &[".sql"], |it| &it.models),
        (NodeKind::Analysis, &paths.analyses, &[".sql"], |it| &it.analyses),
        (test, &paths.tests, &[".sql"], |it| &it.singular_tests),
        (NodeKind::Seed, &paths.seeds, &[".csv"], |it| &it.seeds),
        (snapshot, &paths.snapshots, &[".sql"], |it| &it.snapshots),
        (function, &paths.functions, &[".js", ".py", ".sql"], |it| &it.functions),
    ];
    let mut candidates = Vec::new();
    for (kind, folders, endings, section) in kinds {
        let listed = context.package.list(context.files, folders, endings, found);
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
