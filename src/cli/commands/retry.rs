//! `retry`: the last run's command again, for what failed in it or was skipped. What is to be done comes from
//! `run_results.json`, which dbt may have written.

use std::ffi::OsString;

use crate::cli::{Settings, Stop};
use crate::files::{Disk, ProjectFiles};
use crate::project::Json;

/// Statuses of what is run again.
const UNFINISHED: [&str; 5] = ["error", "fail", "partial success", "runtime error", "skipped"];
/// Commands that write results.
const COMMANDS: [&str; 5] = ["build", "run", "seed", "snapshot", "test"];

/// The command line that `retry` stands for.
pub(in crate::cli) fn retried(settings: &Settings) -> Result<Vec<OsString>, Stop> {
    let path = match settings.state_folder.as_ref() {
        Some(folder) => folder.join("run_results.json"),
        None => std::path::Path::new(&target_path(settings)).join("run_results.json"),
    };
    let shown = path.display().to_string();
    let files = Disk::new(&settings.folder);
    let bytes = files.read(&path.to_string_lossy());
    let bytes = bytes.map_err(|_| Stop::Outside(format!("there is no last run to retry: no file {shown}")))?;
    let results: Json =
        serde_json::from_slice(&bytes).map_err(|error| Stop::Outside(format!("{shown} is no JSON: {error}")))?;
    let which = results["args"]["which"].as_str().unwrap_or("build");
    if !COMMANDS.contains(&which) {
        return Err(Stop::Outside(format!("the last run was `{which}`, which can't be retried")));
    }
    let unfinished = results["results"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|it| it["status"].as_str().is_some_and(|it| UNFINISHED.contains(&it)));
    let ids: Vec<&str> = unfinished.filter_map(|it| it["unique_id"].as_str()).collect();
    let mut line: Vec<OsString> = vec!["arrowmill".into(), which.into()];
    // Where all is well there is nothing to do: no node has an empty id.
    line.push("--unique-ids".into());
    line.extend(if ids.is_empty() { vec![OsString::new()] } else { ids.into_iter().map(OsString::from).collect() });
    line.extend(options(settings, &results["args"], which));
    Ok(line)
}

fn target_path(settings: &Settings) -> String {
    if let Some(path) = &settings.request.target_path {
        return path.clone();
    }
    // Only the folder's name is wanted of the project file; what is wrong with it is reported when it is loaded.
    let read = || {
        let source = crate::parse::read_text(&settings.files, crate::project::ProjectFile::NAME).ok()?;
        let mut found = crate::diagnostics::Diagnostics::new();
        let file = crate::project::YamlFile::parse(&source, &mut found)?;
        file.root().get("target-path")?.scalar().filter(|it| !it.contains("{{"))
    };
    read().unwrap_or_else(|| "target".to_owned())
}

/// Options of the retry itself, and for what it doesn't say, those of the last run.
fn options(settings: &Settings, args: &Json, which: &str) -> Vec<OsString> {
    let mut options: Vec<OsString> = Vec::new();
    let mut add = |name: &str, value: String| options.extend([OsString::from(format!("--{name}")), value.into()]);
    add("project-dir", settings.folder.to_string_lossy().into_owned());
    let request = &settings.request;
    let text = |key: &str| args.get(key).and_then(Json::as_str).map(str::to_owned);
    if let Some(folder) = settings.flags.value("profiles-dir").map(str::to_owned).or_else(|| text("profiles_dir")) {
        add("profiles-dir", folder);
    }
    for (name, given) in
        [("target", &request.target), ("profile", &request.profile), ("target-path", &request.target_path)]
    {
        if let Some(value) = given.clone().or_else(|| text(&name.replace('-', "_"))) {
            add(name, value);
        }
    }
    let threads =
        request.threads.map(|it| it.to_string()).or_else(|| args["threads"].as_u64().map(|it| it.to_string()));
    if let Some(threads) = threads {
        add("threads", threads);
    }
    let vars =
        if request.vars.is_empty() { args.get("vars").cloned() } else { Some(Json::Object(request.vars.clone())) };
    if let Some(vars) = vars.filter(|it| it.as_object().is_some_and(|it| !it.is_empty())) {
        add("vars", vars.to_string());
    }
    let is_on = |key: &str| args.get(key) == Some(&Json::Bool(true));
    if matches!(which, "build" | "run" | "seed") && (request.full_refresh || is_on("full_refresh")) {
        options.push("--full-refresh".into());
    }
    if matches!(which, "build" | "test") && is_on("store_failures") {
        options.push("--store-failures".into());
    }
    if matches!(which, "build" | "run" | "snapshot") && is_on("empty") {
        options.push("--empty".into());
    }
    if let Some(sample) = args.get("sample").filter(|it| it.is_object()) {
        options.extend(["--sample".into(), sample.to_string().into()]);
    }
    for (name, key) in [("--event-time-start", "event_time_start"), ("--event-time-end", "event_time_end")] {
        options.extend(text(key).map(|it| [name.into(), it.into()]).into_iter().flatten());
    }
    if settings.fail_fast || is_on("fail_fast") {
        options.push("--fail-fast".into());
    }
    if settings.keep_going || is_on("keep_going") {
        options.push("--keep-going".into());
    }
    if settings.console.format == crate::console::Format::Json {
        options.extend(["--log-format".into(), "json".into()]);
    }
    options
}
