//! Settings: everything that arguments, environment and clock decide, checked and final.
//! Commands read nothing else.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::cli::arguments::{Arguments, Command, Indirect, PublishWhen, Selecting};
use crate::cli::flags::Flags;
use crate::cli::warnings::WarningRules;
use crate::cli::{excerpt, logging};
use crate::console::Console;
use crate::diagnostics::{Diagnostics, SourceText};
use crate::execute::Publish;
use crate::files::{Disk, ProjectFiles};
use crate::jinja::{TimeSpan, moment};
use crate::parse::{Request, ResourceType};
use crate::project::{Json, ProjectFile, YamlFile};
use crate::select::{IndirectSelection, Selection};

/// The outside world as the process finds it. Read once, in `main`.
#[derive(Debug, Clone)]
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
    /// Run what mistakes in other nodes do not reach.
    pub keep_going: bool,
    /// Keep failing rows of all tests.
    pub store_failures: bool,
    /// Only say what would be done.
    pub dry_run: bool,
    /// When what is made is put in place.
    pub publish: Publish,
    /// Which warnings are errors.
    pub(super) warnings: WarningRules,
    /// What flags say that only some commands ask for.
    pub(super) flags: Flags,
    /// Where the state to compare with is, and the one to defer to.
    pub state_folder: Option<PathBuf>,
    /// When it all began.
    pub begun: Instant,
    /// The folder of profiles.yml, where it was given.
    pub(super) profiles_dir: Option<String>,
    /// The command and its options, for artifacts.
    pub command_line: Vec<String>,
}

impl Settings {
    /// Checks the arguments and brings everything together.
    pub(super) fn resolve(
        arguments: &Arguments,
        matches: &clap::ArgMatches,
        surroundings: Surroundings,
    ) -> Result<Settings, String> {
        let common = &arguments.common;
        let Surroundings { environment, folder: current, now, begun, invocation_id, is_terminal, .. } = surroundings;
        let variable = |name: &str| {
            let value = ["DBT_ENGINE_", "DBT_"].iter().find_map(|it| environment.get(&format!("{it}{name}")));
            value.filter(|it| !it.is_empty()).cloned()
        };
        let project_dir = common.project_dir.clone().or_else(|| variable("PROJECT_DIR").map(PathBuf::from));
        let folder = match &project_dir {
            Some(folder) => {
                if !Disk::new(&current).is_folder(&folder.to_string_lossy()) {
                    return Err(format!("there is no folder {}", folder.display()));
                }
                current.join(folder)
            }
            None => nearest_project(&current),
        };
        let options = arguments.command.options();
        let running = options.running;
        let full_refresh = match &arguments.command {
            Command::Clone { full_refresh, .. } => Some(*full_refresh),
            _ => running.map(|it| it.full_refresh),
        };
        let flags = Flags::resolve(matches, &environment, &flags_of_project(&Disk::new(&folder)));
        let no_colour = environment.get("NO_COLOR").is_some_and(|it| !it.is_empty());
        let text = |given: &Option<String>, name: &str| given.clone().or_else(|| flags.value(name).map(str::to_owned));
        let profiles_dir = common.profiles_dir.clone().or_else(|| flags.value("profiles-dir").map(PathBuf::from));
        let profiles_dirs = match &profiles_dir {
            Some(folder) => vec![current.join(folder).to_string_lossy().into_owned()],
            None => {
                let home = environment.get("HOME").map(|it| format!("{it}/.dbt"));
                std::iter::once(String::new()).chain(home).collect()
            }
        };
        let threads = match flags.on("single-threaded") {
            Some(true) => Some(1),
            _ => common.threads.or_else(|| flags.value("threads").and_then(|it| it.parse().ok())),
        };
        if threads == Some(0) {
            return Err("`--threads` must be above 0".to_owned());
        }
        let is_on = |given: bool, name: &str| given || flags.on(name) == Some(true);
        let identity = logging::Identity { invocation_id: &invocation_id, started_at: now, begun };
        let log = logging::resolve(&flags, &current, &folder, &identity)?;
        let judged_for = as_of(&arguments.command)?.unwrap_or(now);
        let command_line = surroundings.arguments.iter().skip(1).map(|it| it.to_string_lossy().into_owned()).collect();
        Ok(Settings {
            files: Disk::new(&folder),
            request: Request {
                profiles_dirs,
                profile: text(&common.profile, "profile"),
                target: text(&common.target, "target"),
                threads,
                vars: parse_vars(common.vars.as_deref())?,
                full_refresh: full_refresh.is_some_and(|it| is_on(it, "full-refresh")),
                excerpt: excerpt::resolve(&options, &flags, now)?,
                target_path: text(&common.target_path, "target-path"),
                environment,
                started_at: judged_for,
                invocation_id,
            },
            console: Console {
                format: log.format,
                colour: is_terminal && !no_colour && flags.on("use-colors") != Some(false),
                quiet: log.quiet,
                log: log.log,
            },
            current_folder: current,
            fail_fast: flags.on("fail-fast") == Some(true),
            keep_going: flags.on("keep-going") == Some(true),
            store_failures: running.is_some_and(|it| is_on(it.store_failures, "store-failures")),
            warnings: WarningRules::read(flags.on("warn-error") == Some(true), flags.value("warn-error-options"))?,
            state_folder: flags.value("state").map(PathBuf::from),
            dry_run: running.is_some_and(|it| it.dry_run)
                || matches!(arguments.command, Command::Ingest { dry_run: true, .. }),
            publish: match running.and_then(|it| it.publish) {
                Some(PublishWhen::Always) => Publish::Always,
                Some(PublishWhen::Run) => Publish::Run,
                Some(PublishWhen::Audited) | None => Publish::Audited,
            },
            begun,
            profiles_dir: profiles_dir.map(|it| it.to_string_lossy().into_owned()),
            command_line,
            folder,
            flags,
        })
    }

