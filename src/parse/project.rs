//! Loading: from files on disk to a parsed project, every mistake of every file reported in one go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText};
use crate::files::{self, ProjectFiles};
use crate::jinja::{Excerpt, Invocation, Macros, Templates, YamlText};
use crate::parse::context::Context;
use crate::parse::docs::{self, DocBlock};
use crate::parse::facts::ParsedNode;
use crate::parse::groups::{self, Group};
use crate::parse::kinds::NodeKind;
use crate::parse::{generic_tests, models, monitors, operations, read_text, semantics, sources, unit_tests, unused};
use crate::project::{Json, Located, NodeProperties, Profiles, ProjectFile, Properties, Target, project_file_missing};

/// What the outside decides about a load: arguments, environment, clock.
#[derive(Debug, Clone)]
pub struct Request {
    /// Folders where `profiles.yml` may be, first wins; the first `explicit` ones must have what is asked for.
    pub profiles_dirs: Vec<String>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--target`.
    pub target: Option<String>,
    /// `--threads`.
    pub threads: Option<usize>,
    /// `--vars`.
    pub vars: serde_json::Map<String, Json>,
    /// `--full-refresh`.
    pub full_refresh: bool,
    /// `--empty` and its kin.
    pub excerpt: Excerpt,
    /// `--target-path`.
    pub target_path: Option<String>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// The run's clock.
    pub started_at: DateTime<Utc>,
    /// The run's identity.
    pub invocation_id: String,
}

/// One project of those that are loaded together: the root's own, or an installed package.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its project file.
    pub file: ProjectFile,
    /// Its folder, relative to the root project; empty for the root itself.
    pub root: String,
}

/// A loaded project. References are names still.
pub struct ParsedProject {
    /// What all templates share.
    pub invocation: Arc<Invocation>,
    /// The root project file.
    pub file: ProjectFile,
    /// All templates, compiled.
    pub templates: Templates,
    /// All enabled nodes, sorted by id within each kind.
    pub nodes: Vec<ParsedNode>,
    /// Names of models and tests whose files have mistakes: what refers to them is not at fault.
    pub broken: BTreeSet<String>,
    /// Nodes that are switched off.
    pub disabled: Vec<ParsedNode>,
    /// Groups of all packages.
    pub groups: Vec<Group>,
    /// Documentation blocks of all packages.
    pub docs: Vec<DocBlock>,
    /// The root project first, then installed packages.
    pub packages: Vec<Package>,
    /// The selectors of `selectors.yml`, as written; read by who selects.
    pub selectors: Option<Arc<SourceText>>,
    /// What properties files say about macros: package and entry.
    pub macro_properties: Vec<(String, NodeProperties)>,
}

/// The file of named selectors.
const SELECTORS: &str = "selectors.yml";

/// Loads the project below `files`. `None` where not even a project file could be read.
pub fn load(files: &dyn ProjectFiles, request: &Request) -> (Option<ParsedProject>, Diagnostics) {
    let mut found = Diagnostics::new();
    let project = load_into(files, request, &mut found);
    (project, found)
}

/// The project file alone, and what its templates need: for what is done before packages are there. `None` where it can't
/// be read.
pub fn project_file(
    files: &dyn ProjectFiles,
    request: &Request,
    found: &mut Diagnostics,
) -> Option<(ProjectFile, Arc<Invocation>)> {
    let early = Arc::new(invocation(request, "", Target::embedded("default"), None));
    Some((read_project_file(files, request, &early, found)?, early))
}

fn read_project_file(
    files: &dyn ProjectFiles,
    request: &Request,
    invocation: &Arc<Invocation>,
    found: &mut Diagnostics,
) -> Option<ProjectFile> {
    if !files.exists(ProjectFile::NAME) {
        found.push(project_file_missing(&files.list("").unwrap_or_default()));
        return None;
    }
    let source = collect(read_text(files, ProjectFile::NAME), found)?;
    let mut file = ProjectFile::read(&source, &YamlText::new(invocation), found)?;
    if let Some(path) = &request.target_path {
        file.target_path.clone_from(path);
    }
    Some(file)
}

/// As in dbt, `store_failures_as` says also whether failing rows are kept, and overrides `store_failures`.
fn settle_store_failures(node: &mut ParsedNode) {
    if !matches!(node.facts.kind, NodeKind::Test(_)) {
        return;
    }
    let keeps = match node.facts.config.text("store_failures_as") {
        Some("table" | "view") => true,
        Some("ephemeral") => false,
        _ => return,
    };
    node.facts.config.set("store_failures", keeps.into(), None);
}

fn load_into(files: &dyn ProjectFiles, request: &Request, found: &mut Diagnostics) -> Option<ParsedProject> {
    // The file names the profile, and the profile's target decides what the file's templates say.
    let mut at_first = Diagnostics::new();
    let Some((file, _)) = project_file(files, request, &mut at_first) else {
        found.extend(at_first);
        return None;
    };
    let target = find_target(files, request, &file.name.value, file.profile.as_ref(), found)?;
    let early = Arc::new(invocation(request, &file.name.value, target.clone(), Some(&file)));
    let file = read_project_file(files, request, &early, found)?;
    let packages = find_packages(files, &file, &early, found);
    let mut invocation = invocation(request, &file.name.value, target, Some(&file));
    let named = |it: &Package| (it.file.name.value.clone(), it.file.vars.clone());
    invocation.package_vars = packages.iter().skip(1).map(named).collect();
    let mut macros = Macros::new();
    let mut docs = Vec::new();
    for package in &packages {
        read_macros(files, package, &mut macros, found);
        docs.extend(read_docs(files, package, found));
    }
    // The root project comes first, and its blocks win.
    invocation.docs.extend(docs.iter().rev().map(|it: &DocBlock| (it.name.clone(), it.text.clone())));
    crate::jinja::add_macros_of_dbt(&mut macros, found);
    let invocation = Arc::new(invocation);
    let mut templates = Templates::new(macros, found);
    let mut nodes = Vec::new();
    let mut broken = BTreeSet::new();
    let mut all_groups = Vec::new();
    let mut macro_properties = Vec::new();
    let mut of_packages = Vec::new();
    for package in &packages {
        let yaml = YamlText::of_package(&invocation, &package.file.name.value);
        let properties = read_properties(files, package, &yaml, found);
        let (docs, templates) = (docs.as_slice(), &mut templates);
        let mut context = Context { files, package, root: &file, invocation: &invocation, docs, templates };
        let mut of_package = models::read(&mut context, &properties, &mut broken, found);
        of_package.extend(sources::read(&context, &properties, found));
        of_package.extend(sources::read_exposures(&context, &properties, found));
        of_package.extend(semantics::read(&context, &properties, found));
        of_package.extend(monitors::read(&context, &properties, found));
        of_package.extend(operations::read(&context, found));
        nodes.extend(of_package);
        all_groups.extend(groups::read(&context, &properties, found));
        let name = &package.file.name.value;
        macro_properties.extend(properties.iter().flat_map(|it| &it.macros).map(|it| (name.clone(), it.clone())));
        of_packages.push((package, properties));
    }
    groups::check(&nodes, &all_groups, found);
    // These need to know all models, those of other packages too.
    let mut tests = Vec::new();
    for (package, properties) in &of_packages {
        let (docs, templates) = (docs.as_slice(), &mut templates);
        let context = Context { files, package, root: &file, invocation: &invocation, docs, templates };
        tests.extend(generic_tests::read(&context, properties, &nodes, found));
        tests.extend(unit_tests::read(&context, properties, &nodes, found));
    }
    nodes.extend(tests);
    // A file with a mistake has no node, and its configuration is not at fault.
    if !found.has_errors() {
        unused::report(&file, &nodes.iter().collect::<Vec<_>>(), found);
    }
    for node in &mut nodes {
        settle_store_failures(node);
    }
    nodes.sort_by(|a, b| a.facts.id.cmp(&b.facts.id));
    // Of two with one name, one may be switched off.
    let (mut nodes, mut disabled): (Vec<_>, Vec<_>) = nodes.into_iter().partition(|it| it.facts.config.enabled());
    disabled.dedup_by(|a, b| a.facts.id == b.facts.id);
    report_duplicates(&nodes, found);
    if !nodes.iter().any(|it| it.facts.can_be_read()) && !found.has_errors() {
        let folders = file.paths.models.join(", ");
        found.push(
            Diagnostic::warning(Code::MissingFile, format!("the project has no models: no .sql files below {folders}"))
                .at(file.name.span.clone())
                .help("check `model-paths`, or write a first model"),
        );
    }
    nodes.dedup_by(|a, b| a.facts.id == b.facts.id);
    let selectors = files.exists(SELECTORS).then(|| collect(read_text(files, SELECTORS), found)).flatten();
    Some(ParsedProject {
        selectors,
        invocation,
        file,
        templates,
        nodes,
        broken,
        disabled,
        groups: all_groups,
        docs,
        packages: packages.clone(),
        macro_properties,
    })
}

fn collect<T>(result: Result<T, Diagnostic>, found: &mut Diagnostics) -> Option<T> {
    result.map_err(|problem| found.push(problem)).ok()
}

fn invocation(request: &Request, project: &str, target: Target, file: Option<&ProjectFile>) -> Invocation {
    Invocation {
        project: project.to_owned(),
        target,
        cli_vars: request.vars.clone(),
        package_vars: BTreeMap::new(),
        project_vars: file.map(|it| it.vars.clone()).unwrap_or_default(),
        environment: request.environment.clone(),
        dispatch: file.map(|it| it.dispatch.clone()).unwrap_or_default(),
        started_at: request.started_at,
        id: request.invocation_id.clone(),
        full_refresh: request.full_refresh,
        excerpt: request.excerpt.clone(),
        docs: BTreeMap::new(),
    }
}

/// The target that is asked for; of a project without a profile, the embedded one. `None` where there is none of that
/// name, which is reported.
pub fn find_target(
    files: &dyn ProjectFiles,
    request: &Request,
    project: &str,
    profile: Option<&Located<String>>,
    found: &mut Diagnostics,
) -> Option<Target> {
    let place = profile.filter(|_| request.profile.is_none()).map(|it| it.span.clone());
    let profile = request.profile.clone().or_else(|| profile.map(|it| it.value.clone()));
    let profile = profile.unwrap_or_else(|| project.to_owned());
    let path = request.profiles_dirs.iter().map(|it| files::join(it, "profiles.yml")).find(|it| files.exists(it));
    let mut target = match path {
        Some(path) => {
            let source = collect(read_text(files, &path), found)?;
            let early = Arc::new(invocation(request, project, Target::embedded(&profile), None));
            let profiles = Profiles::read(&source, found)?;
            if profiles.has(&profile) || request.profile.is_some() || request.target.is_some() || path == "profiles.yml"
            {
                profiles.target(&profile, request.target.as_deref(), place, &YamlText::new(&early), found)?
            } else {
                Target::embedded(&profile)
            }
        }
        None if request.target.as_deref().is_some_and(|it| it != "dev") => {
            let name = |it: &String| if it.is_empty() { "the project's folder".to_owned() } else { it.clone() };
            let folders: Vec<String> = request.profiles_dirs.iter().map(name).collect();
            found.push(
                Diagnostic::error(Code::Profile, "a target is asked for, but there is no `profiles.yml`")
                    .note(format!("looked in: {}", folders.join(", ")))
                    .help("write a `profiles.yml` with this target, or leave `--target` away"),
            );
            return None;
        }
        None => Target::embedded(&profile),
    };
    if let Some(threads) = request.threads {
        target.threads = threads;
    }
    Some(target)
}

/// The root project and what `deps` has installed.
fn find_packages(
    files: &dyn ProjectFiles,
    root: &ProjectFile,
    invocation: &Arc<Invocation>,
    found: &mut Diagnostics,
) -> Vec<Package> {
    let mut packages = vec![Package { file: root.clone(), root: String::new() }];
    for name in files.folders(&root.packages_path).unwrap_or_default() {
        let folder = files::join(&root.packages_path, &name);
        let path = files::join(&folder, ProjectFile::NAME);
        // What lies there without a project is no package.
        if !files.exists(&path) {
            continue;
        }
        let Some(source) = collect(read_text(files, &path), found) else { continue };
        if let Some(file) = ProjectFile::read(&source, &YamlText::new(invocation), found) {
            packages.push(Package { file, root: folder });
        }
    }
    packages
}

impl Package {
    /// Files with one of these endings below these folders of the package.
    pub(super) fn list(
        &self,
        files: &dyn ProjectFiles,
        folders: &[String],
        endings: &[&str],
        found: &mut Diagnostics,
    ) -> Vec<String> {
        let mut paths = Vec::new();
        for folder in folders {
            let folder = files::join(&self.root, folder);
            match files.list(&folder) {
                Ok(listed) => {
                    let fits = |path: &String| endings.iter().any(|it| path.ends_with(it));
                    paths.extend(listed.into_iter().filter(fits));
                }
                Err(error) => found
                    .push(Diagnostic::error(Code::UnreadableFile, format!("folder {folder} can't be read: {error}"))),
            }
        }
        paths.sort();
        paths.dedup();
        paths
    }

    /// Texts of files with these endings below these folders.
    pub(super) fn texts(
        &self,
        files: &dyn ProjectFiles,
        folders: &[String],
        endings: &[&str],
        found: &mut Diagnostics,
    ) -> Vec<Arc<SourceText>> {
        let paths = self.list(files, folders, endings, found);
        paths.iter().filter_map(|path| collect(read_text(files, path), found)).collect()
    }

    /// Folders of generic tests: `generic` in each test folder.
    pub(super) fn generic_test_folders(&self) -> Vec<String> {
        self.file.paths.tests.iter().map(|it| files::join(it, "generic")).collect()
    }
}

fn read_macros(files: &dyn ProjectFiles, package: &Package, macros: &mut Macros, found: &mut Diagnostics) {
    let mut folders = package.file.paths.macros.clone();
    folders.extend(package.generic_test_folders());
    for source in package.texts(files, &folders, &[".sql"], found) {
        macros.add_file(&package.file.name.value, &source, found);
    }
}

fn read_docs(files: &dyn ProjectFiles, package: &Package, found: &mut Diagnostics) -> Vec<DocBlock> {
    let paths = &package.file.paths;
    let folders = if paths.docs.is_empty() {
        [&paths.models, &paths.seeds, &paths.snapshots, &paths.analyses, &paths.macros, &paths.functions]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    } else {
        paths.docs.clone()
    };
    let name = &package.file.name.value;
    package.texts(files, &folders, &[".md"], found).iter().flat_map(|it| docs::blocks(name, it)).collect()
}

fn read_properties(
    files: &dyn ProjectFiles,
    package: &Package,
    yaml: &YamlText,
    found: &mut Diagnostics,
) -> Vec<Properties> {
    let paths = &package.file.paths;
    let folders: Vec<String> =
        [&paths.models, &paths.seeds, &paths.snapshots, &paths.analyses, &paths.macros, &paths.tests, &paths.functions]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
    let texts = package.texts(files, &folders, &[".yml", ".yaml"], found);
    texts.iter().map(|it| Properties::read(it, yaml, found)).collect()
}

fn report_duplicates(nodes: &[ParsedNode], found: &mut Diagnostics) {
    for (first, second) in nodes.iter().zip(nodes.iter().skip(1)).filter(|(a, b)| a.facts.id == b.facts.id) {
        found.push(
            Diagnostic::error(Code::DuplicateName, format!("{} is defined twice", first.facts.display()))
                .at(second.facts.span.clone())
                .related(first.facts.span.clone(), "the other one")
                .help("names must be unique in a project, also across folders and files; rename or remove one of them"),
        );
    }
    let mut by_relation = BTreeMap::new();
    for node in nodes {
        if !node.facts.can_be_read() || !node.facts.config.enabled() || node.facts.is_ephemeral() {
            continue;
        }
        if let Some(first) = by_relation.insert(node.facts.relation.clone(), node) {
            if first.facts.id == node.facts.id {
                continue;
            }
            found.push(
                Diagnostic::error(
                    Code::DuplicateName,
                    format!(
                        "{} and {} would both be `{}.{}`",
                        first.facts.display(),
                        node.facts.display(),
                        node.facts.relation.schema,
                        node.facts.relation.identifier
                    ),
                )
                .at(node.facts.span.clone())
                .related(first.facts.span.clone(), "the other one")
                .help("give one of them another `alias` or `schema`"),
            );
        }
    }
}
