//! `dbt_project.yml`: the project's name, folders, variables and configuration by folder.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText, closest};
use crate::project::config::ConfigTree;
use crate::project::yaml::{Located, Yaml, YamlFile};
use crate::project::{Json, RenderText};

/// Where resources of each kind lie, relative to the project's root.
#[derive(Debug, Clone)]
pub struct ResourcePaths {
    /// SQL models and their properties.
    pub models: Vec<String>,
    /// CSV files to load as tables.
    pub seeds: Vec<String>,
    /// Singular tests; generic ones under `generic/`.
    pub tests: Vec<String>,
    /// Queries that are compiled and not run.
    pub analyses: Vec<String>,
    /// Macros.
    pub macros: Vec<String>,
    /// Snapshots.
    pub snapshots: Vec<String>,
    /// User-defined functions in SQL.
    pub functions: Vec<String>,
    /// Documentation blocks; by default every other folder.
    pub docs: Vec<String>,
    /// Pictures and whatever else descriptions show; copied beside the documentation.
    pub assets: Vec<String>,
}

/// A project file, read and checked.
#[derive(Debug, Clone)]
pub struct ProjectFile {
    /// The text it was read from.
    pub source: Arc<SourceText>,
    /// The project's name: its package name.
    pub name: Located<String>,
    /// The project's own version.
    pub version: Option<String>,
    /// Which profile it uses; optional here, unlike in dbt.
    pub profile: Option<Located<String>>,
    /// Folders.
    pub paths: ResourcePaths,
    /// Where compiled SQL and artifacts go.
    pub target_path: String,
    /// What `clean` removes.
    pub clean_targets: Vec<String>,
    /// Where packages are installed.
    pub packages_path: String,
    /// Variables; a package's own ones are under its name.
    pub vars: serde_json::Map<String, Json>,
    /// Search order of dispatched macros, by namespace.
    pub dispatch: BTreeMap<String, Vec<String>>,
    /// Configuration by kind of resource: `models`, `seeds`, `snapshots`, `data_tests`, `sources`, …
    pub configs: BTreeMap<String, ConfigTree>,
    /// `flags:`, as written.
    pub flags: serde_json::Map<String, Json>,
    /// Which parts of relation names are quoted, where that is said.
    pub quoting: Json,
    /// Whether models that are not public are closed to other packages.
    pub restrict_access: bool,
    /// Hooks around the run, raw.
    pub on_run_start: Vec<Located<String>>,
    /// Hooks around the run, raw.
    pub on_run_end: Vec<Located<String>>,
}

/// Sections of configuration by package and folder.
const SECTIONS: [&str; 11] = [
    "data_tests",
    "exposures",
    "functions",
    "metrics",
    "models",
    "saved_queries",
    "seeds",
    "semantic_models",
    "snapshots",
    "sources",
    "unit_tests",
];

const KNOWN: &[&str] = &[
    "analysis-paths",
    "anchors",
    "asset-paths",
    "clean-targets",
    "config-version",
    "data_tests",
    "dispatch",
    "docs-paths",
    "exposures",
    "flags",
    "function-paths",
    "functions",
    "log-path",
    "macro-paths",
    "metrics",
    "model-paths",
    "models",
    "name",
    "on-run-end",
    "on-run-start",
    "packages-install-path",
    "profile",
    "query-comment",
    "quoting",
    "require-dbt-version",
    "restrict-access",
    "saved-queries",
    "seed-paths",
    "seeds",
    "semantic-models",
    "snapshot-paths",
    "snapshots",
    "sources",
    "target-path",
    "test-paths",
    "tests",
    "unit_tests",
    "vars",
    "version",
];

impl ProjectFile {
    /// The file's name, as dbt has it.
    pub const NAME: &'static str = "dbt_project.yml";