    /// What the run was asked to do, with dbt's keys: `retry` reads it.
    pub fn arguments_of_run(&self, which: &str) -> serde_json::Map<String, Json> {
        let request = &self.request;
        serde_json::Map::from_iter([
            ("which".to_owned(), which.into()),
            ("invocation_command".to_owned(), self.command_line.join(" ").into()),
            ("vars".to_owned(), Json::Object(request.vars.clone())),
            ("target".to_owned(), Json::from(request.target.clone())),
            ("profile".to_owned(), Json::from(request.profile.clone())),
            ("profiles_dir".to_owned(), Json::from(self.profiles_dir.clone())),
            ("target_path".to_owned(), Json::from(request.target_path.clone())),
            ("threads".to_owned(), Json::from(request.threads)),
            ("full_refresh".to_owned(), request.full_refresh.into()),
            ("store_failures".to_owned(), self.store_failures.into()),
            ("fail_fast".to_owned(), self.fail_fast.into()),
            ("keep_going".to_owned(), self.keep_going.into()),
            ("empty".to_owned(), request.excerpt.empty.into()),
            ("sample".to_owned(), request.excerpt.sample.map_or(Json::Null, span)),
            ("event_time_start".to_owned(), Json::from(request.excerpt.batches.map(|it| seconds(it.0)))),
            ("event_time_end".to_owned(), Json::from(request.excerpt.batches.map(|it| seconds(it.1)))),
        ])
    }

    /// The run's time, as artifacts write it.
    pub fn generated_at(&self) -> String {
        self.request.started_at.to_rfc3339_opts(SecondsFormat::Micros, true)
    }
}

/// A time as options take it.
fn seconds(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
}

fn span((start, end): TimeSpan) -> Json {
    serde_json::json!({"start": seconds(start), "end": seconds(end)})
}

/// The time that the user wants a command to take for now.
fn as_of(command: &Command) -> Result<Option<DateTime<Utc>>, String> {
    let Command::Monitor { as_of: Some(text), .. } = command else { return Ok(None) };
    moment(text)
        .map(Some)
        .ok_or_else(|| format!("`--as-of`: `{text}` is no time; write `2026-04-01` or `2026-04-01 08:00`"))
}

