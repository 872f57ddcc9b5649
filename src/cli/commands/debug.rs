//! `debug`: what Arrowmill sees of a project and its target, and whether that can be used. Reads no model.
//! Lines, order and exit codes are those of `dbt debug`.

use crate::cli::prepare;
use crate::cli::{Exit, Settings, Stop};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::files::{self, Disk, ProjectFiles};
use crate::parse;
use crate::project::{ProjectFile, Target};
use crate::warehouse::Location;

/// What to look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Only whether the warehouse can be used.
    pub(super) connection: bool,
    /// Only where profiles.yml is.
    pub(super) config_dir: bool,
}

/// What became of one check.
enum Check {
    Good,
    Failed(String),
}

pub(super) fn run(settings: &Settings, wanted: Wanted) -> Result<Exit, Stop> {
    let print = |line: &str| settings.console.print(line);
    let folder = profiles_folder(settings);
    if wanted.config_dir {
        print(&format!("To view your profiles.yml file, run:\n\nopen {folder}"));
        return Ok(Exit::Success);
    }
    print(&format!("arrowmill version: {}", env!("CARGO_PKG_VERSION")));
    print(&format!("engine: datafusion {}", datafusion::DATAFUSION_VERSION));
    print(&format!("Using profiles dir at {folder}"));
    print(&format!("Using profiles.yml file at {folder}/profiles.yml"));
    print(&format!("Using dbt_project.yml file at {}/{}", settings.folder.display(), ProjectFile::NAME));
    let (project, of_project) = look_at_project(settings);
    let (target, of_profile) = look_at_profile(settings, project.as_ref(), &folder);
    if let Some(target) = &target {
        print(&format!("adapter type: {}", target.kind));
    }
    if wanted.connection {
        print("Skipping steps before connection verification");
    } else {
        let words = |check: &Check, good: &'static str| match check {
            Check::Good => good,
            Check::Failed(_) => "ERROR invalid",
        };
        let is_there = Disk::new(&settings.folder).exists(&files::join(&folder, "profiles.yml"));
        let good = if is_there { "OK found and valid" } else { "OK not needed" };
        print("Configuration:");
        print(&format!("  profiles.yml file [{}]", words(&of_profile, good)));
        print(&format!("  dbt_project.yml file [{}]", words(&of_project, "OK found and valid")));
    }
    let of_connection = match &target {
        Some(target) => connect(settings, target),
        None => {
            print("Connection test skipped since no profile was found");
            Check::Good
        }
    };
    let failed = |it| if let Check::Failed(words) = it { Some(words) } else { None };
    let failures: Vec<String> = [of_profile, of_project, of_connection].into_iter().filter_map(failed).collect();
    if failures.is_empty() {
        print("\nAll checks passed!");
        return Ok(Exit::Success);
    }
    let count = failures.len();
    print(&format!("\n{count} check{} failed:", if count == 1 { "" } else { "s" }));
    failures.iter().for_each(|it| print(it));
    Ok(Exit::Failed)
}

/// The folder whose profiles.yml counts.
fn profiles_folder(settings: &Settings) -> String {
    let here = settings.folder.display().to_string();
    let named = |it: &String| if it.is_empty() { here.clone() } else { it.clone() };
    let folders: Vec<String> = settings.request.profiles_dirs.iter().map(named).collect();
    let has_file = |it: &&String| settings.files.exists(&files::join(it, "profiles.yml"));
    folders.iter().find(has_file).or(folders.first()).cloned().unwrap_or(here)
}

fn look_at_project(settings: &Settings) -> (Option<ProjectFile>, Check) {
    let mut found = Diagnostics::new();
    let file = parse::project_file(&settings.files, &settings.request, &mut found).map(|(file, _)| file);
    // A key that dbt does not know is only a warning elsewhere; a file without what it must have has no name.
    match file.filter(|_| !found.has_errors()) {
        Some(file) => (Some(file), Check::Good),
        None => (None, Check::Failed(reason("Project", &found))),
    }
}

fn look_at_profile(settings: &Settings, project: Option<&ProjectFile>, folder: &str) -> (Option<Target>, Check) {
    let is_asked_for = settings.profiles_dir.is_some();
    if is_asked_for && !settings.files.exists(&files::join(folder, "profiles.yml")) {
        let shown = settings.profiles_dir.as_deref().unwrap_or(folder);
        let words = format!("dbt looked for a profiles.yml file in {shown}/profiles.yml, but did\nnot find one.");
        return (None, Check::Failed(words));
    }
    // Which profile is meant stands in the project file, if not on the command line.
    if project.is_none() && settings.request.profile.is_none() {
        return (None, Check::Good);
    }
    let name = project.map_or("project", |it| it.name.value.as_str());
    let profile = project.and_then(|it| it.profile.as_ref());
    let mut found = Diagnostics::new();
    let target = parse::find_target(&settings.files, &settings.request, name, profile, &mut found);
    match target.filter(|_| !found.has_errors()) {
        Some(target) => (Some(target), Check::Good),
        None => (None, Check::Failed(reason("Profile", &found))),
    }
}

/// dbt's first line, and what was found.
fn reason(what: &str, found: &Diagnostics) -> String {
    let whole = |it: &Diagnostic| {
        let notes = it.notes.iter().map(|it| format!("\n  {it}")).collect::<String>();
        format!("  {}{notes}", it.one_line())
    };
    let errors: Vec<String> = found.iter().map(whole).collect();
    format!("{what} loading failed for the following reason:\n{}\n", errors.join("\n"))
}

/// The warehouse and what the engine may use.
fn connect(settings: &Settings, target: &Target) -> Check {
    let print = |line: &str| settings.console.print(line);
    let memory = target.memory_limit.unwrap_or_else(prepare::default_memory);
    print("Connection:");
    for (what, value) in [
        ("profile", target.profile.clone()),
        ("target", target.name.clone()),
        ("warehouse", target.warehouse.clone()),
        ("database", target.database.clone()),
        ("schema", target.schema.clone()),
        ("threads", target.threads.to_string()),
        ("memory limit", format!("{} MiB", memory >> 20)),
    ] {
        print(&format!("  {what}: {value}"));
    }
    let opened = Location::open(&target.warehouse, &settings.folder).map_err(|error| error.to_string());
    let below = target.warehouse.trim_start_matches("file://");
    let listed = opened.and_then(|_| settings.files.list(below).map_err(|error| error.to_string()));
    match listed {
        Ok(_) => {
            print("  Connection test: [OK connection ok]");
            Check::Good
        }
        Err(problem) => {
            print("  Connection test: [ERROR]");
            Check::Failed(format!("the warehouse `{}` can't be used:\n  {problem}\n", target.warehouse))
        }
    }
}