    /// Reads a project file. `None` where nothing more can be done with it.
    pub fn read(source: &Arc<SourceText>, render: &dyn RenderText, found: &mut Diagnostics) -> Option<ProjectFile> {
        let file = YamlFile::parse(source, found)?;
        let root = file.root();
        if !root.is_mapping() {
            found.push(root.wrong_kind(Self::NAME, "a mapping"));
            return None;
        }
        root.report_unknown_keys(Self::NAME, KNOWN, found);
        let name = root.required_text("name", "the project", found)?;
        report_bad_name(&name, found);
        let folders = |key: &str, default: &str, found: &mut Diagnostics| match root.get(key) {
            Some(_) => root.texts(key, found).into_iter().map(|it| it.value).collect(),
            None => vec![default.to_owned()],
        };
        let paths = ResourcePaths {
            models: folders("model-paths", "models", found),
            seeds: folders("seed-paths", "seeds", found),
            tests: folders("test-paths", "tests", found),
            analyses: folders("analysis-paths", "analyses", found),
            macros: folders("macro-paths", "macros", found),
            snapshots: folders("snapshot-paths", "snapshots", found),
            functions: folders("function-paths", "functions", found),
            docs: root.texts("docs-paths", found).into_iter().map(|it| it.value).collect(),
            assets: root.texts("asset-paths", found).into_iter().map(|it| it.value).collect(),
        };
        let text_or = |key: &str, default: &str, found: &mut Diagnostics| {
            root.text(key, found).map_or(default.to_owned(), |it| it.value)
        };
        let target_path = text_or("target-path", "target", found);
        let clean_targets = match root.get("clean-targets") {
            Some(_) => root.texts("clean-targets", found).into_iter().map(|it| it.value).collect(),
            None => vec![target_path.clone()],
        };
        let mut configs = BTreeMap::new();
        for section in SECTIONS {
            let old = match section {
                "data_tests" => "tests",
                "saved_queries" => "saved-queries",
                "semantic_models" => "semantic-models",
                same => same,
            };
            let yaml = root.get(section).or_else(|| root.get(old));
            if let Some(yaml) = yaml {
                if !yaml.is_mapping() {
                    found.push(yaml.wrong_kind(section, "a mapping"));
                }
                configs.insert(section.to_owned(), ConfigTree::read(yaml, render, found));
            }
        }
        // As in dbt, no template is rendered in them.
        let vars = match root.get("vars").map(|it| (it, it.json())) {
            Some((_, Json::Object(vars))) => vars,
            Some((yaml, _)) => {
                found.push(yaml.wrong_kind("vars", "a mapping"));
                serde_json::Map::new()
            }
            None => serde_json::Map::new(),
        };
        Some(ProjectFile {
            source: Arc::clone(source),
            version: root.text("version", found).map(|it| it.value),
            profile: root.text("profile", found),
            paths,
            target_path,
            clean_targets,
            packages_path: text_or("packages-install-path", "dbt_packages", found),
            vars,
            dispatch: read_dispatch(root, found),
            flags: match root.get("flags").map(|it| it.rendered(render, found)) {
                Some(Json::Object(flags)) => flags,
                _ => serde_json::Map::new(),
            },
            quoting: root.get("quoting").map_or(Json::Null, |it| it.rendered(render, found)),
            restrict_access: root.get("restrict-access").is_some_and(|it| it.json() == Json::Bool(true)),
            configs,
            on_run_start: root.texts("on-run-start", found),
            on_run_end: root.texts("on-run-end", found),
            name,
        })
    }
}

fn report_bad_name(name: &Located<String>, found: &mut Diagnostics) {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts_well = name.value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts_well || !name.value.chars().all(good) {
        found.push(
            Diagnostic::error(Code::WrongValue, format!("`{}` can't be a project's name", name.value))
                .at(name.span.clone())
                .help("use letters, digits and underscores, beginning with a letter"),
        );
    }
}

fn read_dispatch(root: Yaml<'_>, found: &mut Diagnostics) -> BTreeMap<String, Vec<String>> {
    let mut dispatch = BTreeMap::new();
    for entry in root.mappings("dispatch", found) {
        let order = entry.texts("search_order", found).into_iter().map(|it| it.value).collect();
        if let Some(namespace) = entry.required_text("macro_namespace", "a dispatch entry", found) {
            dispatch.insert(namespace.value, order);
        }
    }
    dispatch
}

/// Says that there is no project file, and which near one there is.
pub fn missing(names_there: &[String]) -> Diagnostic {
    Diagnostic::error(Code::MissingFile, format!("there is no `{}` here", ProjectFile::NAME))
        .help_if(closest(ProjectFile::NAME, names_there.iter().map(String::as_str)), |it| {
            format!("is it `{it}`, under a wrong name?")
        })
        .help("go to a project's folder, name one with `--project-dir`, or make one with `arrowmill init`")
}