/// How to say what is wrong with the arguments themselves.
pub(super) fn fallback_console(surroundings: &Surroundings) -> Console {
    let variable = |name: &str| surroundings.environment.get(name).map(String::as_str);
    let is_json = ["DBT_ENGINE_LOG_FORMAT", "DBT_LOG_FORMAT"].into_iter().any(|it| variable(it) == Some("json"));
    logging::fallback(is_json, &surroundings.invocation_id, surroundings.now, surroundings.begun)
}

/// The current folder, or the nearest above it that holds a project.
fn nearest_project(current: &Path) -> PathBuf {
    let has_project = |folder: &&Path| Disk::new(*folder).exists(ProjectFile::NAME);
    current.ancestors().find(has_project).unwrap_or(current).to_path_buf()
}

/// `flags:` of the project file. What is wrong with the file is reported when it is read as a whole.
fn flags_of_project(files: &Disk) -> serde_json::Map<String, Json> {
    let read = || {
        let text = String::from_utf8(files.read(ProjectFile::NAME).ok()?).ok()?;
        let file = YamlFile::parse(&SourceText::new(ProjectFile::NAME, text), &mut Diagnostics::new())?;
        file.root().get("flags").map(|it| it.json())
    };
    match read() {
        Some(Json::Object(flags)) => flags,
        _ => serde_json::Map::new(),
    }
}

/// A YAML mapping from an option.
pub(super) fn parse_mapping(option: &str, text: &str) -> Result<serde_json::Map<String, Json>, String> {
    let mut found = Diagnostics::new();
    let source = SourceText::new(option, text);
    match YamlFile::parse(&source, &mut found).map(|it| it.root().json()) {
        Some(Json::Object(map)) => Ok(map),
        Some(other) => Err(format!("`{option}` must be a mapping such as '{{key: value}}', but is `{other}`")),
        None => {
            let problem = found.iter().next().map(|it| it.message.clone()).unwrap_or_default();
            Err(format!("`{option}` is not a YAML mapping: {problem}"))
        }
    }
}

fn parse_vars(text: Option<&str>) -> Result<serde_json::Map<String, Json>, String> {
    text.map_or_else(|| Ok(serde_json::Map::new()), |text| parse_mapping("--vars", text))
}

/// What is asked for, as the selection language takes it.
pub(super) fn selection(selecting: &Selecting, default: &[ResourceType], flags: &Flags) -> Result<Selection, String> {
    let named = |name: &str| {
        let wanted = ResourceType::ALL.into_iter().find(|it| it.as_str() == name);
        wanted.ok_or_else(|| {
            let known = ResourceType::ALL.map(ResourceType::as_str).join(", ");
            format!("there is no resource type `{name}`; there is: {known}")
        })
    };
    let types = |given: &[String], flag: &str| -> Result<Vec<ResourceType>, String> {
        let from_flags: Vec<String> =
            flags.value(flag).into_iter().flat_map(str::split_whitespace).map(str::to_owned).collect();
        let names = if given.is_empty() { &from_flags } else { given };
        let names = names.iter().flat_map(|it| it.split_whitespace());
        names.filter(|it| !["all", "default"].contains(it)).map(|it| named(&it.to_lowercase())).collect()
    };
    let asked = types(&selecting.resource_type, "resource-types")?;
    let mode = selecting.indirect_selection.map(Indirect::word).or_else(|| flags.value("indirect-selection"));
    let indirect = match mode {
        None => IndirectSelection::default(),
        Some(mode) => {
            let known = IndirectSelection::ALL.into_iter().find(|it| it.as_str() == mode);
            known.ok_or_else(|| format!("there is no indirect selection `{mode}`"))?
        }
    };
    Ok(Selection {
        select: selecting.select.clone(),
        exclude: selecting.exclude.clone(),
        resource_types: if asked.is_empty() { default.to_vec() } else { asked },
        excluded_types: types(&selecting.exclude_resource_type, "exclude-resource-types")?,
        selector: selecting.selector.clone(),
        indirect,
        project: String::new(),
    })
}

/// A text that belongs to no file, such as `--inline`.
pub(super) fn inline_source(text: &str) -> Arc<SourceText> {
    SourceText::new("--inline", text)
}
