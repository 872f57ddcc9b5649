//! Settings: everything that arguments, environment and clock decide, checked and final.
//! Commands read nothing else.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::cli::arguments::{Arguments, Command, Indirect, Running, Selecting};
use crate::console::Console;
use crate::diagnostics::{Diagnostics, SourceText};
use crate::files::{Disk, ProjectFiles};
use crate::parse::{Request, ResourceType};
use crate::project::{Json, ProjectFile, YamlFile};
use crate::select::{IndirectSelection, Selection};

/// The outside world as the process finds it. Read once, in `main`.
#[derive(Debug)]
pub struct Surroundings {
    /// The command line, the program's name first.
    pub arguments: Vec<OsString>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// The current folder.
    pub folder: PathBuf,
    /// The time.
    pub now: DateTime<Utc>,
    /// The moment that `now` names, on the clock that never jumps.
    pub begun: Instant,
    /// A new random identity for this run.
    pub invocation_id: String,
    /// Whether a person is looking.
    pub is_terminal: bool,
}

/// What a command works with.
#[derive(Debug)]
pub struct Settings {
    /// The project's folder, absolute.
    pub folder: PathBuf,
    /// The project's files.
    pub files: Disk,
    /// What loading needs.
    pub request: Request,
    /// How to print.
    pub console: Console,
    /// The current folder, for what is not the project's.
    pub current_folder: PathBuf,
    /// Stop at the first failure.
    pub fail_fast: bool,
    /// Keep failing rows of all tests.
    pub store_failures: bool,
    /// Only say what would be done.
    pub dry_run: bool,
    /// When it all began.
    pub begun: Instant,
    /// The command and its options, for artifacts.
    pub command_line: Vec<String>,
}

impl Settings {
    /// Checks the arguments and brings everything together.
    pub(super) fn resolve(arguments: &Arguments, surroundings: Surroundings) -> Result<Settings, String> {
        let common = &arguments.common;
        let Surroundings { environment, folder: current, now, begun, invocation_id, is_terminal, .. } = surroundings;
        let folder = match &common.project_dir {
            Some(folder) => {
                if !Disk::new(&current).is_folder(&folder.to_string_lossy()) {
                    return Err(format!("there is no folder {}", folder.display()));
                }
                current.join(folder)
            }
            None => nearest_project(&current),
        };
        let running = running(&arguments.command);
        let no_colour = common.no_use_colors || environment.get("NO_COLOR").is_some_and(|it| !it.is_empty());
        let profiles_dirs = match &common.profiles_dir {
            Some(folder) => vec![current.join(folder).to_string_lossy().into_owned()],
            None => {
                let home = environment.get("HOME").map(|it| format!("{it}/.dbt"));
                std::iter::once(String::new()).chain(home).collect()
            }
        };
        if common.threads == Some(0) {
            return Err("`--threads` must be above 0".to_owned());
        }
        let command_line = surroundings.arguments.iter().skip(1).map(|it| it.to_string_lossy().into_owned()).collect();
        Ok(Settings {
            files: Disk::new(&folder),
            request: Request {
                profiles_dirs,
                profile: common.profile.clone(),
                target: common.target.clone(),
                threads: common.threads,
                vars: parse_vars(common.vars.as_deref())?,
                full_refresh: running.is_some_and(|it| it.full_refresh),
                target_path: common.target_path.clone(),
                environment,
                started_at: now,
                invocation_id,
            },
            console: Console {
                format: common.log_format.into(),
                colour: is_terminal && !no_colour,
                quiet: common.quiet,
            },
            current_folder: current,
            fail_fast: running.is_some_and(|it| it.fail_fast),
            store_failures: running.is_some_and(|it| it.store_failures),
            dry_run: running.is_some_and(|it| it.dry_run),
            begun,
            command_line,
            folder,
        })
    }

    /// The run's time, as artifacts write it.
    pub fn generated_at(&self) -> String {
        self.request.started_at.to_rfc3339_opts(SecondsFormat::Micros, true)
    }
}

fn running(command: &Command) -> Option<&Running> {
    match command {
        Command::Build { running, .. }
        | Command::Run { running, .. }
        | Command::RunOperation { running, .. }
        | Command::Seed { running, .. }
        | Command::Snapshot { running, .. }
        | Command::Test { running, .. } => Some(running),
        Command::Check { .. }
        | Command::Clean
        | Command::Compile { .. }
        | Command::Debug
        | Command::Docs { .. }
        | Command::Generate { .. }
        | Command::Init { .. }
        | Command::List { .. }
        | Command::Show { .. } => None,
    }
}

/// The current folder, or the nearest above it that holds a project.
fn nearest_project(current: &Path) -> PathBuf {
    let has_project = |folder: &&Path| Disk::new(*folder).exists(ProjectFile::NAME);
    current.ancestors().find(has_project).unwrap_or(current).to_path_buf()
}

fn parse_vars(text: Option<&str>) -> Result<serde_json::Map<String, Json>, String> {
    parse_mapping("--vars", text)
}

/// A mapping written as YAML on the command line.
pub(super) fn parse_mapping(option: &str, text: Option<&str>) -> Result<serde_json::Map<String, Json>, String> {
    let Some(text) = text else { return Ok(serde_json::Map::new()) };
    let mut found = Diagnostics::new();
    let source = SourceText::new(option, text);
    match YamlFile::parse(&source, &mut found).map(|it| it.root().json()) {
        Some(Json::Object(vars)) => Ok(vars),
        Some(other) => Err(format!("`{option}` must be a mapping such as '{{key: value}}', but is `{other}`")),
        None => {
            let problem = found.iter().next().map(|it| it.message.clone()).unwrap_or_default();
            Err(format!("`{option}` is not a YAML mapping: {problem}"))
        }
    }
}

/// What is asked for, as the selection language takes it.
pub(super) fn selection(selecting: &Selecting, default: &[ResourceType]) -> Result<Selection, String> {
    let named = |name: &String| {
        let wanted = ResourceType::ALL.into_iter().find(|it| it.as_str() == name);
        wanted.ok_or_else(|| {
            let known = ResourceType::ALL.map(ResourceType::as_str).join(", ");
            format!("there is no resource type `{name}`; there is: {known}")
        })
    };
    let types: Result<Vec<ResourceType>, String> =
        selecting.resource_type.iter().filter(|it| *it != "all").map(named).collect();
    let types = types?;
    Ok(Selection {
        select: selecting.select.clone(),
        exclude: selecting.exclude.clone(),
        resource_types: if types.is_empty() { default.to_vec() } else { types },
        indirect: match selecting.indirect_selection {
            Indirect::Eager => IndirectSelection::Eager,
            Indirect::Cautious => IndirectSelection::Cautious,
            Indirect::Buildable => IndirectSelection::Buildable,
            Indirect::Empty => IndirectSelection::Empty,
        },
        project: String::new(),
        ..Selection::default()
    })
}

/// A text that belongs to no file, such as `--inline`.
pub(super) fn inline_source(text: &str) -> Arc<SourceText> {
    SourceText::new("--inline", text)
}
